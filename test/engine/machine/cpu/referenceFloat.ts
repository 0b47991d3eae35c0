import type { Format, IntegerKind } from './floatAssembler.ts';

/**
 * Reference floating-point arithmetic, slow and simple. Values are BigInt fractions, each operation is exact, and the
 * exact result is rounded (IEEE 754-2019, sections 4, 5 and 7). This code is independent of the machine's arithmetic.
 */
export const FLAGS = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 };
export const [NEAREST, TO_ZERO, DOWN, UP, NEAREST_AWAY] = [0, 1, 2, 3, 4];

export interface Result {
  bits: bigint;
  flags: number;
}

interface Parameters {
  precision: number;
  lowestExponent: number;
  highestExponent: number;
  width: bigint;
}
const PARAMETERS: Record<Format, Parameters> = {
  h: { precision: 11, lowestExponent: -14, highestExponent: 15, width: 16n },
  s: { precision: 24, lowestExponent: -126, highestExponent: 127, width: 32n },
  d: { precision: 53, lowestExponent: -1022, highestExponent: 1023, width: 64n },
};

/** NaN-boxes a value that is narrower than a register. */
const boxOf = (format: Format): bigint => ((1n << 64n) - 1n) ^ ((1n << PARAMETERS[format].width) - 1n);
export const inRegister = (format: Format, bits: bigint): bigint => boxOf(format) | bits;
/** A value that is not NaN-boxed is treated as the canonical NaN. */
export const fromRegister = (format: Format, register: bigint): bigint =>
  (register & boxOf(format)) === boxOf(format) ? register & ~boxOf(format) : NAN[format];

export const NAN: Record<Format, bigint> = { h: 0x7e00n, s: 0x7fc0_0000n, d: 0x7ff8_0000_0000_0000n };

/** NaN, or a number as a sign and a magnitude that may be infinite. */
type Value =
  | { kind: 'nan'; signaling: boolean }
  | { kind: 'infinite'; negative: boolean }
  | { kind: 'finite'; negative: boolean; magnitude: Fraction };

interface Fraction {
  over: bigint;
  under: bigint;
}

const times2 = ({ over, under }: Fraction, power: number): Fraction =>
  power >= 0 ? { over: over << BigInt(power), under } : { over, under: under << BigInt(-power) };

export function valueOf(format: Format, bits: bigint): Value {
  const { precision, lowestExponent, width } = PARAMETERS[format];
  const fractionBits = BigInt(precision - 1);
  const negative = bits >> (width - 1n) === 1n;
  const field = Number((bits >> fractionBits) & ((1n << (width - 1n - fractionBits)) - 1n));
  const fraction = bits & ((1n << fractionBits) - 1n);
  const isLast = field === 2 ** Number(width - 1n - fractionBits) - 1;
  if (isLast && fraction) return { kind: 'nan', signaling: fraction >> (fractionBits - 1n) === 0n };
  if (isLast) return { kind: 'infinite', negative };
  const integer = field === 0 ? fraction : fraction | (1n << fractionBits);
  const exponent = Math.max(field, 1) - 1 + lowestExponent - (precision - 1);
  return { kind: 'finite', negative, magnitude: times2({ over: integer, under: 1n }, exponent) };
}

const finite = (signed: bigint, under = 1n): Value => ({
  kind: 'finite',
  negative: signed < 0n,
  magnitude: { over: signed < 0n ? -signed : signed, under },
});

/** Returns the largest e with 2^e <= value. */
function exponentOf({ over, under }: Fraction): number {
  const guess = over.toString(2).length - under.toString(2).length;
  const { over: scaled, under: by } = times2({ over, under }, -guess);
  return scaled >= by ? guess : guess - 1;
}

/** A magnitude rounded to a multiple of 2^unit. */
function roundToUnit(value: Fraction, unit: number, options: { mode: number; negative: boolean }) {
  const { over, under } = times2(value, -unit);
  const floor = over / under;
  const rest = 2n * (over % under);
  const up = {
    [NEAREST]: rest > under || (rest === under && floor % 2n === 1n),
    [TO_ZERO]: false,
    [DOWN]: rest > 0n && options.negative,
    [UP]: rest > 0n && !options.negative,
    [NEAREST_AWAY]: rest >= under,
  }[options.mode];
  return { units: up ? floor + 1n : floor, isExact: rest === 0n };
}

/** Rounds to a format. Overflow, underflow and inexact results are detected only here. */
function round(format: Format, value: Value, mode: number): Result {
  const { precision, lowestExponent, highestExponent, width } = PARAMETERS[format];
  if (value.kind === 'nan') return { bits: NAN[format], flags: 0 };
  const sign = value.negative ? 1n << (width - 1n) : 0n;
  const fieldOf = (exponent: number): bigint => BigInt(exponent - lowestExponent + 1) << BigInt(precision - 1);
  const infinity = fieldOf(highestExponent + 1);
  if (value.kind === 'infinite') return { bits: sign | infinity, flags: 0 };
  const { magnitude, negative } = value;
  if (magnitude.over === 0n) return { bits: sign, flags: 0 };
  const exponent = exponentOf(magnitude);
  const unit = Math.max(exponent, lowestExponent) - precision + 1;
  const { units, isExact } = roundToUnit(magnitude, unit, { mode, negative });
  // A result is tiny if it is below the smallest normal number when rounded with an unbounded exponent range.
  const unbounded = roundToUnit(magnitude, exponent - precision + 1, { mode, negative });
  const tiny = exponent < lowestExponent && !(exponent === lowestExponent - 1 && unbounded.units >> BigInt(precision));
  const flags = isExact ? 0 : tiny ? FLAGS.NX | FLAGS.UF : FLAGS.NX;
  // If rounding carries out of the significand, the exponent increases.
  const bits = fieldOf(Math.max(exponent, lowestExponent) - 1) + units;
  if (bits < infinity) return { bits: sign | bits, flags };
  const staysFinite = mode === TO_ZERO || mode === (negative ? UP : DOWN);
  return { bits: sign | (staysFinite ? infinity - 1n : infinity), flags: FLAGS.OF | FLAGS.NX };
}

// --- operations ------------------------------------------------------------------------------------------------------

const INVALID: Value = { kind: 'nan', signaling: true };
const isSignaling = (value: Value): boolean => value.kind === 'nan' && value.signaling;
const isZero = (value: Value): boolean => value.kind === 'finite' && value.magnitude.over === 0n;

/**
 * The result of exact arithmetic; a signaling NaN, or an operation without a defined result, raises the invalid flag.
 */
function finish(format: Format, operands: Value[], exact: Value, mode: number): Result {
  const flags = operands.some(isSignaling) || isSignaling(exact) ? FLAGS.NV : 0;
  const result = round(format, exact, mode);
  return { bits: result.bits, flags: flags | result.flags };
}

const negate = (value: Value): Value => (value.kind === 'nan' ? value : { ...value, negative: !value.negative });

function multiplyExactly(a: Value, b: Value): Value {
  if (a.kind === 'nan' || b.kind === 'nan') return { kind: 'nan', signaling: false };
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite' || b.kind === 'infinite') {
    return isZero(a) || isZero(b) ? INVALID : { kind: 'infinite', negative };
  }
  const magnitude = { over: a.magnitude.over * b.magnitude.over, under: a.magnitude.under * b.magnitude.under };
  return { kind: 'finite', negative, magnitude };
}

function addExactly(a: Value, b: Value, mode: number): Value {
  if (a.kind === 'nan' || b.kind === 'nan') return isSignaling(a) || isSignaling(b) ? INVALID : NO_NUMBER;
  if (a.kind === 'infinite') return b.kind === 'infinite' && a.negative !== b.negative ? INVALID : a;
  if (b.kind === 'infinite') return b;
  const signed = ({ negative, magnitude }: typeof a): bigint => (negative ? -magnitude.over : magnitude.over);
  const under = a.magnitude.under * b.magnitude.under;
  const sum = signed(a) * b.magnitude.under + signed(b) * a.magnitude.under;
  if (sum !== 0n) return finite(sum, under);
  const negative = a.negative === b.negative ? a.negative : mode === DOWN;
  return { kind: 'finite', negative, magnitude: { over: 0n, under: 1n } };
}

const NO_NUMBER: Value = { kind: 'nan', signaling: false };

export function add(format: Format, x: bigint, y: bigint, mode: number): Result {
  const [a, b] = [valueOf(format, x), valueOf(format, y)];
  return finish(format, [a, b], addExactly(a, b, mode), mode);
}

export function subtract(format: Format, x: bigint, y: bigint, mode: number): Result {
  const [a, b] = [valueOf(format, x), valueOf(format, y)];
  return finish(format, [a, b], addExactly(a, negate(b), mode), mode);
}

export function multiply(format: Format, x: bigint, y: bigint, mode: number): Result {
  const [a, b] = [valueOf(format, x), valueOf(format, y)];
  return finish(format, [a, b], multiplyExactly(a, b), mode);
}

/** (+-)(x * y) (+-) z, rounded once. */
export function multiplyAdd(
  format: Format,
  operands: [bigint, bigint, bigint],
  options: { mode: number; negateProduct: boolean; negateAddend: boolean },
): Result {
  const [a, b, c] = operands.map((bits) => valueOf(format, bits));
  const exact = multiplyExactly(a, b);
  const product = options.negateProduct ? negate(exact) : exact;
  const addend = options.negateAddend ? negate(c) : c;
  return finish(format, [a, b, c], addExactly(product, addend, options.mode), options.mode);
}

export function divide(format: Format, x: bigint, y: bigint, mode: number): Result {
  const [a, b] = [valueOf(format, x), valueOf(format, y)];
  if (a.kind === 'nan' || b.kind === 'nan') return finish(format, [a, b], NO_NUMBER, mode);
  const negative = a.negative !== b.negative;
  const infinity: Value = { kind: 'infinite', negative };
  if (a.kind === 'infinite') return finish(format, [], b.kind === 'infinite' ? INVALID : infinity, mode);
  if (b.kind === 'infinite') return round(format, { ...a, negative, magnitude: { over: 0n, under: 1n } }, mode);
  if (isZero(b)) {
    if (isZero(a)) return finish(format, [], INVALID, mode);
    return { bits: round(format, infinity, mode).bits, flags: FLAGS.DZ };
  }
  const magnitude = { over: a.magnitude.over * b.magnitude.under, under: a.magnitude.under * b.magnitude.over };
  return round(format, { kind: 'finite', negative, magnitude }, mode);
}

/** The square root of a BigInt, rounded down (Newton's method). */
function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function squareRoot(format: Format, x: bigint, mode: number): Result {
  const a = valueOf(format, x);
  if (a.kind === 'nan') return finish(format, [a], NO_NUMBER, mode);
  if (isZero(a)) return { bits: x, flags: 0 };
  if (a.negative) return finish(format, [], INVALID, mode);
  if (a.kind === 'infinite') return { bits: x, flags: 0 };
  // The denominator, a power of two, is first converted to a power of four. The root then has hundreds of bits more
  // than any format's significand.
  let { over, under } = times2(a.magnitude, 0);
  if (under.toString(2).length % 2 === 0) [over, under] = [over * 2n, under * 2n];
  const scale = 1200n;
  const root = integerRoot(over << (2n * scale));
  const isExact = root * root === over << (2n * scale);
  // The sticky bit represents an inexact root, which lies between two neighboring values.
  const magnitude = { over: 2n * root + (isExact ? 0n : 1n), under: (2n * integerRoot(under)) << scale };
  return round(format, { kind: 'finite', negative: false, magnitude }, mode);
}

export const convert = (from: Format, to: Format, x: bigint, mode: number): Result =>
  finish(to, [valueOf(from, x)], valueOf(from, x), mode);

const INTEGERS: Record<IntegerKind, { width: number; isSigned: boolean }> = {
  w: { width: 32, isSigned: true },
  wu: { width: 32, isSigned: false },
  l: { width: 64, isSigned: true },
  lu: { width: 64, isSigned: false },
};

export function fromInteger(kind: IntegerKind, format: Format, x: bigint, mode: number): Result {
  const { width, isSigned } = INTEGERS[kind];
  return round(format, finite(isSigned ? BigInt.asIntN(width, x) : BigInt.asUintN(width, x)), mode);
}

/**
 * Converts to an integer. Out-of-range values and NaN raise the invalid flag and give the nearest integer; a NaN is
 * treated as positive. Returns the register's 64 bits.
 */
export function toInteger(format: Format, kind: IntegerKind, x: bigint, mode: number): Result {
  const { width, isSigned } = INTEGERS[kind];
  const highest = isSigned ? (1n << BigInt(width - 1)) - 1n : (1n << BigInt(width)) - 1n;
  const lowest = isSigned ? -highest - 1n : 0n;
  const a = valueOf(format, x);
  const register = (value: bigint): bigint => BigInt.asUintN(64, BigInt.asIntN(width, value));
  if (a.kind === 'nan') return { bits: register(highest), flags: FLAGS.NV };
  const limit = register(a.negative ? lowest : highest);
  if (a.kind === 'infinite') return { bits: limit, flags: FLAGS.NV };
  const { units, isExact } = roundToUnit(a.magnitude, 0, { mode, negative: a.negative });
  const value = a.negative ? -units : units;
  if (value < lowest || value > highest) return { bits: limit, flags: FLAGS.NV };
  return { bits: register(value), flags: isExact ? 0 : FLAGS.NX };
}

// --- comparison ------------------------------------------------------------------------------------------------------

/** Returns a negative number, zero or a positive number; undefined if an operand is NaN. */
function compare(a: Value, b: Value): number | undefined {
  if (a.kind === 'nan' || b.kind === 'nan') return undefined;
  const big = 1n << 3000n;
  const scaled = (value: typeof a): Fraction =>
    value.kind === 'infinite' ? { over: big, under: 1n } : value.magnitude;
  const [x, y] = [scaled(a), scaled(b)];
  const difference = (a.negative ? -x.over : x.over) * y.under - (b.negative ? -y.over : y.over) * x.under;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function relation(format: Format, name: 'feq' | 'flt' | 'fle', x: bigint, y: bigint): Result {
  const [a, b] = [valueOf(format, x), valueOf(format, y)];
  const order = compare(a, b);
  if (order === undefined) {
    const isInvalid = name !== 'feq' || isSignaling(a) || isSignaling(b);
    return { bits: 0n, flags: isInvalid ? FLAGS.NV : 0 };
  }
  const holds = { feq: order === 0, flt: order < 0, fle: order <= 0 }[name];
  return { bits: holds ? 1n : 0n, flags: 0 };
}

export function minimum(format: Format, x: bigint, y: bigint, wantsMaximum = false): Result {
  const [a, b] = [valueOf(format, x), valueOf(format, y)];
  const flags = isSignaling(a) || isSignaling(b) ? FLAGS.NV : 0;
  if (a.kind === 'nan' && b.kind === 'nan') return { bits: NAN[format], flags };
  if (a.kind === 'nan') return { bits: y, flags };
  if (b.kind === 'nan') return { bits: x, flags };
  // For minimum and maximum, -0 is less than +0.
  const order = compare(a, b) || Number(b.negative) - Number(a.negative);
  return { bits: order < 0 !== wantsMaximum ? x : y, flags };
}

export function classify(format: Format, x: bigint): Result {
  const a = valueOf(format, x);
  const { lowestExponent } = PARAMETERS[format];
  const kind = (): number => {
    if (a.kind === 'nan') return a.signaling ? 8 : 9;
    const size = a.kind === 'infinite' ? 3 : isZero(a) ? 0 : exponentOf(a.magnitude) < lowestExponent ? 1 : 2;
    return a.negative ? 3 - size : 4 + size;
  };
  return { bits: 1n << BigInt(kind()), flags: 0 };
}

export const widthOf = (format: Format): number => Number(PARAMETERS[format].width);
export const signBit = (format: Format): bigint => 1n << (PARAMETERS[format].width - 1n);
