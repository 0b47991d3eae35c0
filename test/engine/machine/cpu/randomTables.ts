import type { SeededRandom } from '../../../support/seededRandom.ts';
import { a, type Item } from './assembler.ts';
import { DATA, DATA_PAGES, DATA_VA, LEAVES, MIDDLE, type ProgramKind, ROOT, TOP } from './randomLayout.ts';

/** The page tables of a random program: entries with random permissions. */
export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 };
export const pte = (address: number, flags: number): bigint => (BigInt(address >>> 12) << 10n) | BigInt(flags);

export function storeConstant(address: number, value: bigint): Item[] {
  return [a.li(5, address), a.li(6, value), a.sd(6, 0, 5)];
}

/** Sets new permissions for the data pages and the superpages. */
export function tables(random: SeededRandom, kind: ProgramKind): Item[] {
  const leaves = Array.from({ length: DATA_PAGES }, (_, i) => storeConstant(LEAVES + 8 * i, leaf(random, kind)));
  const superpage = pte(DATA + (random.chance(0.1) ? 4096 : 0), leafFlags(random));
  return [leaves, storeConstant(MIDDLE + 8, superpage), kind === 'general' ? [] : largerPages(random, kind)];
}

/**
 * Sets entries for a gigapage and a terapage, sometimes misaligned, and a table pointer that may have bits that are
 * valid only in leaves.
 */
function largerPages(random: SeededRandom, kind: ProgramKind): Item[] {
  const location = (base: number) => base + (random.chance(0.15) ? 2 ** (12 + random.below(18)) : 0);
  const table = pte(MIDDLE, PTE.V | random.pick([0, 0, 0, 0, 0, PTE.G, PTE.A, PTE.D, PTE.U]));
  return [
    storeConstant(ROOT + 8 * 4, withType(random, kind, pte(location(0x8000_0000), leafFlags(random)))),
    storeConstant(ROOT + 8 * (DATA_VA >>> 30), random.chance(0.1) ? withType(random, 'blocks', table) : table),
    storeConstant(TOP + 8, withType(random, kind, pte(location(0), leafFlags(random)))),
  ];
}

/** Adds one of Svpbmt's memory types to some of the entries. */
const withType = (random: SeededRandom, kind: ProgramKind, entry: bigint): bigint =>
  kind === 'blocks' && random.chance(0.4) ? entry | (BigInt(random.below(4)) << 61n) : entry;

/**
 * A leaf entry, sometimes with a reserved bit. It never maps a page outside memory. If an access crosses into such a
 * page and faults, the manual does not define which part of the access is performed, and QEMU performs the parts in a
 * different order.
 */
export function leaf(random: SeededRandom, kind: ProgramKind): bigint {
  const entry = withType(random, kind, pte(DATA + 4096 * random.below(DATA_PAGES), leafFlags(random)));
  if (random.chance(0.03)) return entry | (1n << BigInt(54 + random.below(7)));
  return random.chance(0.3) ? entry | (BigInt(random.below(4)) << 8n) : entry;
}

/** Random permissions; most pages permit most accesses. */
export function leafFlags(random: SeededRandom): number {
  let flags = PTE.V | PTE.R | PTE.W;
  if (random.chance(0.3)) flags |= PTE.X;
  if (random.chance(0.5)) flags |= PTE.U;
  if (random.chance(0.5)) flags |= PTE.A;
  if (random.chance(0.5)) flags |= PTE.D;
  if (random.chance(0.1)) flags |= PTE.G;
  for (const bit of [PTE.V, PTE.R, PTE.W]) if (random.chance(0.08)) flags &= ~bit;
  // If an AMO may read a page but not write to it, QEMU 7.2 sets the A bit before the AMO faults.
  if (!(flags & PTE.W)) flags |= PTE.A;
  return flags;
}
