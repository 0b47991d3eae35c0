import { assert } from '../../base/assert.ts';
import { PAGE_SIZE_BYTES } from '../../base/quantities.ts';

/**
 * Where things live in the one WebAssembly.Memory that the hart, its caches and guest RAM share. Fixed addresses come
 * first, so that generated code can name them as constants; what grows with RAM comes after, RAM itself last.
 *
 *   0x0000     nothing
 *   0x0400     hart state: integer and floating-point registers, then 8-byte slots (SLOT)
 *   0x1000     CSR number -> index of its handler, one byte for each of 4096
 *   0x2000     a decode entry and its end mark for instructions that straddle a page
 *   0x4000     list of TLB entries filled for paged contexts, to flush only those
 *   0x10000    data TLBs, one pair (reads, writes) a context
 *   0xb0000    fetch TLBs, one a context
 *   0x100000   page flags, hashes and decode-page addresses, one of each a RAM page
 *              decode pool
 *              RAM
 */
export const RAM_BASE = 0x8000_0000;

export const REGISTERS = 0x400;
/** Where writes to x0 go: one past x31. */
export const SINK = 32;
/** f0 in the register file: floating-point registers have numbers of their own after the sink. */
export const FLOAT_0 = SINK + 1;
const REGISTER_COUNT = FLOAT_0 + 32;

/** The hart's state: what is saved, restored and digested. */
export const STATE_SLOTS = [
  'PC',
  /** 0 U, 1 S, 3 M (Privileged Architecture, section 1.2). */
  'PRIVILEGE',
  /** 1 while the hart is in WFI. */
  'WAITING',
  /** Steps so far that retired no instruction. */
  'NOT_RETIRED',
  /** What `mcycle` and `minstret` differ by from the counts above, after guest writes. */
  'MCYCLE_OFFSET',
  'MINSTRET_OFFSET',
  /** LR's reservation: its physical address and value. */
  'RESERVED',
  'RESERVED_ADDRESS',
  'RESERVED_VALUE',
  /** The bits of mip that software wrote. */
  'MIP_SOFTWARE',
  /** Flags and rounding mode of the floating-point unit. */
  'FCSR',
  'MSTATUS',
  'MEDELEG',
  'MIDELEG',
  'MIE',
  'MTVEC',
  'MCOUNTEREN',
  'MENVCFG',
  'MSCRATCH',
  'MEPC',
  'MCAUSE',
  'MTVAL',
  'STVEC',
  'SCOUNTEREN',
  'SENVCFG',
  'SSCRATCH',
  'SEPC',
  'SCAUSE',
  'STVAL',
  'STIMECMP',
  'SATP',
  'PMPCFG0',
  'PMPCFG2',
  ...Array.from({ length: 16 }, (_, i) => `PMPADDR${i}` as const),
] as const;

/** Scratch, derived, or the machine's. */
const OTHER_SLOTS = [
  /** Not 0: an exception with CAUSE and TVAL is to be taken. */
  'FAULT',
  'CAUSE',
  'TVAL',
  /** Not 0: leave the loop after this instruction, devices or interrupts want a look. */
  'ATTENTION',
  /** Steps left, stored before anything that asks for the position. */
  'BUDGET',
  /** Position at which the budget is used up. */
  'STEPS_END',
  /** Nanoseconds that idle advances and clock jumps added to the position. */
  'CLOCK_OFFSET',
  /** Added to mtime's ticks by guest writes to it. */
  'TICK_DELTA',
  /** Offset of the current data TLB and fetch TLB. */
  'DATA_CONTEXT',
  'FETCH_CONTEXT',
  'FLUSH_COUNT',
  /** The bits of mip that devices and timers drive. */
  'MIP_LINES',
] as const;

const slotNames = [...OTHER_SLOTS, ...STATE_SLOTS] as const;

export type SlotName = (typeof slotNames)[number];

/** Address of each 8-byte slot of hart state. */
export const SLOT = Object.fromEntries(
  slotNames.map((name, i) => [name, REGISTERS + (REGISTER_COUNT + i) * 8]),
) as Record<SlotName, number>;

export const CSR_INDEX = 0x1000;
export const STRADDLE_ENTRY = 0x2000;
export const FLUSH_LIST = 0x4000;
export const FLUSH_LIST_ENTRIES = 4096;

/**
 * Data TLBs: 4096 direct-mapped entries of {i64 tag, i32 addend} in 16 bytes, reads and writes apart. A tag is the
 * virtual page; -1 matches nothing. Contexts keep privilege changes from flushing: 0 is untranslated, 1 is S, 2 is U,
 * 3 is S with SUM, 4 is untranslated below M while PMP tells them apart.
 */
export const TLB_ENTRIES = 4096;
export const TLB_BYTES = TLB_ENTRIES * 16;
export const READ_TLB = 0x10000;
export const WRITE_TLB = READ_TLB + TLB_BYTES;
export const DATA_CONTEXT_BYTES = 2 * TLB_BYTES;
export const DATA_CONTEXTS = 5;

/** Fetch TLBs: {i64 tag, i32 address of the page's decode entries}; contexts 0 untranslated, 1 S, 2 U, 3 as 4 above. */
export const FETCH_TLB = READ_TLB + DATA_CONTEXTS * DATA_CONTEXT_BYTES;
export const FETCH_TLB_ENTRIES = 1024;
export const FETCH_CONTEXT_BYTES = FETCH_TLB_ENTRIES * 16;
export const FETCH_CONTEXTS = 4;

/** A decode entry: u8 operation, u8 step to the next entry, u16 rd*8, u16 rs1*8, u16 rs2*8, i32 immediate, i32 raw. */
export const ENTRY_BYTES = 16;
/** One entry a halfword, and an end mark. */
export const DECODE_PAGE_BYTES = (PAGE_SIZE_BYTES / 2 + 1) * ENTRY_BYTES;
/** 16 MiB of guest code decoded at a time; beyond that everything is dropped and decoded anew. */
const DECODE_POOL_PAGES_MAX = 4096;

/** Page flags. A page is written without a look only while all three dirty marks are set and it holds no code. */
export const PAGE_DIRTY_TLB = 1;
export const PAGE_DIRTY_DIGEST = 2;
export const PAGE_DIRTY_SNAPSHOT = 4;
export const PAGE_DIRTY_ALL = 7;
export const PAGE_CODE = 8;
export const PAGE_WATCHED = 16;
/** Page tables were read here: translations depend on this page. */
export const PAGE_TABLE = 32;

export interface Layout {
  memoryBytes: number;
  ramPages: number;
  /** u8 a RAM page. */
  pageFlags: number;
  /** i64 a RAM page: its share of the RAM digest. */
  pageHashes: number;
  /** i32 a RAM page: address of its decode entries, 0 for none. */
  decodePages: number;
  decodePool: number;
  decodePoolPages: number;
  ram: number;
  /** Size of the whole memory in 64 KiB WebAssembly pages. */
  wasmPages: number;
}

export function makeLayout(memoryBytes: number, decodePoolPagesMax = DECODE_POOL_PAGES_MAX): Layout {
  assert(memoryBytes > 0 && memoryBytes % PAGE_SIZE_BYTES === 0, 'RAM is a whole number of pages');
  const ramPages = memoryBytes / PAGE_SIZE_BYTES;
  const decodePoolPages = Math.min(ramPages, decodePoolPagesMax);
  const pageFlags = 0x100000;
  const pageHashes = alignUp(pageFlags + ramPages, 4096);
  const decodePages = alignUp(pageHashes + ramPages * 8, 4096);
  const decodePool = alignUp(decodePages + ramPages * 4, 4096);
  const ram = alignUp(decodePool + decodePoolPages * DECODE_PAGE_BYTES, 65536);
  return {
    memoryBytes,
    ramPages,
    pageFlags,
    pageHashes,
    decodePages,
    decodePool,
    decodePoolPages,
    ram,
    wasmPages: (ram + alignUp(memoryBytes, 65536)) / 65536,
  };
}

const alignUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
