import { type Code, type Local, I64, i32, i64, nothing, sequence, set, when } from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { ATOMIC, COMBINE, reservationHolds, reserve } from '../atomicSemantics.ts';
import { setSlot32, slot32 } from '../coreContext.ts';
import { RAM, RAM_BASE, READ_TLB, WRITE_TLB } from '../layout.ts';
import type { Instruction } from './regionGraph.ts';
import type { RegionMemory } from './regionMemory.ts';
import type { RegionRegisters } from './regionRegisters.ts';

/**
 * Generates the code for a region's AMO, LR and SC instructions. An instruction is executed in place if a load (for LR)
 * or a store (for AMOs and SC) at its address would be plain; otherwise, control leaves the region before the
 * instruction. Instructions executed in place therefore never fault, and never write to pages that are not marked
 * dirty.
 */
export class RegionAtomics {
  private memory: RegionMemory;
  private registers: RegionRegisters;
  /** The value that was in memory; for SC, the value for rd. */
  private value: Local;

  constructor(frame: Frame, options: { memory: RegionMemory; registers: RegionRegisters }) {
    this.memory = options.memory;
    this.registers = options.registers;
    this.value = frame.local(I64);
  }

  /** Generates one instruction. `leave` is code that leaves the region before it. */
  access({ name, decoded }: Instruction, leave: Code): Code {
    const { form, isDouble } = ATOMIC[name]!;
    const { rd, rs1, rs2, immediate } = decoded;
    const table = form === 'LR' ? READ_TLB : WRITE_TLB;
    const access = { register: rs1, lengthBytes: isDouble ? 8 : 4, table };
    const operand = this.registers.get(rs2);
    const extended = isDouble ? operand : i64.extend32S(operand);
    const changes = (at: Code): Code =>
      form === 'SC' ? i32.and(slot32('RESERVED'), operandAt(at, isDouble).differs(operand)) : i32.const(0);
    const { check, address, leaveIfAffected } =
      form === 'AMO' ? this.memory.locateUpdate(access, leave) : this.memory.locate(access, { leave, changes });
    const memory = operandAt(address.get, isDouble);
    const act = {
      AMO: () => this.modify(memory, COMBINE[immediate](this.value.get, extended), leaveIfAffected),
      LR: () => this.loadReserved(memory),
      SC: () => this.storeConditional(memory, operand),
    }[form];
    // The operand's register may also be rd, so write rd last.
    return sequence(check, act(), rd === 0 ? nothing : this.registers.put(rd, this.value.get));
  }

  /**
   * Loads the old value and stores the new one, which is computed from `this.value`. With watchpoints, an AMO that
   * changes nothing, such as one executed by a hart that is waiting for a spinlock, stores nothing and needs no further
   * check.
   */
  private modify(memory: AtomicOperand, updated: Code, leaveIfAffected: Code | undefined): Code {
    const store = memory.store(updated);
    const load = set(this.value, memory.load);
    if (!leaveIfAffected) return sequence(load, store);
    const needsCheck = i32.or(memory.isOther(this.value.get, updated), slot32('ACCESSES_WATCHED'));
    return sequence(load, when(needsCheck, leaveIfAffected, store));
  }

  private loadReserved({ load, physical }: AtomicOperand): Code {
    return sequence(set(this.value, load), reserve(physical, this.value.get));
  }

  private storeConditional({ load, store, physical }: AtomicOperand, operand: Code): Code {
    return sequence(
      set(this.value, i64.const(1)),
      when(
        slot32('RESERVED'),
        setSlot32('RESERVED', i32.const(0)),
        when(reservationHolds(physical, load), store(operand), set(this.value, i64.const(0))),
      ),
    );
  }
}

/** A word or doubleword in RAM. */
interface AtomicOperand {
  load: Code;
  store: (value: Code) => Code;
  /** Whether a value differs from the one in memory. */
  differs: (value: Code) => Code;
  /** Whether two values of the operand's length differ. */
  isOther: (one: Code, other: Code) => Code;
  physical: Code;
}

const operandAt = (address: Code, isDouble: boolean): AtomicOperand => {
  const isOther = isDouble ? i64.ne : (one: Code, other: Code) => i32.ne(i32.wrap(one), i32.wrap(other));
  const load = isDouble ? i64.load(address) : i64.load32s(address);
  return {
    ...{ load, isOther },
    store: (value) => (isDouble ? i64.store(address, value) : i64.store32(address, value)),
    differs: (value) => isOther(load, value),
    physical: i64.extendU(i32.add(address, i32.const((RAM_BASE - RAM) | 0))),
  };
};
