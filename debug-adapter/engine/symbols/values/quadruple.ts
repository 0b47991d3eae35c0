/**
 * A number in quadruple precision (IEEE 754 binary128), the format of `long double` on RISC-V: a sign bit, 15 exponent
 * bits, 112 fraction bits. Results are rounded to the nearest number, ties to even.
 */
export class Quadruple {
  readonly bits: bigint;

  constructor(bits: bigint) {
    this.bits = bits;
  }

  static from(value: bigint | number | Quadruple): Quadruple {
    if (value instanceof Quadruple) return value;
    if (typeof value === 'bigint') return rounded(value < 0n, magnitude(value), 0);
    if (Number.isNaN(value)) return NOT_A_NUMBER;
    const isNegative = value < 0 || Object.is(value, -0);
    if (!Number.isFinite(value)) return signed(isNegative, INFINITY);
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    const exponent = (bits.getUint16(0) >> 4) & 0x7ff;
    const fraction = bits.getBigUint64(0) & ((1n << 52n) - 1n);
    return rounded(isNegative, exponent === 0 ? fraction : fraction | (1n << 52n), Math.max(exponent, 1) - 1075);
  }

  /** Parses a decimal number such as `1.5e-4000`. */
  static parse(text: string): Quadruple {
    const [digits, exponent = '0'] = text.toLowerCase().split('e');
    const [whole, fraction = ''] = digits.split('.');
    // Exponents beyond these limits always result in zero or infinity.
    const scale = Math.max(-10_000, Math.min(10_000, Number(exponent))) - fraction.length;
    return fromDecimal(false, BigInt(whole + fraction || '0'), scale);
  }

  get isNaN(): boolean {
    return (this.bits & ~SIGN) > INFINITY;
  }

  get isFinite(): boolean {
    return (this.bits & INFINITY) !== INFINITY;
  }

  get isZero(): boolean {
    return (this.bits & ~SIGN) === 0n;
  }

  get isNegative(): boolean {
    return (this.bits & SIGN) !== 0n;
  }

  negated(): Quadruple {
    return new Quadruple(this.bits ^ SIGN);
  }

  /** The nearest double-precision number. */
  toNumber(): number {
    if (this.isNaN) return NaN;
    const sign = this.isNegative ? -1 : 1;
    if (!this.isFinite) return sign * Infinity;
    const { significand, exponent } = split(this);
    if (significand === 0n) return sign * 0;
    const nearest = round(significand, exponent, { precision: 53, exponentMin: -1074 });
    return nearest.exponent > 971 ? sign * Infinity : sign * Number(nearest.significand) * 2 ** nearest.exponent;
  }

  /** The integer part of a finite number. */
  toInteger(): bigint {
    const { significand, exponent } = split(this);
    const whole = exponent < 0 ? significand >> BigInt(-exponent) : significand << BigInt(exponent);
    return this.isNegative ? -whole : whole;
  }

  /** The shortest decimal representation that uniquely identifies a finite number, formatted like Number.toString. */
  toString(): string {
    const sign = this.isNegative ? '-' : '';
    if (this.isZero) return `${sign}0`;
    for (let digits = 33; ; digits++) {
      const { decimal, scale } = toDecimal(this, digits);
      const isUnique = fromDecimal(this.isNegative, decimal, scale).bits === this.bits;
      if (isUnique || digits === DIGITS_MAX) return sign + decimalText(`${decimal}`, scale);
    }
  }
}

export function calculateQuadruple(operator: '+' | '-' | '*' | '/', a: Quadruple, b: Quadruple): Quadruple {
  switch (operator) {
    case '+':
      return sum(a, b);
    case '-':
      return sum(a, b.negated());
    case '*':
      return product(a, b);
    case '/':
      return quotient(a, b);
  }
}

/** Negative if `a` is less than `b`, zero if they are equal, positive if `a` is greater; NaN if they are unordered. */
export function compareQuadruples(a: Quadruple, b: Quadruple): number {
  if (a.isNaN || b.isNaN) return NaN;
  const [first, second] = [a, b].map((one) => (one.isNegative ? -(one.bits ^ SIGN) : one.bits));
  return first < second ? -1 : first > second ? 1 : 0;
}

const SIGN = 1n << 127n;
const INFINITY = 0x7fffn << 112n;
const NOT_A_NUMBER = new Quadruple(INFINITY | (1n << 111n));
const FORMAT = { precision: 113, exponentMin: -16494 };
/** Any two different numbers differ within this many decimal digits. */
const DIGITS_MAX = 36;

interface Parts {
  significand: bigint;
  /** The power of two by which the significand is multiplied. */
  exponent: number;
}

const magnitude = (value: bigint) => (value < 0n ? -value : value);
const signed = (isNegative: boolean, bits: bigint) => new Quadruple(isNegative ? bits | SIGN : bits);
const bitLength = (value: bigint) => (value === 0n ? 0 : value.toString(2).length);

function split({ bits }: Quadruple): Parts {
  const biased = Number((bits >> 112n) & 0x7fffn);
  const fraction = bits & ((1n << 112n) - 1n);
  return { significand: biased === 0 ? fraction : fraction | (1n << 112n), exponent: Math.max(biased, 1) - 16495 };
}

/** Rounds a significand to the given number of bits; `exponentMin` is the exponent of subnormal numbers. */
function round(
  significand: bigint,
  exponent: number,
  { precision, exponentMin }: { precision: number; exponentMin: number },
): Parts {
  const target = Math.max(bitLength(significand) + exponent - precision, exponentMin);
  if (target <= exponent) return { significand: significand << BigInt(exponent - target), exponent: target };
  const shift = BigInt(target - exponent);
  const half = 1n << (shift - 1n);
  const rest = significand & ((1n << shift) - 1n);
  const cut = significand >> shift;
  const isUp = rest > half || (rest === half && (cut & 1n) === 1n);
  const result = isUp ? cut + 1n : cut;
  return bitLength(result) > precision
    ? { significand: result >> 1n, exponent: target + 1 }
    : { significand: result, exponent: target };
}

function rounded(isNegative: boolean, value: bigint, scale: number): Quadruple {
  if (value === 0n) return signed(isNegative, 0n);
  const { significand, exponent } = round(value, scale, FORMAT);
  const biased = exponent + 16495;
  if (biased >= 0x7fff) return signed(isNegative, INFINITY);
  const isSubnormal = significand < 1n << 112n;
  return signed(isNegative, isSubnormal ? significand : (BigInt(biased - 1) << 112n) + significand);
}

/** The quadruple-precision number that is nearest to a quotient of integers. */
function ratio(isNegative: boolean, numerator: bigint, denominator: bigint, scale = 0): Quadruple {
  const shift = Math.max(0, FORMAT.precision + 3 + bitLength(denominator) - bitLength(numerator));
  const shifted = numerator << BigInt(shift);
  // The last bit indicates whether there is a remainder, for correct rounding.
  const remainder = shifted % denominator === 0n ? 0n : 1n;
  return rounded(isNegative, ((shifted / denominator) << 1n) | remainder, scale - shift - 1);
}

function sum(a: Quadruple, b: Quadruple): Quadruple {
  if (a.isNaN || b.isNaN || (!a.isFinite && !b.isFinite && a.bits !== b.bits)) return NOT_A_NUMBER;
  if (!a.isFinite || !b.isFinite) return a.isFinite ? b : a;
  const exponent = Math.min(split(a).exponent, split(b).exponent);
  const [x, y] = [a, b].map((one) => {
    const parts = split(one);
    const aligned = parts.significand << BigInt(parts.exponent - exponent);
    return one.isNegative ? -aligned : aligned;
  });
  const total = x + y;
  return rounded(total === 0n ? a.isNegative && b.isNegative : total < 0n, magnitude(total), exponent);
}

function product(a: Quadruple, b: Quadruple): Quadruple {
  const isNegative = a.isNegative !== b.isNegative;
  if (a.isNaN || b.isNaN || (!a.isFinite && b.isZero) || (a.isZero && !b.isFinite)) return NOT_A_NUMBER;
  if (!a.isFinite || !b.isFinite) return signed(isNegative, INFINITY);
  const [x, y] = [split(a), split(b)];
  return rounded(isNegative, x.significand * y.significand, x.exponent + y.exponent);
}

function quotient(a: Quadruple, b: Quadruple): Quadruple {
  const isNegative = a.isNegative !== b.isNegative;
  if (a.isNaN || b.isNaN || (!a.isFinite && !b.isFinite) || (a.isZero && b.isZero)) return NOT_A_NUMBER;
  if (!a.isFinite || b.isZero) return signed(isNegative, INFINITY);
  if (!b.isFinite) return signed(isNegative, 0n);
  const [x, y] = [split(a), split(b)];
  return ratio(isNegative, x.significand, y.significand, x.exponent - y.exponent);
}

function fromDecimal(isNegative: boolean, decimal: bigint, scale: number): Quadruple {
  const power = 10n ** BigInt(Math.abs(scale));
  return scale < 0 ? ratio(isNegative, decimal, power) : rounded(isNegative, decimal * power, 0);
}

/** Rounds a finite number other than zero to the given number of decimal digits. */
function toDecimal(number: Quadruple, digits: number): { decimal: bigint; scale: number } {
  const { significand, exponent } = split(number);
  const power = (value: number) => 1n << BigInt(Math.max(0, value));
  const [numerator, denominator] = [significand * power(exponent), power(-exponent)];
  // The estimate is too small by at most 1.
  let scale = Math.floor((bitLength(significand) - 1 + exponent) * Math.log10(2)) - digits + 1;
  for (;;) {
    const ten = 10n ** BigInt(Math.abs(scale));
    const [top, bottom] = scale < 0 ? [numerator * ten, denominator] : [numerator, denominator * ten];
    const decimal = (2n * top + bottom) / (2n * bottom);
    if (`${decimal}`.length <= digits) return { decimal, scale };
    scale++;
  }
}

/** Formats `digits * 10^scale`. */
function decimalText(digits: string, scale: number): string {
  const kept = digits.replace(/0+$/, '');
  const exponent = digits.length - 1 + scale;
  if (exponent < -6 || exponent > 20) {
    const fraction = kept.length > 1 ? `.${kept.slice(1)}` : '';
    return `${kept[0]}${fraction}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${kept}`;
  const whole = kept.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = kept.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
