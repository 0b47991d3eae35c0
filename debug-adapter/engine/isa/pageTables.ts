/**
 * Sv39 and Sv48 page tables (Volume II, "Virtual Address Translation Process", "Sv39", "Sv48", "Svpbmt"): their levels,
 * the bits of their entries, and the rules that make an entry invalid. Both the hart's generated page walk
 * (machine/cpu/mmu.ts) and `walkPageTables` use this description. It does not include permissions, which depend on the
 * access.
 */

/** The values of the mode field of `satp`. */
export const SATP_MODE = { BARE: 0, SV39: 8, SV48: 9 } as const;
/** The mode is in bits 63-60 of `satp`, and the page number of the root table in bits 43-0. */
export const SATP = { MODE_SHIFT: 60, ROOT: (1n << 44n) - 1n } as const;

/** The number of page table levels in each mode that translates addresses. */
export const LEVELS = { [SATP_MODE.SV39]: 3, [SATP_MODE.SV48]: 4 } as const;

export const PAGE_BITS = 12;
/** The number of address bits that each level translates. */
export const INDEX_BITS = 9;
export const PTE_BYTES = 8;

/** The number of address bits below the index of a level. Level 0 is the lowest. */
export const levelShift = (level: number): number => PAGE_BITS + INDEX_BITS * level;

/** The bits of a page table entry. */
export const PTE = {
  V: 1n << 0n,
  R: 1n << 1n,
  W: 1n << 2n,
  X: 1n << 3n,
  U: 1n << 4n,
  G: 1n << 5n,
  A: 1n << 6n,
  D: 1n << 7n,
  /** The memory type (Svpbmt), which has no effect on this machine. */
  PBMT: 3n << 61n,
  /** The bit defined by Svnapot, which is not implemented. */
  N: 1n << 63n,
} as const;

/** The physical page number in an entry. */
export const PPN = { SHIFT: 10, MASK: (1n << 44n) - 1n } as const;

/** An entry with any of these bits is a leaf, which maps a page. Other entries point to a table at the next level. */
export const LEAF = PTE.R | PTE.X;

/** Why an entry causes a page fault for every access. */
export type EntryProblem =
  | 'notValid'
  | 'writableButNotReadable'
  | 'reservedMemoryType'
  | 'reservedBits'
  /** The entry points to a table, but has bits that are valid only in leaves. */
  | 'leafBitsInPointer'
  /** The entry is in a lowest-level table, but is not a leaf. */
  | 'noLeaf'
  | 'misalignedSuperpage';

/** An entry causes a page fault if its bits in the mask `bits` have the value `are`. */
export interface InvalidValue {
  bits: bigint;
  are: bigint;
  problem: EntryProblem;
}
export const INVALID_VALUES: readonly InvalidValue[] = [
  { bits: PTE.V, are: 0n, problem: 'notValid' },
  { bits: PTE.R | PTE.W, are: PTE.W, problem: 'writableButNotReadable' },
  { bits: PTE.PBMT, are: PTE.PBMT, problem: 'reservedMemoryType' },
];

/** The bit of `menvcfg` that enables Svpbmt. */
export const MENVCFG_PBMTE = 1n << 62n;

/** An entry causes a page fault if one of its reserved bits is set. Which bits are reserved depends on the entry. */
export const RESERVED = {
  ALWAYS: (0x7fn << 54n) | PTE.N,
  /** Reserved while menvcfg.PBMTE is clear. */
  WITHOUT_PBMTE: PTE.PBMT,
  /** Reserved in entries that point to a table, because these bits are valid only in leaves. */
  IN_POINTERS: PTE.A | PTE.D | PTE.U | PTE.PBMT,
} as const;

/**
 * Translates a virtual address to a physical address with the page tables. Does not set any A or D bits. Undefined if
 * the walk causes a page fault, or if `readEntry` returns undefined because there is no RAM at the address of an entry.
 */
export function walkPageTables(
  address: bigint,
  context: { satp: bigint; pbmte: boolean; readEntry: (address: bigint) => bigint | undefined },
): bigint | undefined {
  const { satp, pbmte, readEntry } = context;
  const levels = levelsOf(satp);
  if (levels === undefined || !isCanonical(address, levels)) return undefined;
  let table = rootTable(satp);
  for (let level = levels - 1; level >= 0; level--) {
    const shift = BigInt(levelShift(level));
    const index = (address >> shift) & ((1n << BigInt(INDEX_BITS)) - 1n);
    const entry = readEntry(table + index * BigInt(PTE_BYTES));
    if (entry === undefined || entryProblem(entry, { level, pbmte })) return undefined;
    const base = pageAddressIn(entry);
    if (isLeafEntry(entry)) return base | (address & ((1n << shift) - 1n));
    table = base;
  }
  return undefined;
}

/** Why an entry in a table at this level causes a page fault for every access; undefined if it does not. */
export function entryProblem(
  entry: bigint,
  { level, pbmte }: { level: number; pbmte: boolean },
): EntryProblem | undefined {
  const invalid = INVALID_VALUES.find(({ bits, are }) => (entry & bits) === are);
  if (invalid) return invalid.problem;
  if (entry & (pbmte ? RESERVED.ALWAYS : RESERVED.ALWAYS | RESERVED.WITHOUT_PBMTE)) return 'reservedBits';
  if (isLeafEntry(entry)) {
    const offset = (1n << BigInt(levelShift(level))) - 1n;
    return pageAddressIn(entry) & offset ? 'misalignedSuperpage' : undefined;
  }
  if (entry & RESERVED.IN_POINTERS) return 'leafBitsInPointer';
  return level === 0 ? 'noLeaf' : undefined;
}

/** Whether an entry maps a page. Other entries point to a table. */
export const isLeafEntry = (entry: bigint): boolean => (entry & LEAF) !== 0n;

/** The physical address of the root table. */
export const rootTable = (satp: bigint): bigint => (satp & SATP.ROOT) << BigInt(PAGE_BITS);

/**
 * The physical address in an entry: the address of the page if the entry is a leaf, otherwise that of the next table.
 */
export const pageAddressIn = (entry: bigint): bigint => ((entry >> BigInt(PPN.SHIFT)) & PPN.MASK) << BigInt(PAGE_BITS);

/** The number of levels that `satp` selects; undefined if it does not turn on translation. */
export const levelsOf = (satp: bigint): number | undefined =>
  (LEVELS as Partial<Record<number, number>>)[Number(satp >> BigInt(SATP.MODE_SHIFT))];

/** Whether an address is canonical: all bits above the topmost index must equal the highest bit of that index. */
export const isCanonical = (address: bigint, levels: number): boolean =>
  BigInt.asIntN(levelShift(levels), address) === BigInt.asIntN(64, address);
