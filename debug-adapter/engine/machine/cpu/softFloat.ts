import {
  type Code,
  I32,
  I64,
  type Local,
  brIf,
  call,
  i32,
  i64,
  ifElse,
  label,
  loop,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import {
  bits64,
  canonicalNaN,
  FLAG,
  INFINITY_D,
  isInfinite,
  isNaN,
  isNegative,
  isSignaling,
  isSingle,
  isZero,
  modeOf,
  ONE_D,
  raiseFlags,
  ROUNDING,
  signOf,
} from './floatFormat.ts';
import { addRounding, type Rounding } from './softRound.ts';

/**
 * Exact arithmetic in integers, in every rounding mode and with every flag (IEEE 754-2019; ISA manual Volume I, section
 * 21.2). Operands are doubles' bits (a single is widened first), `control` says how to round and to which format.
 * Addition and multiplication are cases of the fused multiply-add: x + y = x * 1 + y, x * y = x * y + 0.
 */
export interface SoftFloat extends Rounding {
  /** (a, b, c, control) -> a * b + c. */
  multiplyAdd: FunctionHandle;
  /** (a, b, control). */
  add: FunctionHandle;
  multiply: FunctionHandle;
  divide: FunctionHandle;
  /** (a, control). */
  squareRoot: FunctionHandle;
  /** (a, control): to the other format. */
  convert: FunctionHandle;
  /** (integer, control). */
  fromSigned: FunctionHandle;
  fromUnsigned: FunctionHandle;
}

export function addSoftFloat(builder: ModuleBuilder, mulhu: FunctionHandle): SoftFloat {
  const parts = { ...addRounding(builder), mulhu };
  const add = (operands: number, body: (frame: Frame) => Code): FunctionHandle => {
    const parameters = [...Array.from({ length: operands }, () => I64), I32];
    return builder.add({ parameters, results: [I64] }, undefined, body);
  };
  const multiplyAdd = add(3, (frame) => multiplyAddBody(frame, parts));
  return {
    ...parts,
    multiplyAdd,
    add: add(2, ({ parameters: [a, b, control] }) => call(multiplyAdd, a.get, bits64(ONE_D), b.get, control.get)),
    // Adding a zero of the product's sign changes nothing, not even that of a zero product.
    multiply: add(2, ({ parameters: [a, b, control] }) =>
      call(multiplyAdd, a.get, b.get, signOf(i64.xor(a.get, b.get)), control.get),
    ),
    divide: add(2, (frame) => divideBody(frame, parts)),
    squareRoot: add(1, (frame) => squareRootBody(frame, parts)),
    convert: add(1, ({ parameters: [a, control] }) =>
      call(multiplyAdd, a.get, bits64(ONE_D), signOf(a.get), control.get),
    ),
    fromSigned: add(1, ({ parameters: [value, control] }) => {
      const isBelow = i64.ltS(value.get, i64.const(0));
      const magnitude = select(isBelow, i64.sub(i64.const(0), value.get), value.get);
      return call(parts.round, isBelow, i32.const(63), magnitude, control.get);
    }),
    fromUnsigned: add(1, ({ parameters: [value, control] }) =>
      call(parts.round, i32.const(0), i32.const(63), value.get, control.get),
    ),
  };
}

const any = (conditions: Code[]): Code => conditions.reduce((one, other) => i32.or(one, other));

/** Answers with the canonical NaN when an operand is a NaN; a signaling one is an invalid operation. */
const nanOperands = (operands: Local[], control: Local): Code =>
  when(
    any(operands.map((operand) => isNaN(operand.get))),
    when(any(operands.map((operand) => isSignaling(operand.get))), raiseFlags(FLAG.INVALID)),
    ret(canonicalNaN(control.get)),
  );

const invalidWhen = (condition: Code, control: Local): Code =>
  when(condition, raiseFlags(FLAG.INVALID), ret(canonicalNaN(control.get)));

/** A double that any format holds exactly (zero or infinity), as a register of the format asked for. */
const asResult = (value: Code, control: Local): Code => {
  const high = i64.shrU(value, i64.const(32));
  // Infinity's exponent is 8 bits in single and 11 in double.
  const single = i64.and(high, bits64(0xff80_0000n));
  return select(isSingle(control.get), i64.or(single, bits64(0xffff_ffff_0000_0000n)), value);
};

// --- a * b + c -------------------------------------------------------------------------------------------------------

type Parts = Rounding & { mulhu: FunctionHandle };

/** A number as 128 bits: value = (high, low) / 2^126 * 2^exponent. */
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

function multiplyAddBody(frame: Frame, parts: Parts): Code {
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
    ifElse(differs.get, subtract(sum, other), addUp(sum, other)),
    when(
      i64.eqz(i64.or(sum.high.get, sum.low.get)),
      // A zero from unlike signs is positive, but for rounding down.
      when(differs.get, set(sum.sign, i32.eq(modeOf(control.get), i32.const(ROUNDING.DOWN)))),
    ),
    narrowed(sum, control, parts),
  );
}

/** NaNs and infinities. Zero times infinity is invalid even when a quiet NaN is added (section 21.2). */
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

/** Significands have their top bit at 62, so their product is below 2^126. */
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
  const swap = (x: Local, y: Local, spare: Local): Code =>
    sequence(set(spare, x.get), set(x, y.get), set(y, spare.get));
  return sequence(
    swap(one.sign, other.sign, small),
    swap(one.exponent, other.exponent, small),
    swap(one.high, other.high, large),
    swap(one.low, other.low, large),
  );
}

const nonZero = (value: Code): Code => i64.extendU(i64.ne(value, i64.const(0)));

/** By any distance, with a sticky lowest bit. */
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

function addUp(to: Wide, { high, low }: Wide): Code {
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

/** The upper 64 of the bits that matter, rounded. */
function narrowed({ sign, exponent, high, low }: Wide, control: Local, { round }: Parts): Code {
  const left = i64.clz(high.get);
  // In two steps, because a shift by 64 would be one by 0.
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

// --- division and square root ----------------------------------------------------------------------------------------

/** The 53 bits of a significand. */
const integerOf = (parts: Parts, value: Code): Code => i64.shrU(call(parts.significandOf, value), i64.const(10));

/** Long division, 11 bits of the quotient a time: 55 or 56 bits, and a sticky one for the remainder. */
function divideBody(frame: Frame, parts: Parts): Code {
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
    // From here on `a` is the remainder.
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
      // The quotient is a / b * 2^55; one more bit is the sticky one.
      i32.add(exponent.get, i32.const(63 - 56)),
      i64.or(i64.shl(quotient.get, i64.const(1)), nonZero(a.get)),
      control.get,
    ),
  );
}

/** Digit by digit: 55 bits of the root, and a sticky one for the remainder. */
function squareRootBody(frame: Frame, parts: Parts): Code {
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
    // Two bits a digit, from the top: 53, or 54 to make the exponent even.
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
