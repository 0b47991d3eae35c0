import type { SeededRandom } from '../../../support/seededRandom.ts';
import { FORMATS } from './floatAssembler.ts';
import { edgeValues, randomValue } from './floatValues.ts';
import { POINTERS } from './randomLayout.ts';

/** Operands for random instructions. */
export const INTERESTING = [
  0n,
  1n,
  -1n,
  0x7fff_ffffn,
  -0x8000_0000n,
  0x8000_0000n,
  1n << 63n,
  (1n << 63n) - 1n,
  0xffff_ffffn,
];

export function value(random: SeededRandom): bigint {
  if (random.chance(0.4)) return random.pick(INTERESTING);
  const bits = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  return bits >> BigInt(random.below(64));
}

/** Any register except the pointers; x0 is included. */
export function destination(random: SeededRandom): number {
  for (;;) {
    const register = random.below(32);
    if (!POINTERS.includes(register)) return register;
  }
}
export const source = (random: SeededRandom): number => random.below(32);
/**
 * An aligned offset or, unless the block requires alignment, any offset. Accesses can cross pages because the pointers
 * are near page ends.
 */
export const offset = (random: SeededRandom, { isAligned }: { isAligned: boolean }): number =>
  isAligned || random.chance(0.6) ? 8 * (random.below(32) - 8) : random.below(512) - 128;

/** A double, or a NaN-boxed single or half. */
export function floatValue(random: SeededRandom): bigint {
  const format = random.pick(FORMATS);
  return random.chance(0.4) ? random.pick(edgeValues(format)) : randomValue(random, format);
}
