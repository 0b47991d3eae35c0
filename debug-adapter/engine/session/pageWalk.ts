import { csrNumber } from '../isa/csrs.ts';
import {
  entryProblem,
  type EntryProblem,
  isCanonical,
  isLeafEntry,
  levelsOf,
  MENVCFG_PBMTE,
  PTE,
  PTE_BYTES,
  walkPageTables,
} from '../isa/pageTables.ts';
import { EXCEPTION, MSTATUS, PRIVILEGE } from '../isa/traps.ts';
import type { Inspector } from '../target/inspector.ts';

export type PageAccess = 'fetch' | 'load' | 'store';

/** A walk through the page tables for one access and, if the walk fails, the reason. */
export interface PageWalk {
  /** The number of page table levels: 3 for Sv39, 4 for Sv48. */
  levelCount: number;
  satp: bigint;
  /** The effective privilege mode of the access. */
  privilege: number;
  /** The entries that the walk reads, from the root. Empty if the address is not canonical. */
  entries: readonly WalkedEntry[];
  /** Undefined if the walk succeeds. */
  problem: WalkProblem | undefined;
}

/** An entry that a walk reads. */
export interface WalkedEntry {
  /** The level of the page table that contains the entry; 0 is the lowest. */
  level: number;
  /** The physical address of the entry. */
  address: bigint;
  /** Undefined if there is no RAM at the address. */
  value: bigint | undefined;
}

/** Why a walk fails. If the address is canonical, the problem is in the last entry that the walk reads. */
export type WalkProblem =
  | 'notCanonical'
  | 'tableNotInRam'
  | EntryProblem
  | 'userPage'
  | 'userPageWithoutSum'
  | 'supervisorPage'
  | 'notReadable'
  | 'notWritable'
  | 'notExecutable';

/** The kind of access that caused a page fault with this cause code; undefined for other exceptions. */
export function accessOfPageFault(cause: number): PageAccess | undefined {
  switch (cause) {
    case EXCEPTION.INSTRUCTION_PAGE_FAULT:
      return 'fetch';
    case EXCEPTION.LOAD_PAGE_FAULT:
      return 'load';
    case EXCEPTION.STORE_PAGE_FAULT:
      return 'store';
    default:
      return undefined;
  }
}

/**
 * Walks the page tables as the hart does for an access in its current state, without setting accessed or dirty bits.
 * Undefined if the access is not translated. PMP is not checked, because PMP violations cause access faults, not page
 * faults.
 */
export function walkForAccess(inspector: Inspector, address: bigint, access: PageAccess): PageWalk | undefined {
  const satp = csrOf(inspector, 'satp');
  const levelCount = levelsOf(satp);
  const privilege = privilegeOf(inspector, access);
  if (privilege === PRIVILEGE.MACHINE || levelCount === undefined) return undefined;
  const pbmte = (csrOf(inspector, 'menvcfg') & MENVCFG_PBMTE) !== 0n;
  const entries: WalkedEntry[] = [];
  const readEntry = (at: bigint): bigint | undefined => {
    const value = entryAt(inspector, at);
    entries.push({ level: levelCount - 1 - entries.length, address: at, value });
    return value;
  };
  walkPageTables(address, { satp, pbmte, readEntry });
  const last = entries.at(-1);
  const problem = !isCanonical(address, levelCount)
    ? 'notCanonical'
    : last?.value === undefined
      ? 'tableNotInRam'
      : (entryProblem(last.value, { level: last.level, pbmte }) ??
        permissionProblem(inspector, { entry: last.value, privilege, access }));
  return { levelCount, satp, privilege, entries, problem };
}

/** Volume II, "Memory Privilege in mstatus Register": MPRV applies to loads and stores. */
function privilegeOf(inspector: Inspector, access: PageAccess): number {
  const mstatus = Number(csrOf(inspector, 'mstatus') & 0xffff_ffffn);
  const isModified = access !== 'fetch' && (mstatus & MSTATUS.MPRV) !== 0;
  return isModified ? (mstatus & MSTATUS.MPP) >> MSTATUS.MPP_SHIFT : inspector.privilege;
}

/** Checks the rules for a leaf entry (Volume II, "Virtual Address Translation Process", steps 6 to 8). */
function permissionProblem(
  inspector: Inspector,
  { entry, privilege, access }: { entry: bigint; privilege: number; access: PageAccess },
): WalkProblem | undefined {
  if (!isLeafEntry(entry)) return undefined;
  const mstatus = csrOf(inspector, 'mstatus');
  const has = (bit: bigint) => (entry & bit) !== 0n;
  const isSet = (bit: number) => (mstatus & BigInt(bit)) !== 0n;
  if (privilege === PRIVILEGE.USER && !has(PTE.U)) return 'supervisorPage';
  if (privilege === PRIVILEGE.SUPERVISOR && has(PTE.U)) {
    if (access === 'fetch') return 'userPage';
    if (!isSet(MSTATUS.SUM)) return 'userPageWithoutSum';
  }
  if (access === 'fetch') return has(PTE.X) ? undefined : 'notExecutable';
  if (access === 'store') return has(PTE.W) ? undefined : 'notWritable';
  return has(PTE.R) || (has(PTE.X) && isSet(MSTATUS.MXR)) ? undefined : 'notReadable';
}

function entryAt(inspector: Inspector, address: bigint): bigint | undefined {
  const bytes = address < 1n << 53n ? inspector.readPhysical(Number(address), PTE_BYTES) : undefined;
  return bytes && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

/** The value of a CSR; 0 if the hart does not implement it. */
const csrOf = (inspector: Inspector, name: string): bigint => inspector.csr(csrNumber(name)) ?? 0n;
