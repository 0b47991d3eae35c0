import type { SeededRandom } from '../../../support/seededRandom.ts';
import type { Format } from './floatAssembler.ts';
import { inRegister } from './referenceFloat.ts';

/** Operands for floating-point instructions, as register contents: edge values and random values. */
const FRACTION_BITS: Record<Format, bigint> = { h: 10n, s: 23n, d: 52n };
const EXPONENT_BITS: Record<Format, bigint> = { h: 5n, s: 8n, d: 11n };
const WIDTH: Record<Format, bigint> = { h: 16n, s: 32n, d: 64n };

/**
 * Values of both signs: zero, subnormals, the ends of the normal range, ones and halves, integer limits, infinity,
 * NaNs.
 */
export function edgeValues(format: Format | undefined): bigint[] {
  if (!format) return INTEGERS;
  const f = FRACTION_BITS[format];
  const bias = (1n << (EXPONENT_BITS[format] - 1n)) - 1n;
  const infinity = ((1n << EXPONENT_BITS[format]) - 1n) << f;
  const power = (exponent: number): bigint => (bias + BigInt(Math.min(exponent, Number(bias)))) << f;
  const magnitudes = [
    0n,
    1n,
    (1n << f) - 1n,
    1n << f,
    (1n << f) + 1n,
    power(-1),
    power(0),
    power(0) + 1n,
    power(0) | (1n << (f - 1n)),
    power(31),
    power(63),
    infinity - 1n,
    infinity,
    infinity + 1n,
    infinity | (1n << (f - 1n)),
  ];
  const sign = 1n << (WIDTH[format] - 1n);
  const boxed = magnitudes.flatMap((bits) => [bits, bits | sign]).map((bits) => inRegister(format, bits));
  return [...boxed, ...UNBOXED[format]];
}

/** Values that are not NaN-boxed: their upper bits are not all ones. */
const UNBOXED: Record<Format, bigint[]> = {
  h: [0x3c00n, 0xffff_ffff_fffe_3c00n, 0xffff_ffff_0000_3c00n],
  s: [0x3f80_0000n, 0xffff_fffe_3f80_0000n],
  d: [],
};

const INTEGERS = [
  0n,
  1n,
  -1n,
  (1n << 24n) + 1n,
  (1n << 31n) - 1n,
  1n << 31n,
  (1n << 32n) - 1n,
  (1n << 53n) + 1n,
  (1n << 54n) - 1n,
  (1n << 63n) - 1n,
  1n << 63n,
  -(1n << 62n) - 1n,
].map((value) => BigInt.asUintN(64, value));

const word = (random: SeededRandom): bigint => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());

/** Values of all magnitudes, often close to each other; fractions often have long runs of identical bits. */
export function randomValue(random: SeededRandom, format: Format | undefined): bigint {
  if (!format) return word(random) >> BigInt(random.below(64));
  const f = FRACTION_BITS[format];
  const bias = (1 << (Number(EXPONENT_BITS[format]) - 1)) - 1;
  const near = Math.min(70, bias);
  const exponent = random.chance(0.3)
    ? random.below(2 * bias + 2)
    : random.chance(0.1)
      ? random.below(Math.min(60, bias))
      : bias + random.below(2 * near) - near;
  const run = random.chance(0.5) ? word(random) : (1n << BigInt(random.below(53))) - 1n;
  const fraction = (run ^ (random.chance(0.3) ? -1n : 0n)) & ((1n << f) - 1n);
  const sign = BigInt(random.below(2)) << (WIDTH[format] - 1n);
  return inRegister(format, sign | (BigInt(exponent) << f) | fraction);
}
