import { FLAG, ROUNDING } from './floatFormat.ts';

/**
 * The fields of the immediate of a decoded floating-point operation. Bits 0-2 store the rounding mode, and bits 3-15
 * store eight times the number of the third source; floating-point registers are numbered from FLOAT_0. Bits 16 and up
 * store a mask: the host's own instruction may be used if fcsr, masked with these bits, equals the inexact flag. The
 * rounding mode is then round-to-nearest, and since the inexact flag is already set, it does not matter whether the
 * result is exact. A half-precision operation stores its index in HALF_NAMES instead of the mask.
 */
export const MODE_MASK = 7;
export const THIRD_SOURCE_MASK = 0xfff8;
export const FAST_SHIFT = 16;
export const HALF_SHIFT = 16;

/** The fcsr bits that must match before the host's instruction may be used: the rounding mode and the inexact flag. */
const FAST_WHEN_DYNAMIC = 0xe0 | FLAG.INEXACT;
/** A bit that is never set in fcsr, so the condition for using the host's instruction is never met. */
const NEVER_FAST = 0x100;

/** The immediate bits for a rounding mode; undefined for a reserved mode. */
export function roundingField(mode: number): number | undefined {
  if (mode === ROUNDING.DYNAMIC) return mode | (FAST_WHEN_DYNAMIC << FAST_SHIFT);
  if (mode > ROUNDING.NEAREST_AWAY) return undefined;
  return mode | ((mode === ROUNDING.NEAREST ? FLAG.INEXACT : NEVER_FAST) << FAST_SHIFT);
}
