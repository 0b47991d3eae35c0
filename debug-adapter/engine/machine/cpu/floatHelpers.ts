import {
  type Code,
  I32,
  I64,
  call,
  choose,
  i32,
  i64,
  nothing,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { F64, f64 } from '../../base/wasm/floatCode.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import {
  bits64,
  FLAG,
  isNaN,
  isNegative,
  isSignaling,
  NAN,
  raiseFlags,
  ROUNDING,
  SIGN,
  unboxed,
  unboxedHalf,
  widened,
} from './floatFormat.ts';
import { type Format, INTEGERS, type Integer } from './floatNames.ts';
import { addFusedNearest, type FusedNearest } from './fusedNearest.ts';
import { addSoftFloat, type SoftFloat } from './softFloat.ts';

/** Handles to the functions that `addFloatHelpers` adds. */
export interface FloatHelpers extends SoftFloat, FusedNearest {
  /** (two registers with values in the same format) -> 0 or 1. */
  equal: Record<Format, FunctionHandle>;
  less: Record<Format, FunctionHandle>;
  lessOrEqual: Record<Format, FunctionHandle>;
  minimum: Record<Format, FunctionHandle>;
  maximum: Record<Format, FunctionHandle>;
  classify: Record<Format, FunctionHandle>;
  /** (bits of a double, rounding mode) -> integer register. */
  toInteger: Record<Integer, FunctionHandle>;
}

/**
 * Adds functions for the floating-point operations whose code is too long for a single expression: exact arithmetic
 * (softFloat.ts), comparisons, minimum and maximum, classification, and conversions to integers.
 */
export function addFloatHelpers(builder: ModuleBuilder, mulhu: FunctionHandle): FloatHelpers {
  const soft = addSoftFloat(builder, mulhu);
  const perFormat = (
    operands: number,
    body: (frame: Frame, format: Format) => Code,
  ): Record<Format, FunctionHandle> => {
    const type = { parameters: Array.from({ length: operands }, () => I64), results: [I64] };
    const add = (format: Format) => builder.add(type, undefined, (frame) => body(frame, format));
    return { H: add('H'), S: add('S'), D: add('D') };
  };
  const comparison = (holds: typeof f64.lt, isInvalid: typeof isNaN) =>
    perFormat(2, (frame, format) => compareBody(frame, { format, soft, holds, isInvalid }));
  const choice = (isMaximum: boolean) =>
    perFormat(2, (frame, format) => minimumBody(frame, { format, soft, isMaximum }));
  const integral = builder.add({ parameters: [I64, I32], results: [F64] }, undefined, integralBody);
  const toInteger = Object.fromEntries(
    INTEGERS.map((integer) => [
      integer,
      builder.add({ parameters: [I64, I32], results: [I64] }, undefined, (frame) =>
        toIntegerBody(frame, RANGE[integer], integral),
      ),
    ]),
  ) as Record<Integer, FunctionHandle>;
  return {
    ...soft,
    ...addFusedNearest(builder),
    // An equality comparison raises the invalid flag only for a signaling NaN, and an order comparison raises it for
    // any NaN (section 21.8).
    equal: comparison(f64.eq, isSignaling),
    less: comparison(f64.lt, isNaN),
    lessOrEqual: comparison(f64.le, isNaN),
    minimum: choice(false),
    maximum: choice(true),
    classify: perFormat(1, classifyBody),
    toInteger,
  };
}

// --- comparisons -----------------------------------------------------------------------------------------------------

interface Comparison {
  format: Format;
  soft: SoftFloat;
  holds: typeof f64.lt;
  isInvalid: typeof isNaN;
}

function compareBody(frame: Frame, { format, soft, holds, isInvalid }: Comparison): Code {
  const [a, b] = frame.parameters;
  return sequence(
    set(a, widened(format, soft, a.get)),
    set(b, widened(format, soft, b.get)),
    when(i32.or(isInvalid(a.get), isInvalid(b.get)), raiseFlags(FLAG.INVALID)),
    i64.extendU(holds(f64.fromBits(a.get), f64.fromBits(b.get))),
  );
}

/** IEEE 754-2019 minimumNumber and maximumNumber: a number takes precedence over a NaN, and -0 is less than +0. */
function minimumBody(frame: Frame, options: { format: Format; soft: SoftFloat; isMaximum: boolean }): Code {
  const { format, soft, isMaximum } = options;
  const [a, b] = frame.parameters;
  const x = frame.local(I64);
  const y = frame.local(I64);
  const [fx, fy] = [f64.fromBits(x.get), f64.fromBits(y.get)];
  const isFirst = i32.or(
    isMaximum ? f64.gt(fx, fy) : f64.lt(fx, fy),
    i32.and(f64.eq(fx, fy), isMaximum ? i32.eqz(isNegative(x.get)) : isNegative(x.get)),
  );
  return sequence(
    set(x, widened(format, soft, a.get)),
    set(y, widened(format, soft, b.get)),
    when(i32.or(isSignaling(x.get), isSignaling(y.get)), raiseFlags(FLAG.INVALID)),
    when(isNaN(x.get), ret(select(isNaN(y.get), bits64(NAN[format]), b.get))),
    when(isNaN(y.get), ret(a.get)),
    select(isFirst, a.get, b.get),
  );
}

/** Sets one of ten bits: -inf, negative normal, negative subnormal, -0, +0, ... +inf, signaling NaN, quiet NaN. */
function classifyBody(frame: Frame, format: Format): Code {
  const [a] = frame.parameters;
  // Narrower formats are shifted up so that the sign is in the same bit as in a double.
  const atTop: Record<Format, Code> = {
    H: set(a, i64.shl(unboxedHalf(a.get), i64.const(48))),
    S: set(a, i64.shl(unboxed(a.get), i64.const(32))),
    D: nothing,
  };
  const exponentWidth = { H: 5n, S: 8n, D: 11n }[format];
  const fractionEnd = 1n << (63n - exponentWidth);
  const exponentBits = SIGN - fractionEnd;
  const exponent = i64.and(a.get, bits64(exponentBits));
  const fraction = i64.and(a.get, bits64(fractionEnd - 1n));
  const quiet = i64.and(a.get, bits64(fractionEnd >> 1n));
  const is = (kind: number): Code => i64.const(1 << kind);
  const signed = (negative: number, positive: number): Code => select(isNegative(a.get), is(negative), is(positive));
  const nan = select(i64.eqz(quiet), is(8), is(9));
  return sequence(
    atTop[format],
    when(i64.eqz(exponent), ret(choose(I64, i64.eqz(fraction), signed(3, 4), signed(2, 5)))),
    when(i64.ne(exponent, bits64(exponentBits)), ret(signed(1, 6))),
    choose(I64, i64.eqz(fraction), signed(0, 7), nan),
  );
}

// --- to integers -----------------------------------------------------------------------------------------------------

/** The range of an integer type (`end` is exclusive), and the results for values outside it. */
interface Range {
  low: number;
  end: number;
  lowest: bigint;
  highest: bigint;
  convert: typeof f64.toI64S;
}

const RANGE: Record<Integer, Range> = {
  W: { low: -(2 ** 31), end: 2 ** 31, lowest: -(1n << 31n), highest: (1n << 31n) - 1n, convert: f64.toI64S },
  // A 32-bit result is sign-extended even if it is unsigned.
  WU: { low: 0, end: 2 ** 32, lowest: 0n, highest: -1n, convert: (x) => i64.extend32S(f64.toI64U(x)) },
  L: { low: -(2 ** 63), end: 2 ** 63, lowest: -(1n << 63n), highest: (1n << 63n) - 1n, convert: f64.toI64S },
  LU: { low: 0, end: 2 ** 64, lowest: 0n, highest: -1n, convert: f64.toI64U },
};

function toIntegerBody(frame: Frame, range: Range, integral: FunctionHandle): Code {
  const [a, mode] = frame.parameters;
  const rounded = frame.local(F64);
  const isInRange = i32.and(f64.ge(rounded.get, f64.const(range.low)), f64.lt(rounded.get, f64.const(range.end)));
  return sequence(
    when(isNaN(a.get), raiseFlags(FLAG.INVALID), ret(i64.const(range.highest))),
    set(rounded, call(integral, a.get, mode.get)),
    when(
      i32.eqz(isInRange),
      raiseFlags(FLAG.INVALID),
      ret(select(isNegative(a.get), i64.const(range.lowest), i64.const(range.highest))),
    ),
    when(f64.ne(rounded.get, f64.fromBits(a.get)), raiseFlags(FLAG.INEXACT)),
    range.convert(rounded.get),
  );
}

/** (bits of a double that is not a NaN, mode) -> the value rounded to an integer, as a double. */
function integralBody(frame: Frame): Code {
  const [a, mode] = frame.parameters;
  const value = f64.fromBits(a.get);
  const truncated = f64.trunc(value);
  const is = (wanted: number): Code => i32.eq(mode.get, i32.const(wanted));
  // The discarded fraction is exact, so the comparison with one half is exact too.
  const isHalfOrMore = f64.ge(f64.abs(f64.sub(value, truncated)), f64.const(0.5));
  const away = f64.add(truncated, f64.copysign(f64.const(1), value));
  return sequence(
    when(is(ROUNDING.TO_ZERO), ret(truncated)),
    when(is(ROUNDING.NEAREST), ret(f64.nearest(value))),
    when(is(ROUNDING.DOWN), ret(f64.floor(value))),
    when(is(ROUNDING.UP), ret(f64.ceil(value))),
    // For infinity, the difference is a NaN, for which the comparison is false.
    select(isHalfOrMore, away, truncated),
  );
}
