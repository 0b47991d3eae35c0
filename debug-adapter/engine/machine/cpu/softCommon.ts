import { type Code, type Local, i32, i64, ret, when } from '../../base/wasm/code.ts';
import type { FunctionHandle } from '../../base/wasm/moduleBuilder.ts';
import {
  bits64,
  boxed,
  boxedHalf,
  byFormat,
  canonicalNaN,
  FLAG,
  isNaN,
  isSignaling,
  raiseFlags,
} from './floatFormat.ts';
// Cycle: the rounding functions are built from these helpers, and some of the helpers call rounding functions.
import type { Rounding } from './softRound.ts';

/**
 * The functions that the exact operations call. The code below is shared by these operations: it handles NaNs, invalid
 * operations, and results that need no rounding.
 */
export type Parts = Rounding & { mulhu: FunctionHandle };

export const any = (conditions: Code[]): Code => conditions.reduce((one, other) => i32.or(one, other));

/** Returns the canonical NaN if an operand is a NaN; a signaling NaN raises the invalid flag. */
export const nanOperands = (operands: Local[], control: Local): Code =>
  when(
    any(operands.map((operand) => isNaN(operand.get))),
    when(any(operands.map((operand) => isSignaling(operand.get))), raiseFlags(FLAG.INVALID)),
    ret(canonicalNaN(control.get)),
  );

export const invalidWhen = (condition: Code, control: Local): Code =>
  when(condition, raiseFlags(FLAG.INVALID), ret(canonicalNaN(control.get)));

/**
 * Converts a double that every format represents exactly (zero or infinity) to a register value in the result's format.
 */
export const asResult = (value: Code, control: Local): Code => {
  const upper = (bits: number): Code => i64.shrU(value, i64.const(64 - bits));
  // The exponent has 5 bits in a half, 8 in a single and 11 in a double.
  return byFormat(control.get, {
    H: boxedHalf(i64.and(upper(16), bits64(0xfc00n))),
    S: boxed(i64.and(upper(32), bits64(0xff80_0000n))),
    D: value,
  });
};

export const nonZero = (value: Code): Code => i64.extendU(i64.ne(value, i64.const(0)));
