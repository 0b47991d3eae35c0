/**
 * The memory layout and register conventions of a random program (see randomProgram.ts).
 *
 *   0x80000000   code: handler, blocks             x2, x8, x9 point to data and are never written
 *   0x80200000   data, 4 pages, then page tables   mscratch points to the save area
 *   0x80300000   save area
 */
export const CODE = 0x8000_0000n;
export const DATA = 0x8020_0000;
export const DATA_PAGES = 4;
export const ROOT = DATA + DATA_PAGES * 4096;
export const MIDDLE = ROOT + 4096;
export const LEAVES = MIDDLE + 4096;
/** The Sv48 table one level above ROOT. */
export const TOP = LEAVES + 4096;
/** The end of the data and its page tables. */
export const DATA_END = TOP + 4096;
export const SAVE = 0x8030_0000;
/**
 * Where the data is mapped: its pages one by one, in random order with random permissions, and again as one superpage.
 */
export const DATA_VA = 0x4000_0000;
export const SUPERPAGE_VA = 0x4020_0000;
/** The addresses of the data in the larger superpages; in Sv39, only the gigapage exists. */
export const GIGAPAGE_VA = 0x1_0020_0000;
export const TERAPAGE_VA = 2 ** 39 + DATA;
/** The start of the upper half of the Sv48 address space, which maps the same memory as the lower half. */
export const UPPER_HALF = -(2 ** 39);
/** An address past the end of RAM, where nothing is mapped. */
export const NOWHERE = 0x9000_0000;
/** The distance to the second mapping of the code, for U mode. */
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
/** The value of pmpcfg0 with only entry 7 in use: NAPOT, readable, writable, executable. */
export const PMP_OPEN = 0x1fn << 56n;
export const FS = 3 << 13;
export const MPRV = 1 << 17;
export const TW = 1 << 21;
export const [SUM, MXR] = [1 << 18, 1 << 19];

export type BlockMode = 'M' | 'S' | 'U';

/**
 * The kinds of program. `general` programs contain all instructions that QEMU 7.2 supports, and use Sv39. `paging`
 * programs access memory through Sv48. `blocks` programs also contain cache-block operations, Svpbmt memory types and
 * WRS instructions.
 */
export type ProgramKind = 'general' | 'paging' | 'blocks';

export interface BlockOptions {
  units: number;
  iterations: number;
  name: string;
  mode: BlockMode;
  /**
   * Whether PMP entries cover only parts of the data. If so, all accesses are aligned, because the manual does not
   * define which part of a partly denied access is performed, and QEMU performs the parts in a different order. Atomics
   * are then left out, because QEMU 7.2 checks PMP for the load before the page's W bit.
   */
  isAligned: boolean;
  /**
   * Whether the programs have EBREAKs. At an EBREAK, QEMU 10 sets mtval to the instruction's address, and QEMU 7.2 sets
   * it to zero.
   */
  hasBreaks: boolean;
  kind: ProgramKind;
  next: string;
}
