import { type Code, type Local, drop, I64, i32, i64, sequence, set } from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { REGISTER_COUNT, REGISTERS } from '../layout.ts';
import type { OrderedBlock } from './blockOrder.ts';

const ORIGIN = i32.const(0);

/**
 * The guest's integer and floating-point registers in a region. Each register that the region uses is held in a local.
 * The locals are loaded from memory at the start of the region, and those that may have changed are stored when control
 * leaves it.
 */
export class RegionRegisters {
  private locals = new Array<Local | undefined>(REGISTER_COUNT).fill(undefined);
  /** The registers that at least one instruction of the region uses, and those that at least one instruction writes. */
  private used = new Set<number>();
  private written = new Set<number>();
  private dirtyAfter: Map<OrderedBlock, ReadonlySet<number>>;

  constructor(order: readonly OrderedBlock[]) {
    for (const { block } of order) {
      for (const { decoded } of block.instructions) {
        for (const register of [decoded.rs1, decoded.rs2, decoded.rd]) this.used.add(register);
        if (decoded.rd !== 0) this.written.add(decoded.rd);
      }
    }
    this.used.delete(0);
    this.dirtyAfter = dirtyAfterBlocks(order);
  }

  /** Creates the locals. Must be called before any of the functions below. */
  allocateLocals(frame: Frame): void {
    for (const register of this.used) this.locals[register] = frame.local(I64);
  }

  get(register: number): Code {
    return register === 0 ? i64.const(0) : this.locals[register]!.get;
  }

  /** Like `get`, but also for a register that no instruction of the region uses. */
  current(register: number): Code {
    if (register === 0) return i64.const(0);
    return this.locals[register]?.get ?? i64.load(ORIGIN, REGISTERS + register * 8);
  }

  put(register: number, value: Code): Code {
    return register === 0 ? drop(value) : set(this.locals[register]!, value);
  }

  /** Loads all used registers from memory. */
  load(): Code {
    return sequence(
      ...this.locals.flatMap((local, r) => (local ? [set(local, i64.load(ORIGIN, REGISTERS + r * 8))] : [])),
    );
  }

  /** Stores all registers that the region writes. */
  storeWritten(): Code {
    return this.store(this.written);
  }

  /** Stores the registers that may differ from memory at the end of a block. */
  storeDirtyAfter(item: OrderedBlock): Code {
    return this.store(this.dirtyAfter.get(item)!);
  }

  private store(registers: ReadonlySet<number>): Code {
    return sequence(...[...registers].map((r) => i64.store(ORIGIN, this.locals[r]!.get, REGISTERS + r * 8)));
  }
}

/**
 * Determines which registers may have been written between the start of the region and the end of each block. Because
 * of loops, iterates until a fixed point is reached.
 */
function dirtyAfterBlocks(order: readonly OrderedBlock[]): Map<OrderedBlock, ReadonlySet<number>> {
  const dirty = new Map<OrderedBlock, Set<number>>();
  for (const item of order) {
    const writes = item.block.instructions.map(({ decoded }) => decoded.rd).filter((register) => register !== 0);
    dirty.set(item, new Set(writes));
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const item of order) {
      const out = dirty.get(item)!;
      const before = out.size;
      for (const from of item.predecessors) for (const register of dirty.get(from)!) out.add(register);
      if (out.size > before) changed = true;
    }
  }
  return dirty;
}
