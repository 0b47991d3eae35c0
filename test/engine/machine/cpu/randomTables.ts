import type { SeededRandom } from '../../../support/seededRandom.ts';
import { a, type Item } from './assembler.ts';
import { DATA, DATA_PAGES, LEAVES, MIDDLE } from './randomLayout.ts';

/** The Sv39 tables of a random program: entries with permissions at random. */
export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 };
export const pte = (address: number, flags: number): bigint => (BigInt(address >>> 12) << 10n) | BigInt(flags);

export function storeConstant(address: number, value: bigint): Item[] {
  return [a.li(5, address), a.li(6, value), a.sd(6, 0, 5)];
}

/** New permissions for the data pages and the superpage. */
export function tables(random: SeededRandom): Item[] {
  const leaves = Array.from({ length: DATA_PAGES }, (_, i) => storeConstant(LEAVES + 8 * i, leaf(random)));
  const superpage = pte(DATA + (random.chance(0.1) ? 4096 : 0), leafFlags(random));
  return [leaves, storeConstant(MIDDLE + 8, superpage)];
}

/**
 * Now and then with a reserved bit. Not of pages outside memory: what an access that crosses into one has done when it
 * faults is left open by the manual, and QEMU's order is another.
 */
export function leaf(random: SeededRandom): bigint {
  const entry = pte(DATA + 4096 * random.below(DATA_PAGES), leafFlags(random));
  if (random.chance(0.03)) return entry | (1n << BigInt(54 + random.below(7)));
  return random.chance(0.3) ? entry | (BigInt(random.below(4)) << 8n) : entry;
}

/** Most pages allow most things. */
export function leafFlags(random: SeededRandom): number {
  let flags = PTE.V | PTE.R | PTE.W;
  if (random.chance(0.3)) flags |= PTE.X;
  if (random.chance(0.5)) flags |= PTE.U;
  if (random.chance(0.5)) flags |= PTE.A;
  if (random.chance(0.5)) flags |= PTE.D;
  if (random.chance(0.1)) flags |= PTE.G;
  for (const bit of [PTE.V, PTE.R, PTE.W]) if (random.chance(0.08)) flags &= ~bit;
  // QEMU 7.2 marks a page that an AMO may only read as accessed before the AMO faults.
  if (!(flags & PTE.W)) flags |= PTE.A;
  return flags;
}
