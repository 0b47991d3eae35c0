import { type Code, i32, i64 } from '../../base/wasm/code.ts';
import { f32 } from '../../base/wasm/floatCode.ts';
import { isBoxedHalf } from './floatFormat.ts';

/** Whether a register holds a finite boxed half. */
export const isFiniteHalf = (register: Code): Code =>
  i32.and(isBoxedHalf(register), i64.ne(i64.and(register, i64.const(INFINITY_H)), i64.const(INFINITY_H)));
const INFINITY_H = 0x7c00;

/**
 * Converts a finite half to a single with the same value. Moving the half's exponent and fraction into the fields of a
 * single gives a value that is too small by a power of two, because the exponent biases differ. Multiplying by that
 * power is exact, even for subnormals and zero.
 */
export function asSingle(register: Code): Code {
  const half = i32.wrap(register);
  const sign = i32.shl(i32.and(half, i32.const(0x8000)), i32.const(16));
  const magnitude = i32.shl(i32.and(half, i32.const(0x7fff)), i32.const(FRACTION_SHIFT));
  return f32.mul(f32.fromBits(i32.or(sign, magnitude)), f32.fromBits(i32.const((127 + BIAS_DIFFERENCE) << 23)));
}

/** The number of bits by which a half's fraction is shorter than a single's. */
const FRACTION_SHIFT = 23 - 10;
const BIAS_DIFFERENCE = 127 - 15;

/**
 * The smallest normal half, as the bits of a single. Singles from this value up to, but not including,
 * ROUNDED_TO_INFINITY round to a normal half.
 */
export const SMALLEST_NORMAL_HALF = BigInt(BIAS_DIFFERENCE + 1) << 23n;
/**
 * The bits of the smallest single that rounds to infinity: half a unit in the last place above the largest half, 65504.
 */
export const ROUNDED_TO_INFINITY = 0x477f_f000n;

/**
 * Rounds a single to the nearest half; the result must be a normal number. Takes the 32 bits of the single and returns
 * the 16 bits of the half, both in 64-bit values.
 */
export function roundedToHalf(bits: Code): Code {
  const magnitude = i64.and(bits, i64.const(0x7fff_ffff));
  const isOdd = i64.and(i64.shrU(bits, i64.const(FRACTION_SHIFT)), i64.const(1));
  // Adds half the weight of the half's last bit, minus 1 if that bit is 0. The carry then rounds up above the midpoint,
  // and to even at the midpoint.
  const rounded = i64.add(magnitude, i64.add(i64.const((1 << (FRACTION_SHIFT - 1)) - 1), isOdd));
  const sign = i64.and(i64.shrU(bits, i64.const(16)), i64.const(0x8000));
  return i64.or(sign, i64.sub(i64.shrU(rounded, i64.const(FRACTION_SHIFT)), i64.const(BIAS_DIFFERENCE << 10)));
}
