import {
  type Code,
  I32,
  I64,
  brIf,
  call,
  i32,
  i64,
  label,
  loop,
  ret,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import type { Frame } from '../../base/wasm/moduleBuilder.ts';
import { bits64, FLAG, INFINITY_D, isInfinite, isNegative, isZero, raiseFlags, signOf } from './floatFormat.ts';
import { asResult, invalidWhen, nanOperands, nonZero, type Parts } from './softCommon.ts';

/** The significand as a 53-bit integer. */
const integerOf = (parts: Parts, value: Code): Code => i64.shrU(call(parts.significandOf, value), i64.const(10));

/**
 * Divides exactly. Long division gives 11 bits of the quotient at a time, for a total of 55 or 56 bits, and a sticky
 * bit for the remainder.
 */
export function divideBody(frame: Frame, parts: Parts): Code {
  const [a, b, control] = frame.parameters;
  const sign = frame.local(I64);
  const exponent = frame.local(I32);
  const quotient = frame.local(I64);
  const digits = frame.local(I32);
  const next = label();
  const zero = asResult(sign.get, control);
  const infinity = asResult(i64.or(sign.get, bits64(INFINITY_D)), control);
  return sequence(
    nanOperands([a, b], control),
    set(sign, signOf(i64.xor(a.get, b.get))),
    invalidWhen(i32.and(isInfinite(a.get), isInfinite(b.get)), control),
    invalidWhen(i32.and(isZero(a.get), isZero(b.get)), control),
    when(isInfinite(a.get), ret(infinity)),
    when(i32.or(isZero(a.get), isInfinite(b.get)), ret(zero)),
    when(isZero(b.get), raiseFlags(FLAG.DIVIDE_BY_ZERO), ret(infinity)),
    set(exponent, i32.sub(call(parts.exponentOf, a.get), call(parts.exponentOf, b.get))),
    // From here on, `a` is the remainder.
    set(a, integerOf(parts, a.get)),
    set(b, integerOf(parts, b.get)),
    set(digits, i32.const(5)),
    loop(
      next,
      set(a, i64.shl(a.get, i64.const(11))),
      set(quotient, i64.or(i64.shl(quotient.get, i64.const(11)), i64.divU(a.get, b.get))),
      set(a, i64.remU(a.get, b.get)),
      set(digits, i32.sub(digits.get, i32.const(1))),
      brIf(next, digits.get),
    ),
    call(
      parts.round,
      isNegative(sign.get),
      // The quotient is a / b * 2^55; the sticky bit is appended as one more bit.
      i32.add(exponent.get, i32.const(63 - 56)),
      i64.or(i64.shl(quotient.get, i64.const(1)), nonZero(a.get)),
      control.get,
    ),
  );
}

/** Computes the square root digit by digit: 55 bits, and a sticky bit for the remainder. */
export function squareRootBody(frame: Frame, parts: Parts): Code {
  const [a, control] = frame.parameters;
  const exponent = frame.local(I32);
  const remainder = frame.local(I64);
  const root = frame.local(I64);
  const trial = frame.local(I64);
  const digits = frame.local(I32);
  const next = label();
  return sequence(
    nanOperands([a], control),
    when(isZero(a.get), ret(asResult(a.get, control))),
    invalidWhen(isNegative(a.get), control),
    when(isInfinite(a.get), ret(asResult(a.get, control))),
    set(exponent, call(parts.exponentOf, a.get)),
    // Each digit consumes two bits of the significand from the top. The significand has 53 bits, or 54 if it must be
    // doubled to make the exponent even.
    set(a, i64.shl(integerOf(parts, a.get), i64.extendU(i32.add(i32.const(10), i32.and(exponent.get, i32.const(1)))))),
    set(digits, i32.const(55)),
    loop(
      next,
      set(remainder, i64.or(i64.shl(remainder.get, i64.const(2)), i64.shrU(a.get, i64.const(62)))),
      set(a, i64.shl(a.get, i64.const(2))),
      set(trial, i64.or(i64.shl(root.get, i64.const(2)), i64.const(1))),
      set(root, i64.shl(root.get, i64.const(1))),
      when(
        i64.geU(remainder.get, trial.get),
        set(remainder, i64.sub(remainder.get, trial.get)),
        set(root, i64.or(root.get, i64.const(1))),
      ),
      set(digits, i32.sub(digits.get, i32.const(1))),
      brIf(next, digits.get),
    ),
    call(
      parts.round,
      i32.const(0),
      i32.add(i32.shrS(exponent.get, i32.const(1)), i32.const(63 - 55)),
      i64.or(i64.shl(root.get, i64.const(1)), nonZero(remainder.get)),
      control.get,
    ),
  );
}
