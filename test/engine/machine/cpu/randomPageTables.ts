import { PTE } from '../../../../debug-adapter/engine/isa/pageTables.ts';
import type { SeededRandom } from '../../../support/seededRandom.ts';
import { type BareMachine, START } from './bareMachine.ts';

/** Random page tables and virtual addresses. Most page walks end at a leaf. */
export const MEMORY_BYTES = 4 << 20;
const PAGE = 4096;
const TABLES = Array.from({ length: 12 }, (_, i) => START + 0x10_0000 + i * PAGE);
export const ROOT = TABLES[0];
const NO_RAM = 0x9000_0000;

const ONE_OF_THE_BITS = [PTE.W, PTE.U, PTE.A, PTE.D, 1n << 5n, 1n << 8n, 1n << 61n, 1n << 62n, PTE.PBMT];

/**
 * A random page table entry: usually a valid table pointer or a valid leaf, sometimes with bits that make it invalid.
 */
function randomEntry(random: SeededRandom): bigint {
  const isPointer = random.chance(0.45);
  const page = isPointer
    ? BigInt(random.chance(0.95) ? random.pick(TABLES) : NO_RAM) >> 12n
    : // The address of a page in RAM, outside RAM, or aligned for a superpage.
      random.pick([BigInt(START + random.below(MEMORY_BYTES)), BigInt(NO_RAM), BigInt(START), 0n]) >> 12n;
  const flags = isPointer ? 0n : random.pick([PTE.R, PTE.X, PTE.R | PTE.X, PTE.R | PTE.W, PTE.R | PTE.W | PTE.X]);
  let entry = (page << 10n) | flags | (random.chance(0.95) ? PTE.V : 0n);
  if (!isPointer && random.chance(0.7)) entry |= PTE.A | PTE.D | (random.chance(0.5) ? PTE.U : 0n);
  if (random.chance(0.12)) entry |= random.pick(ONE_OF_THE_BITS);
  if (random.chance(0.03)) entry |= 1n << BigInt(54 + random.below(10));
  return entry;
}

/** Fills all page tables with random entries. */
export function fillTables(machine: BareMachine, random: SeededRandom): void {
  for (const table of TABLES) {
    const entries = new DataView(new ArrayBuffer(PAGE));
    for (let at = 0; at < PAGE; at += 8) entries.setBigUint64(at, randomEntry(random), true);
    machine.ram.write(table, new Uint8Array(entries.buffer));
  }
}

/**
 * A random virtual address, sometimes not canonical. The offset within each page is often small, so that superpages map
 * the address to RAM.
 */
export function randomAddress(random: SeededRandom, levels: number): bigint {
  let address = 0n;
  for (let level = 0; level < levels; level++) {
    const index = random.chance(0.5) ? random.below(2) : random.below(512);
    address = (address << 9n) | BigInt(index);
  }
  address = BigInt.asIntN(12 + 9 * levels, (address << 12n) | BigInt(8 * random.below(512)));
  if (random.chance(0.05)) address ^= 1n << BigInt(12 + 9 * levels - 1 + random.below(64 - 11 - 9 * levels));
  return BigInt.asUintN(64, address);
}
