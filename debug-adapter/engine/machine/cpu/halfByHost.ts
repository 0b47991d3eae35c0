import { type Code, i32, i64 } from '../../base/wasm/code.ts';
import { f32 } from '../../base/wasm/floatCode.ts';
import { isBoxedHalf } from './floatFormat.ts';

/**
 * Half precision by the host's singles: a finite half as the single of the same value, and a single rounded to half, to
 * nearest, where that gives a normal number.
 */
/** Of a register: a half is in it, and no infinity or NaN. */
export const isFiniteHalf = (register: Code): Code =>
  i32.and(isBoxedHalf(register), i64.ne(i64.and(register, i64.const(INFINITY_H)), i64.const(INFINITY_H)));
const INFINITY_H = 0x7c00;

/**
 * Its exponent and fraction in the places of a single's say a number that is too small by the difference of the biases, a
 * power of two; the product is exact, of a subnormal and of zero, too.
 */
export function asSingle(register: Code): Code {
  const half = i32.wrap(register);
  const sign = i32.shl(i32.and(half, i32.const(0x8000)), i32.const(16));
  const magnitude = i32.shl(i32.and(half, i32.const(0x7fff)), i32.const(FRACTION_SHIFT));
  return f32.mul(f32.fromBits(i32.or(sign, magnitude)), f32.fromBits(i32.const((127 + BIAS_DIFFERENCE) << 23)));
}

/** By how many bits a half's fraction is shorter than a single's. */
const FRACTION_SHIFT = 23 - 10;
const BIAS_DIFFERENCE = 127 - 15;

/** Of a single's bits, without sign: from here on up to there rounding gives normal halves, and the last is not one. */
export const SMALLEST_NORMAL_HALF = BigInt(BIAS_DIFFERENCE + 1) << 23n;
/** Half a place above the largest half, 65504: what is rounded to infinity. */
export const ROUNDED_TO_INFINITY = 0x477f_f000n;

/** The half's 16 bits, from a single's 32, of 64 both. */
export function roundedToHalf(bits: Code): Code {
  const magnitude = i64.and(bits, i64.const(0x7fff_ffff));
  const isOdd = i64.and(i64.shrU(bits, i64.const(FRACTION_SHIFT)), i64.const(1));
  // Half of the last place, or less by one: a carry rounds up what is above the middle, and in the middle to even.
  const rounded = i64.add(magnitude, i64.add(i64.const((1 << (FRACTION_SHIFT - 1)) - 1), isOdd));
  const sign = i64.and(i64.shrU(bits, i64.const(16)), i64.const(0x8000));
  return i64.or(sign, i64.sub(i64.shrU(rounded, i64.const(FRACTION_SHIFT)), i64.const(BIAS_DIFFERENCE << 10)));
}
