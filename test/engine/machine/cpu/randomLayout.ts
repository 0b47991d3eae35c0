/**
 * The memory layout and register conventions of a random program (see randomProgram.ts).
 *
 *   0x80000000   code: handler, blocks             x2, x8, x9 point into the data and are never written;
 *   0x80200000   data, 4 pages, then page tables   mscratch points to the save area
 *   0x80300000   save area
 */
export const CODE = 0x8000_0000n;
export const DATA = 0x8020_0000;
export const DATA_PAGES = 4;
export const ROOT = DATA + DATA_PAGES * 4096;
export const MIDDLE = ROOT + 4096;
export const LEAVES = MIDDLE + 4096;
/** For Sv48: the level above ROOT. */
export const TOP = LEAVES + 4096;
/** The end of the data and their tables. */
export const DATA_END = TOP + 4096;
export const SAVE = 0x8030_0000;
/** Virtual addresses: the data pages in random order and with random permissions, and all of them as a superpage. */
export const DATA_VA = 0x4000_0000;
export const SUPERPAGE_VA = 0x4020_0000;
/** The same through the larger superpages: Sv39 also has the first gigapage. */
export const GIGAPAGE_VA = 0x1_0020_0000;
export const TERAPAGE_VA = 2 ** 39 + DATA;
/** The lower half again, at the end of the address space. */
export const UPPER_HALF = -(2 ** 39);
/** Past the end of RAM, with nothing mapped there. */
export const NOWHERE = 0x9000_0000;
/** A second mapping of the code, for U mode. */
export const USER_CODE_OFFSET = 0x4000_0000n;
export const UART = 0x1000_0000;
export const TEST_DEVICE = 0x10_0000;

export const SAVED = {
  x30: 0,
  x29: 8,
  x28: 16,
  traps: 24,
  end: 32,
  start: 40,
  left: 48,
  next: 56,
  cause: 64,
  pc: 72,
  registers: 80,
};
export const [SP, POINTER, POINTER2] = [2, 8, 9];
export const POINTERS = [SP, POINTER, POINTER2];
/** pmpcfg0 with only entry 7: NAPOT, readable, writable, executable. */
export const PMP_OPEN = 0x1fn << 56n;
export const FS = 3 << 13;
export const MPRV = 1 << 17;
export const TW = 1 << 21;
export const [SUM, MXR] = [1 << 18, 1 << 19];

export type BlockMode = 'M' | 'S' | 'U';

/**
 * `general`: what QEMU 7.2 has, in Sv39. `paging`: accesses in Sv48. `blocks`: also cache blocks, memory types and WRS.
 */
export type ProgramKind = 'general' | 'paging' | 'blocks';

export interface BlockOptions {
  units: number;
  iterations: number;
  name: string;
  mode: BlockMode;
  /**
   * PMP divides the data, and accesses are aligned: the manual leaves open what a partly denied access has already
   * done; QEMU uses a different order. Atomics are left out because QEMU 7.2 checks PMP for the load before the W bit
   * of the page.
   */
  isAligned: boolean;
  /** QEMU 10 sets mtval to the address of an EBREAK, 7.2 to zero. */
  hasBreaks: boolean;
  kind: ProgramKind;
  next: string;
}
