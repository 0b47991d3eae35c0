import type { Machine } from '../../../../debug-adapter/engine/machine/machine.ts';
import type { MmuType } from '../../../../debug-adapter/engine/machine/cpu/satp.ts';
import { START, words } from './bareMachine.ts';

/**
 * Page tables for tests, by default for Sv39 and optionally for Sv48. One superpage identity-maps RAM for S mode, so
 * that code continues to run when paging is turned on. Tests map single pages, starting at WINDOW.
 */
export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 } as const;
export const ALL = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;
export const WINDOW = 0x4000_0000;

const ROOT = START + 0x8_0000;
const MIDDLE = ROOT + 0x1000;
export const LEAVES = MIDDLE + 0x1000;
const SECOND_ROOT = ROOT + 0x3000;
/**
 * The page table of the Sv48 level above ROOT. It maps the lower half of the Sv39 addresses at both ends of the Sv48
 * address space.
 */
const TOP = ROOT + 0x5000;

export const pte = (address: number, flags: number): bigint => (BigInt(address >>> 12) << 10n) | BigInt(flags);
export const satp = (root = ROOT): bigint => (8n << 60n) | BigInt(root >>> 12);
export const leafAt = (page: number): number => LEAVES + page * 8;

export function writeEntry(machine: Machine, address: number, entry: bigint): void {
  machine.ram.write(address, words(entry));
}

/** Builds the tables and turns translation on, by default in S mode. */
export function startPaging(machine: Machine, privilege: 0 | 1 | 3 = 1, mmu: MmuType = 'sv39'): void {
  writeEntry(machine, ROOT + 8 * (WINDOW >>> 30), pte(MIDDLE, PTE.V));
  writeEntry(machine, ROOT + 8 * (START >>> 30), pte(START, ALL));
  writeEntry(machine, MIDDLE, pte(LEAVES, PTE.V));
  writeEntry(machine, TOP, pte(ROOT, PTE.V));
  writeEntry(machine, TOP + 8 * 511, pte(ROOT, PTE.V));
  machine.hart.setSlot('SATP', mmu === 'sv39' ? satp() : (9n << 60n) | BigInt(TOP >>> 12));
  setPrivilege(machine, privilege);
}

/** Makes a second address space with the same RAM, in which `table` (a page of leaf entries) maps the window. */
export function secondSpace(machine: Machine, table: number): bigint {
  const middle = SECOND_ROOT + 0x1000;
  writeEntry(machine, SECOND_ROOT + 8 * (WINDOW >>> 30), pte(middle, PTE.V));
  writeEntry(machine, SECOND_ROOT + 8 * (START >>> 30), pte(START, ALL));
  writeEntry(machine, middle, pte(table, PTE.V));
  return satp(SECOND_ROOT);
}

/** Maps page number `page` of the window to the physical page at `address`. */
export function map(machine: Machine, page: number, address: number, flags: number): void {
  writeEntry(machine, leafAt(page), pte(address, flags));
}

export const ENTRY = { top: TOP, root: ROOT + 8 * (WINDOW >>> 30), middle: MIDDLE };

/** Sets the hart's privilege and status bits directly, and flushes all translations. */
export function setPrivilege({ hart }: Machine, privilege: number, status = 0n): void {
  hart.setSlot('PRIVILEGE', BigInt(privilege));
  hart.setSlot('MSTATUS', status);
  hart.loadState(hart.saveState());
}
