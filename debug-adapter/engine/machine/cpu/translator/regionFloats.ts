import { type Code, type Local, I32, I64, i32, nothing, sequence, set, when } from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import type { Decoded } from '../decoded.ts';
import type { OperationName } from '../operations.ts';
import { FLOAT_LOADS, FLOAT_STORES } from '../semantics.ts';
import { floatsAreDirty, type PlainFloat, plainFloat, roundsInexactToNearest } from './plainFloats.ts';
import type { RegionRegisters } from './regionRegisters.ts';

/**
 * The floating-point instructions of a region. Whether the floating-point state permits them is determined once at the
 * region's start, because nothing in a region changes that state.
 */
export class RegionFloats {
  private registers: RegionRegisters;
  /** The conditions for floating-point instructions, nonzero if met; see plainFloats.ts. */
  private areDirty: Local;
  private mayRound: Local;
  private value: Local;

  constructor(frame: Frame, registers: RegionRegisters) {
    this.registers = registers;
    this.areDirty = frame.local(I32);
    this.mayRound = frame.local(I32);
    this.value = frame.local(I64);
  }

  loadState(): Code {
    const mayRound = i32.and(this.areDirty.get, roundsInexactToNearest);
    return sequence(set(this.areDirty, floatsAreDirty), set(this.mayRound, mayRound));
  }

  /** Leaves the region unless floating-point registers can be loaded and stored. */
  checkAccess(leave: Code): Code {
    return when(i32.eqz(this.areDirty.get), leave);
  }

  /** Executes the instruction if the host's result is final; otherwise leaves the region before it. */
  compute({ rd, rs1, rs2 }: Decoded, float: PlainFloat, leave: Code): Code {
    const operands = [this.registers.get(rs1), this.registers.get(rs2)] as const;
    const state = float.rounds ? this.mayRound : this.areDirty;
    const leaveUnless = (condition: Code): Code => when(i32.eqz(condition), leave);
    const { isFinal } = float;
    return sequence(
      leaveUnless(state.get),
      ...float.conditions(...operands).map(leaveUnless),
      set(this.value, float.compute(...operands)),
      isFinal ? leaveUnless(isFinal(this.value.get)) : nothing,
      this.registers.put(rd, float.finish ? float.finish(this.value.get) : this.value.get),
    );
  }
}

/** Whether the operation reads or writes floating-point registers. */
export const isFloat = (name: OperationName): boolean =>
  plainFloat(name) !== undefined || FLOAT_LOADS[name] !== undefined || FLOAT_STORES[name] !== undefined;
