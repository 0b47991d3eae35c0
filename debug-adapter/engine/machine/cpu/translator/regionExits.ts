import {
  type Code,
  type Label,
  type Local,
  block,
  br,
  I64,
  i32,
  i64,
  label,
  ret,
  sequence,
  set,
} from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { setSlot } from '../coreContext.ts';
import type { OrderedBlock } from './blockOrder.ts';
import type { Offset } from './regionGraph.ts';
import type { RegionRegisters } from './regionRegisters.ts';

// The low bits of a side exit's number count the instructions that were charged to the budget but not executed. A
// region has at most 300 instructions, so the count fits.
const UNUSED_BITS = 10;

/**
 * The exits from a region. At a normal exit, control flow leaves the region's code. At a side exit, the interpreter has
 * to execute the next instruction. Each exit stores registers and PC in memory and returns the budget that is left.
 */
export class RegionExits {
  private registers: RegionRegisters;
  private budget: Local;
  /** The address of the entry's page. */
  private base: Local;
  /** The number that encodes a side exit; see `side`. */
  private exit: Local;
  private leaving: Label = label();

  constructor(frame: Frame, registers: RegionRegisters) {
    this.registers = registers;
    [this.budget, this.base] = frame.parameters;
    this.exit = frame.local(I64);
  }

  /** The guest address of the code at an offset, which depends on where the entry's page is mapped. */
  address(offset: Offset): Code {
    return offset === 0 ? this.base.get : i64.add(this.base.get, i64.const(offset));
  }

  /**
   * Leaves the region at the end of a block. Stores only the registers that may have changed by then.
   */
  normal(pc: Code, after: OrderedBlock): Code {
    return sequence(this.registers.storeDirtyAfter(after), setSlot('PC', pc), ret(this.budget.get));
  }

  /**
   * Leaves the region before the instruction at an offset. Every memory access contains a side exit, so its code must
   * be short: it sets a number that encodes the offset and how many instructions of the block were charged but not
   * executed, and jumps to code that all side exits share.
   */
  side(at: Offset, unexecuted: number): Code {
    return sequence(set(this.exit, i64.const(at * (1 << UNUSED_BITS) + unexecuted)), br(this.leaving));
  }

  /** The body of the region, followed by the code that all side exits share. */
  around(body: Code): Code {
    const pc = i64.add(this.base.get, i64.shrS(this.exit.get, i64.const(UNUSED_BITS)));
    const unexecuted = i32.and(i32.wrap(this.exit.get), i32.const((1 << UNUSED_BITS) - 1));
    return sequence(
      block(this.leaving, body),
      this.registers.storeWritten(),
      setSlot('PC', pc),
      i32.add(this.budget.get, unexecuted),
    );
  }
}
