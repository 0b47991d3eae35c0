import {
  type Code,
  I32,
  I64,
  type Local,
  call,
  i32,
  i64,
  ifElse,
  ret,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import type { Frame } from '../../base/wasm/moduleBuilder.ts';
import { bits64, INFINITY_D, isInfinite, isNegative, isZero, modeOf, ROUNDING, signOf } from './floatFormat.ts';
import { any, asResult, invalidWhen, nanOperands, nonZero, type Parts } from './softCommon.ts';

/** A 128-bit number: value = (high, low) / 2^126 * 2^exponent. */
interface Wide {
  sign: Local;
  exponent: Local;
  high: Local;
  low: Local;
}

const makeWide = (frame: Frame): Wide => ({
  sign: frame.local(I32),
  exponent: frame.local(I32),
  high: frame.local(I64),
  low: frame.local(I64),
});

/** Computes a * b + c in 128 bits, with a single rounding. */
export function multiplyAddBody(frame: Frame, parts: Parts): Code {
  const [a, b, c, control] = frame.parameters;
  const sum = makeWide(frame);
  const other = makeWide(frame);
  const differs = frame.local(I32);
  return sequence(
    specialSums(a, b, c, control),
    product(sum, a, b, parts),
    set(other.sign, isNegative(c.get)),
    set(other.exponent, call(parts.exponentOf, c.get)),
    set(other.high, call(parts.significandOf, c.get)),
    when(i32.ltS(sum.exponent.get, other.exponent.get), exchange(frame, sum, other)),
    shiftRight(other, i32.sub(sum.exponent.get, other.exponent.get), frame.local(I32)),
    set(differs, i32.xor(sum.sign.get, other.sign.get)),
    ifElse(differs.get, subtract(sum, other), addWide(sum, other)),
    when(
      i64.eqz(i64.or(sum.high.get, sum.low.get)),
      // A zero sum of operands with different signs is positive, except when rounding down.
      when(differs.get, set(sum.sign, i32.eq(modeOf(control.get), i32.const(ROUNDING.DOWN)))),
    ),
    roundToSignificand(sum, control, parts),
  );
}

/** Handles NaNs and infinities. Zero times infinity is invalid even if a quiet NaN is added (section 21.2). */
function specialSums(a: Local, b: Local, c: Local, control: Local): Code {
  const isSpecial = ({ get }: Local): Code => i64.eq(i64.and(get, bits64(INFINITY_D)), bits64(INFINITY_D));
  const zeroTimesInfinity = i32.or(
    i32.and(isZero(a.get), isInfinite(b.get)),
    i32.and(isInfinite(a.get), isZero(b.get)),
  );
  const infinityOf = (sign: Code): Code => asResult(i64.or(sign, bits64(INFINITY_D)), control);
  const productSign = signOf(i64.xor(a.get, b.get));
  const opposite = i64.ltS(i64.xor(i64.xor(a.get, b.get), c.get), i64.const(0));
  return when(
    any([a, b, c].map(isSpecial)),
    invalidWhen(zeroTimesInfinity, control),
    nanOperands([a, b, c], control),
    when(
      i32.or(isInfinite(a.get), isInfinite(b.get)),
      invalidWhen(i32.and(isInfinite(c.get), opposite), control),
      ret(infinityOf(productSign)),
    ),
    ret(infinityOf(signOf(c.get))),
  );
}

/** Computes the exact product. The top bit of each significand is bit 62, so the product is below 2^126. */
function product(to: Wide, a: Local, b: Local, { exponentOf, significandOf, mulhu }: Parts): Code {
  return sequence(
    set(to.sign, isNegative(i64.xor(a.get, b.get))),
    set(to.exponent, i32.add(i32.add(call(exponentOf, a.get), call(exponentOf, b.get)), i32.const(2))),
    set(a, call(significandOf, a.get)),
    set(b, call(significandOf, b.get)),
    set(to.low, i64.mul(a.get, b.get)),
    set(to.high, call(mulhu, a.get, b.get)),
  );
}

function exchange(frame: Frame, one: Wide, other: Wide): Code {
  const small = frame.local(I32);
  const large = frame.local(I64);
  const swap = (x: Local, y: Local, headroom: Local): Code =>
    sequence(set(headroom, x.get), set(x, y.get), set(y, headroom.get));
  return sequence(
    swap(one.sign, other.sign, small),
    swap(one.exponent, other.exponent, small),
    swap(one.high, other.high, large),
    swap(one.low, other.low, large),
  );
}

/** Shifts right by any distance; the lowest bit is sticky. */
function shiftRight({ high, low }: Wide, by: Code, distance: Local): Code {
  const left = i64.extendU(i32.sub(i32.const(64), distance.get));
  const right = i64.extendU(distance.get);
  return sequence(
    set(distance, by),
    when(
      i32.geU(distance.get, i32.const(64)),
      set(low, i64.or(high.get, nonZero(low.get))),
      set(high, i64.const(0)),
      set(distance, i32.sub(distance.get, i32.const(64))),
      when(i32.geU(distance.get, i32.const(64)), set(low, nonZero(low.get)), set(distance, i32.const(0))),
    ),
    when(
      distance.get,
      set(low, i64.or(i64.or(i64.shrU(low.get, right), i64.shl(high.get, left)), nonZero(i64.shl(low.get, left)))),
      set(high, i64.shrU(high.get, right)),
    ),
  );
}

function addWide(to: Wide, { high, low }: Wide): Code {
  return sequence(
    set(to.low, i64.add(to.low.get, low.get)),
    set(to.high, i64.add(i64.add(to.high.get, high.get), i64.extendU(i64.ltU(to.low.get, low.get)))),
  );
}

function subtract(to: Wide, { high, low }: Wide): Code {
  return sequence(
    set(to.high, i64.sub(i64.sub(to.high.get, high.get), i64.extendU(i64.ltU(to.low.get, low.get)))),
    set(to.low, i64.sub(to.low.get, low.get)),
    when(
      i64.ltS(to.high.get, i64.const(0)),
      set(to.sign, i32.xor(to.sign.get, i32.const(1))),
      set(to.low, i64.sub(i64.const(0), to.low.get)),
      set(to.high, i64.sub(i64.extendU(i64.eqz(to.low.get)), i64.add(to.high.get, i64.const(1)))),
    ),
  );
}

/**
 * Rounds the number to the result's format. Only its upper 64 significant bits are passed on; the rest goes into the
 * sticky bit.
 */
function roundToSignificand({ sign, exponent, high, low }: Wide, control: Local, { round }: Parts): Code {
  const left = i64.clz(high.get);
  // The shift takes two steps, because WebAssembly would treat a shift by 64 as a shift by 0.
  const fromLow = i64.shrU(i64.shrU(low.get, i64.const(1)), i64.sub(i64.const(63), left));
  const upper = i64.or(i64.shl(high.get, left), fromLow);
  return sequence(
    when(
      i64.eqz(high.get),
      set(high, low.get),
      set(low, i64.const(0)),
      set(exponent, i32.sub(exponent.get, i32.const(64))),
    ),
    call(
      round,
      sign.get,
      i32.sub(i32.add(exponent.get, i32.const(1)), i32.wrap(left)),
      i64.or(upper, nonZero(i64.shl(low.get, left))),
      control.get,
    ),
  );
}
