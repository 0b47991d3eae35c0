/**
 * The value of a half-precision number (IEEE 754 binary16: a sign bit, 5 exponent bits, 10 fraction bits).
 * `DataView.getFloat16` does not exist in the oldest supported version of Node.
 */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * SUBNORMAL_SPACING
    : sign * (1024 + fraction) * SUBNORMAL_SPACING * 2 ** (exponent - 1);
}

/** Converts to the nearest half-precision number. Ties are rounded to even. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= ROUNDED_TO_INFINITY) return sign | 0x7c00;
  // The exponent determines the weight of the fraction's last bit. In subnormal numbers, the last bit has the same
  // weight as in the smallest normal numbers.
  let exponent = 1;
  while (magnitude >= 2048 * SUBNORMAL_SPACING * 2 ** (exponent - 1)) exponent++;
  const fraction = roundedToEven(magnitude / (SUBNORMAL_SPACING * 2 ** (exponent - 1)));
  // The leading bit of a normal number increments the exponent field, as does a carry from rounding.
  return sign | (((exponent - 1) << 10) + fraction);
}

/** The smallest positive half-precision number, which is also the distance between adjacent subnormal numbers. */
const SUBNORMAL_SPACING = 2 ** -24;
/**
 * The largest number is 65504, and the distance between numbers in this range is 32. Values that exceed 65504 by at
 * least half of this distance are rounded to infinity.
 */
const ROUNDED_TO_INFINITY = 65520;

function roundedToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
