import {
  type Code,
  type Label,
  type Local,
  I32,
  I64,
  block,
  br,
  drop,
  i32,
  i64,
  ifElse,
  label,
  loop,
  nothing,
  ret,
  sequence,
  set,
  tee,
  unreachable,
  when,
} from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { ATOMIC } from '../atomicSemantics.ts';
import { setSlot, slot32 } from '../coreContext.ts';
import { FETCH_TLB, FETCH_TLB_ENTRIES, REGISTER_COUNT, REGISTERS } from '../layout.ts';
import type { OperationName } from '../operations.ts';
import { recordCall, RETURN_ADDRESS } from '../callTargets.ts';
import { type ArithmeticHelpers, COMPUTE, CONDITION, FLOAT_LOADS, FLOAT_STORES } from '../semantics.ts';
import type { OrderedBlock } from './blockOrder.ts';
import { groupAccesses, loadOf, storeOf } from './memoryGroups.ts';
import { narrowAfter, narrowAtStart, narrowOperation, type Registers } from './narrowRegisters.ts';
import { floatsAreDirty, type PlainFloat, plainFloat, roundsInexactToNearest } from './plainFloats.ts';
import type { Instruction, Offset, Target } from './regionGraph.ts';
import { RegionAtomics } from './regionAtomics.ts';
import { type BlockAccesses, RegionMemory } from './regionMemory.ts';

/** A page, other than the entry's page, from which the region's code was read. */
export interface RegionPages {
  /** The distance in pages from the entry's page, and the address that the page's decode entries must still have. */
  delta: number;
  decodeEntries: number;
}

/**
 * Generates the code for a region as a function (budget, address of the entry's page) -> budget left. It executes the
 * region from its entry with registers in locals, and subtracts each block's instruction count from the budget at the
 * start of the block. It stores registers and PC in memory and returns if the budget is too small for a block, if
 * control flow leaves the region, and before any instruction that is not plain. The interpreter then executes that
 * instruction, so no instruction in a region faults, and every step is counted exactly.
 */
export function regionCode(frame: Frame, region: RegionSource): Code {
  return new RegionWriter(frame, region).all();
}

/** The guest code of a region, and the assumptions under which it is translated. */
export interface RegionSource {
  order: OrderedBlock[];
  pages: RegionPages[];
  /**
   * The region assumes that addresses are not translated, so that every read of RAM is plain. If they are translated,
   * it returns without executing an instruction.
   */
  isBare: boolean;
  /**
   * The region may write to lines without code in pages that contain code, for programs whose data is close to their
   * code.
   */
  writesBesideCode: boolean;
  ramBytes: number;
  helpers: ArithmeticHelpers;
}

const ORIGIN = i32.const(0);
// The number of instructions that were charged to the budget but not executed fits into these bits, because a region
// has at most 300 instructions.
const UNUSED_BITS = 10;

class RegionWriter {
  private frame: Frame;
  private order: OrderedBlock[];
  private pages: RegionPages[];
  private isBare: boolean;
  private helpers: ArithmeticHelpers;
  private budget: Local;
  private base: Local;
  private context: Local;
  private accesses: RegionMemory;
  private atomics: RegionAtomics;
  private va: Local;
  private low: Local;
  private tlb: Local;
  /** The target of an indirect jump. */
  private target: Local;
  /** The number that encodes a rare exit; see `leave`. */
  private exit: Local;
  private registers = new Array<Local | undefined>(REGISTER_COUNT).fill(undefined);
  /**
   * All registers that the region writes, and for each block the registers whose values may differ from memory at the
   * end of the block.
   */
  private written = new Set<number>();
  private dirtyOut = new Map<OrderedBlock, ReadonlySet<number>>();
  private narrow: Map<OrderedBlock, Registers>;
  private usesFloats = false;
  private zeroesBlocks = false;
  /** The conditions for floating-point instructions, nonzero if met; see plainFloats.ts. */
  private floatsAreDirty: Local;
  private mayRound: Local;
  private value: Local;
  private leaving: Label = label();
  private loops = new Map<OrderedBlock, Label>();
  private merges = new Map<OrderedBlock, Label>();

  constructor(frame: Frame, region: RegionSource) {
    this.frame = frame;
    this.order = region.order;
    this.pages = region.pages;
    this.isBare = region.isBare;
    this.helpers = region.helpers;
    [this.budget, this.base] = frame.parameters;
    this.context = frame.local(I32);
    this.va = frame.local(I64);
    this.low = frame.local(I32);
    this.tlb = frame.local(I32);
    this.target = frame.local(I64);
    this.exit = frame.local(I64);
    this.floatsAreDirty = frame.local(I32);
    this.mayRound = frame.local(I32);
    this.value = frame.local(I64);
    const { isBare, context } = this;
    const registers = { get: (r: number) => this.get(r), put: (r: number, value: Code) => this.put(r, value) };
    const { ramBytes, writesBesideCode } = region;
    this.accesses = new RegionMemory(frame, { isBare, ramBytes, writesBesideCode, registers, context });
    this.atomics = new RegionAtomics(frame, { memory: this.accesses, registers });
    this.allocateLocals();
    this.computeDirty();
    this.narrow = narrowAtStart(this.order);
  }

  all(): Code {
    return sequence(
      ...this.pages.map((page) => this.checkPage(page)),
      this.isBare ? when(slot32('READS_CHECKED'), ret(this.budget.get)) : set(this.context, slot32('DATA_CONTEXT')),
      this.usesFloats ? this.loadFloatState() : nothing,
      this.zeroesBlocks ? this.accesses.loadEnvcfg() : nothing,
      ...this.registers.map((local, r) => (local ? set(local, i64.load(ORIGIN, REGISTERS + r * 8)) : nothing)),
      block(this.leaving, this.tree(this.order[0])),
      this.flush(this.written),
      setSlot('PC', i64.add(this.base.get, i64.shrS(this.exit.get, i64.const(UNUSED_BITS)))),
      i32.add(this.budget.get, i32.and(i32.wrap(this.exit.get), i32.const((1 << UNUSED_BITS) - 1))),
    );
  }

  // --- registers -------------------------------------------------------------------------------------------------------

  private allocateLocals(): void {
    const used = new Set<number>();
    for (const { block } of this.order) {
      for (const { name, decoded } of block.instructions) {
        for (const register of [decoded.rs1, decoded.rs2, decoded.rd]) used.add(register);
        if (decoded.rd !== 0) this.written.add(decoded.rd);
        if (isFloat(name)) this.usesFloats = true;
        if (name === 'CBO_ZERO') this.zeroesBlocks = true;
      }
    }
    used.delete(0);
    for (const register of used) this.registers[register] = this.frame.local(I64);
  }

  /**
   * Finds the registers that may have been written since the region began, iterating over its loops to a fixed point.
   */
  private computeDirty(): void {
    for (const item of this.order) {
      const writes = item.block.instructions.map(({ decoded }) => decoded.rd).filter((register) => register !== 0);
      this.dirtyOut.set(item, new Set(writes));
    }
    for (let changed = true; changed;) {
      changed = false;
      for (const item of this.order) {
        const out = this.dirtyOut.get(item) as Set<number>;
        const before = out.size;
        for (const from of item.predecessors) for (const register of this.dirtyOut.get(from)!) out.add(register);
        if (out.size > before) changed = true;
      }
    }
  }

  private loadFloatState(): Code {
    const mayRound = i32.and(this.floatsAreDirty.get, roundsInexactToNearest);
    return sequence(set(this.floatsAreDirty, floatsAreDirty), set(this.mayRound, mayRound));
  }

  private get(register: number): Code {
    return register === 0 ? i64.const(0) : this.registers[register]!.get;
  }

  private put(register: number, value: Code): Code {
    return register === 0 ? drop(value) : set(this.registers[register]!, value);
  }

  private flush(registers: ReadonlySet<number>): Code {
    return sequence(...[...registers].map((r) => i64.store(ORIGIN, this.registers[r]!.get, REGISTERS + r * 8)));
  }

  // --- leaving ---------------------------------------------------------------------------------------------------------

  private address(offset: Offset): Code {
    return offset === 0 ? this.base.get : i64.add(this.base.get, i64.const(offset));
  }

  /**
   * Jumps to the exit that all rare cases share. Every memory access contains such a jump, so its code must be short.
   * It only sets a number that encodes the offset at which execution leaves the region, and the number of instructions
   * in the block that were charged but not executed.
   */
  private leave(at: Offset, unexecuted: number): Code {
    return sequence(set(this.exit, i64.const(at * (1 << UNUSED_BITS) + unexecuted)), br(this.leaving));
  }

  /**
   * Leaves the region where control flow normally ends it, and writes back only the registers that may have changed.
   */
  private leaveRegion(pc: Code, dirty: ReadonlySet<number>): Code {
    return sequence(this.flush(dirty), setSlot('PC', pc), ret(this.budget.get));
  }

  /**
   * A region that spans pages is valid only while its other pages are still mapped at the same distance from the
   * entry's page.
   */
  private checkPage({ delta, decodeEntries }: RegionPages): Code {
    const { va, tlb } = this;
    const index = i32.and(i32.shrU(i32.wrap(va.get), i32.const(8)), i32.const((FETCH_TLB_ENTRIES - 1) << 4));
    return sequence(
      set(va, this.address(delta * 4096)),
      set(tlb, i32.add(slot32('FETCH_CONTEXT'), index)),
      when(i64.ne(i64.load(tlb.get, FETCH_TLB), va.get), ret(this.budget.get)),
      when(i32.ne(i32.load(tlb.get, FETCH_TLB + 8), i32.const(decodeEntries)), ret(this.budget.get)),
    );
  }

  // --- structure -------------------------------------------------------------------------------------------------------

  private tree(item: OrderedBlock): Code {
    const merges = item.children.filter(({ isMerge }) => isMerge).sort((a, b) => b.index - a.index);
    if (!item.isLoop) return this.within(item, merges);
    const again = label();
    this.loops.set(item, again);
    return sequence(loop(again, this.within(item, merges)), unreachable);
  }

  /** Generates the block's own code, nested in one WebAssembly block for each merge block that follows. */
  private within(item: OrderedBlock, merges: OrderedBlock[]): Code {
    if (merges.length === 0) return this.leaf(item);
    const [outermost, ...rest] = merges;
    const end = label();
    this.merges.set(outermost, end);
    return sequence(block(end, this.within(item, rest)), this.tree(outermost));
  }

  private leaf(item: OrderedBlock): Code {
    const { instructions, end } = item.block;
    const body = this.body(item);
    switch (end.kind) {
      case 'branch': {
        const { rs1, rs2 } = instructions.at(-1)!.decoded;
        const condition = CONDITION[end.condition](this.get(rs1), this.get(rs2));
        return sequence(body, ifElse(condition, this.go(item, end.taken), this.go(item, end.otherwise)), unreachable);
      }
      case 'jump':
        return sequence(body, this.go(item, end.to));
      case 'expected': {
        const isExpected = i64.eq(this.target.get, this.address(end.expected));
        return sequence(body, when(isExpected, this.go(item, end.to)), this.indirectJump(item));
      }
      case 'indirect':
        return sequence(body, this.indirectJump(item));
      case 'leave':
        return sequence(body, this.leave(end.to, 0));
    }
  }

  /** Generates an indirect jump. As in the interpreter, the target is recorded if the jump is a call. */
  private indirectJump(item: OrderedBlock): Code {
    const { decoded } = item.block.instructions.at(-1)!;
    const isCall = decoded.rd === RETURN_ADDRESS;
    return sequence(
      isCall ? recordCall({ link: this.get(decoded.rd), target: this.target.get, at: this.low }) : nothing,
      this.leaveRegion(this.target.get, this.dirtyOut.get(item)!),
    );
  }

  private go(from: OrderedBlock, to: Target): Code {
    if (typeof to === 'number') return this.leaveRegion(this.address(to), this.dirtyOut.get(from)!);
    const target = from.successors.find(({ block }) => block === to)!;
    if (target.index <= from.index) return this.branch(this.loops, target);
    return target.isMerge ? this.branch(this.merges, target) : this.tree(target);
  }

  /** Looks up the label only when the code is generated, because the label's WebAssembly block is open only then. */
  private branch(labels: Map<OrderedBlock, Label>, target: OrderedBlock): Code {
    return (out) => br(labels.get(target)!)(out);
  }

  // --- instructions ----------------------------------------------------------------------------------------------------

  private body(item: OrderedBlock): Code {
    const { offset, instructions } = item.block;
    const count = instructions.length;
    if (count === 0) return nothing;
    const groups = groupAccesses({ instructions, offset, end: { kind: 'indirect' } });
    const accesses: BlockAccesses = { groups, addresses: new Map() };
    let narrow = this.narrow.get(item)!;
    return sequence(
      when(
        i32.ltS(tee(this.budget, i32.sub(this.budget.get, i32.const(count))), i32.const(0)),
        this.leave(offset, count),
      ),
      ...instructions.map((instruction, done) => {
        const code = this.instruction(instruction, { unexecuted: count - done, narrow, ...accesses });
        narrow = narrowAfter(instruction, narrow);
        return code;
      }),
    );
  }

  private instruction(instruction: Instruction, at: InBlock): Code {
    const { name, offset, decoded } = instruction;
    const { rd, rs1, rs2, immediate, lengthBytes } = decoded;
    const compute = COMPUTE[name];
    if (compute) {
      if (rd === 0) return nothing;
      const operands = { a: this.get(rs1), b: this.get(rs2), imm: i64.const(immediate), helpers: this.helpers };
      return this.put(rd, narrowOperation(instruction, at.narrow, operands) ?? compute(operands));
    }
    if (loadOf(name) ?? storeOf(name)) return this.memory(instruction, at);
    if (ATOMIC[name]) return this.atomics.access(instruction, this.leave(offset, at.unexecuted));
    if (name === 'CBO_ZERO') return this.accesses.zeroBlock(rs1, this.leave(offset, at.unexecuted));
    const float = plainFloat(name);
    if (float) return this.float(instruction, float, at.unexecuted);
    const link = rd === 0 ? nothing : this.put(rd, this.address(offset + lengthBytes));
    switch (name) {
      case 'AUIPC':
        return rd === 0 ? nothing : this.put(rd, this.address(offset + immediate));
      case 'JALR':
        return sequence(set(this.target, i64.and(i64.add(this.get(rs1), i64.const(immediate)), i64.const(-2))), link);
      case 'JAL_NEAR':
        return link;
      default:
        // Branches are generated at the block's end; the remaining operations do nothing.
        return nothing;
    }
  }

  /**
   * Executes the instruction if the host computes its result exactly; otherwise leaves the region before the
   * instruction.
   */
  private float({ offset, decoded }: Instruction, float: PlainFloat, unexecuted: number): Code {
    const operands = [this.get(decoded.rs1), this.get(decoded.rs2)] as const;
    const state = float.rounds ? this.mayRound : this.floatsAreDirty;
    const leaveUnless = (condition: Code): Code => when(i32.eqz(condition), this.leave(offset, unexecuted));
    const { isFinal } = float;
    return sequence(
      leaveUnless(state.get),
      ...float.conditions(...operands).map(leaveUnless),
      set(this.value, float.compute(...operands)),
      isFinal ? leaveUnless(isFinal(this.value.get)) : nothing,
      this.put(decoded.rd, float.finish ? float.finish(this.value.get) : this.value.get),
    );
  }

  private memory(instruction: Instruction, at: InBlock): Code {
    const leave = this.leave(instruction.offset, at.unexecuted);
    return sequence(
      isFloat(instruction.name) ? when(i32.eqz(this.floatsAreDirty.get), leave) : nothing,
      this.accesses.access(instruction, at, leave),
    );
  }
}

interface InBlock extends BlockAccesses {
  /** The number of instructions from this one to the end of the block. */
  unexecuted: number;
  /** The registers that are narrow before this instruction. */
  narrow: Registers;
}

const isFloat = (name: OperationName): boolean =>
  plainFloat(name) !== undefined || FLOAT_LOADS[name] !== undefined || FLOAT_STORES[name] !== undefined;
