import { type Code, I64, call, choose, i32, i64, select, sequence, when } from '../../base/wasm/code.ts';
import { csrChanged, setSlot32, slot32 } from './coreContext.ts';
import { MSTATUS } from '../../isa/traps.ts';
import type { Format } from './floatNames.ts';

/** Rounding modes (Volume I, section 21.2, "Floating-Point Control and Status Register"). */
export const ROUNDING = { NEAREST: 0, TO_ZERO: 1, DOWN: 2, UP: 3, NEAREST_AWAY: 4, DYNAMIC: 7 } as const;
/** The accrued exception flags in fcsr. */
export const FLAG = { INEXACT: 1, UNDERFLOW: 2, OVERFLOW: 4, DIVIDE_BY_ZERO: 8, INVALID: 16 } as const;
export const FCSR_FLAGS = 0x1f;
export const FCSR_MODE_SHIFT = 5;

/** The control word for rounding: the rounding mode, plus one of these bits if the result is a single or a half. */
export const CONTROL_SINGLE = 8;
export const CONTROL_HALF = 16;

/**
 * Bit patterns for halves, singles and doubles. Formats narrower than double are stored in a 64-bit register with all
 * upper bits set ("NaN boxing", Volume I, section 22.2); a register in which any of these bits is clear reads as the
 * canonical NaN.
 */
export const SIGN = 1n << 63n;
export const INFINITY_D = 0x7ff0_0000_0000_0000n;
export const NAN_D = 0x7ff8_0000_0000_0000n;
export const FRACTION_D = (1n << 52n) - 1n;
export const ONE_D = 0x3ff0_0000_0000_0000n;
export const BOX = 0xffff_ffff_0000_0000n;
export const NAN_S = BOX | 0x7fc0_0000n;
export const BOX_H = 0xffff_ffff_ffff_0000n;
export const NAN_H = BOX_H | 0x7e00n;
export const NAN: Record<Format, bigint> = { H: NAN_H, S: NAN_S, D: NAN_D };

/** Converts an unsigned 64-bit number to the signed constant that `i64.const` takes. */
export const bits64 = (value: bigint): Code => i64.const(BigInt.asIntN(64, value));

/** NaN-boxes a single, which is given as its 32 bits, zero-extended. */
export const boxed = (value: Code): Code => i64.or(value, bits64(BOX));
export const isBoxed = (value: Code): Code => i64.geU(value, bits64(BOX));
/** NaN-boxes a half, which is given as its 16 bits, zero-extended. */
export const boxedHalf = (value: Code): Code => i64.or(value, bits64(BOX_H));
export const isBoxedHalf = (value: Code): Code => i64.geU(value, bits64(BOX_H));

/** The value without its sign bit, shifted left by one, for comparisons. */
const unsignedBits = (value: Code): Code => i64.shl(value, i64.const(1));
export const isNaN = (value: Code): Code => i64.gtU(unsignedBits(value), bits64(INFINITY_D << 1n));
export const isInfinite = (value: Code): Code => i64.eq(unsignedBits(value), bits64(INFINITY_D << 1n));
export const isZero = (value: Code): Code => i64.eqz(unsignedBits(value));
/** A signaling NaN has its quiet bit clear: it lies between infinity and the first quiet NaN. */
export const isSignaling = (value: Code): Code =>
  i64.ltU(i64.sub(i64.and(value, bits64(SIGN - 1n)), bits64(INFINITY_D + 1n)), bits64(NAN_D - INFINITY_D - 1n));
export const isNegative = (value: Code): Code => i32.wrap(i64.shrU(value, i64.const(63)));
export const negated = (value: Code): Code => i64.xor(value, bits64(SIGN));
export const signOf = (value: Code): Code => i64.and(value, bits64(SIGN));

/** Raises accrued exception flags, which marks the floating-point state dirty. */
export const raiseFlags = (flags: number): Code =>
  sequence(
    when(
      i32.ne(i32.and(slot32('FCSR'), i32.const(flags)), i32.const(flags)),
      setSlot32('FCSR', i32.or(slot32('FCSR'), i32.const(flags))),
      csrChanged,
    ),
    markFloatsDirty,
  );

/** Whether mstatus.FS is not Dirty. */
export const floatsAreClean: Code = i32.ne(i32.and(slot32('MSTATUS'), i32.const(MSTATUS.FS)), i32.const(MSTATUS.FS));

/** Sets mstatus.FS to Dirty. */
export const markFloatsDirty: Code = when(
  floatsAreClean,
  setSlot32('MSTATUS', i32.or(slot32('MSTATUS'), i32.const(MSTATUS.FS))),
  csrChanged,
);

export const isSingle = (control: Code): Code => i32.and(control, i32.const(CONTROL_SINGLE));
export const isHalf = (control: Code): Code => i32.and(control, i32.const(CONTROL_HALF));
/** Selects one of three values by the result's format. */
export const byFormat = (control: Code, values: Record<Format, Code>): Code =>
  select(isSingle(control), values.S, select(isHalf(control), values.H, values.D));
export const modeOf = (control: Code): Code => i32.and(control, i32.const(7));
/** The canonical NaN of the result's format. */
export const canonicalNaN = (control: Code): Code =>
  byFormat(control, { H: bits64(NAN_H), S: bits64(NAN_S), D: bits64(NAN_D) });

/** Converts a register value in the given format to the bits of a double. */
export function widened(
  format: Format,
  helpers: { widen: { index: number }; widenHalf: { index: number } },
  value: Code,
): Code {
  if (format === 'D') return value;
  return call(format === 'S' ? helpers.widen : helpers.widenHalf, value);
}

/** The single in a register, or the canonical NaN if the register's value is not NaN-boxed. */
export const unboxed = (value: Code): Code => choose(I64, isBoxed(value), value, bits64(NAN_S));
export const unboxedHalf = (value: Code): Code => choose(I64, isBoxedHalf(value), value, bits64(NAN_H));
