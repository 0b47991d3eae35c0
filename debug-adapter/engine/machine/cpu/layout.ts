import { assert } from '../../base/assert.ts';
import { PAGE_SIZE_BYTES } from '../../base/quantities.ts';

/**
 * Where things live in the one WebAssembly.Memory that the hart, its caches and guest RAM share. All addresses are
 * constants, so that generated code can name them and is the same for every size of RAM, which comes last: the tables
 * before it have room for the most there can be, and what is never touched costs no memory.
 *
 *   0x0000     nothing
 *   0x0400     hart state: integer and floating-point registers, then 8-byte slots (SLOT)
 *   0x1000     CSR number -> index of its handler, one byte for each of 4096
 *   0x2000     a decode entry and its end mark for instructions that straddle a page
 *   0x3000     the constants of a hash that reads RAM in place
 *   0x4000     list of TLB entries filled for paged contexts, to flush only those
 *   0x8000     how often jumps came to decode entries, u16 each, by a hash of the entry's address
 *   0xa000     where indirect calls went
 *   0x10000    data TLBs, one pair (reads, writes) a context
 *   0x290000   fetch TLBs, one a context
 *   0x300000   page flags, hashes, decode-page addresses and code lines, one of each a RAM page
 *              decode pool
 *              the first instruction of each of the translator's regions, decoded by itself
 *              RAM
 */
export const RAM_BASE = 0x8000_0000;
const WASM_PAGE_BYTES = 65536;

export const REGISTERS = 0x400;
/** Where writes to x0 go: one past x31. */
export const SINK = 32;
/** f0 in the register file: floating-point registers have numbers of their own after the sink. */
export const FLOAT_0 = SINK + 1;
/** Integer registers, the sink, floating-point registers. */
export const REGISTER_COUNT = FLOAT_0 + 32;

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

/** Of each hart, too, but derived from its state or from where it stands on the board. */
const HART_SLOTS = [
  /** `mhartid`. */
  'HARTID',
  /** Offset of the current data TLB and fetch TLB. */
  'DATA_CONTEXT',
  'FETCH_CONTEXT',
  /** Not 0: a read of RAM may be another's or forbidden, since addresses are translated or PMP is in use. */
  'READS_CHECKED',
  /** The bits of mip that devices and timers drive. */
  'MIP_LINES',
] as const;

/** Scratch, or the machine's: one for all harts. */
const SHARED_SLOTS = [
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
  'FLUSH_COUNT',
  /** How often a jump must come to a place for its code to be translated; 0 for never. */
  'HOT_THRESHOLD',
  /** Which optional extensions the machine has: bits of extensions.ts. */
  'EXTENSIONS',
  /** Not 0: satp takes Sv48. */
  'HAS_SV48',
  /** How many writes to pages that hold code were not done in place. */
  'WRITES_BESIDE_CODE',
  /** Address and size of RAM. */
  'RAM_START',
  'RAM_BYTES',
] as const;

const slotNames = [...HART_SLOTS, ...STATE_SLOTS, ...SHARED_SLOTS] as const;

export type SlotName = (typeof slotNames)[number];

/** Address of each 8-byte slot of hart state. */
export const SLOT = Object.fromEntries(
  slotNames.map((name, i) => [name, REGISTERS + (REGISTER_COUNT + i) * 8]),
) as Record<SlotName, number>;

/** All that a hart has for itself, in 8-byte words from REGISTERS on: what is exchanged when another one's turn comes. */
export const BANK_WORDS = REGISTER_COUNT + HART_SLOTS.length + STATE_SLOTS.length;

/** What a cache-block instruction works on: as long, and as aligned. */
export const BLOCK_BYTES = 64;

export const CSR_INDEX = 0x1000;
export const STRADDLE_ENTRY = 0x2000;
/** An instruction decoded by itself, with an end mark behind either length of it. */
export const LONE_ENTRY_BYTES = 3 * 16;
export const HASH_CONSTANTS = 0x3000;
export const FLUSH_LIST = 0x4000;
export const FLUSH_LIST_ENTRIES = 4096;

export const HOT_COUNTS = 0x8000;
export const HOT_COUNTS_ENTRIES = 4096;

/**
 * What indirect calls do, by a hash of where they return to: {i64 that address, i64 where the last one went}. Bit 0 of the
 * latter says that they have gone to several places.
 */
export const CALL_TARGETS = 0xa000;
export const CALL_TARGETS_ENTRIES = 1024;

/**
 * Data TLBs: 16384 (64 MiB of pages) direct-mapped entries of {i64 tag, i32 addend} in 16 bytes, reads and writes apart. A tag is the
 * virtual page; -1 matches nothing. Contexts keep privilege changes from flushing: 0 is untranslated, 1 is S, 2 is U,
 * 3 is S with SUM, 4 is untranslated below M while PMP tells them apart.
 */
export const TLB_ENTRIES = 16384;
/** In the tag of a write: the page holds code, so only its lines without any may be written in place (CODE_LINES). */
export const TAG_BESIDE_CODE = 0x800;
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
export const DECODE_POOL_PAGES = 4096;
/** A kernel and its programs have some thousand hot places at a time. */
export const REGION_SLOTS = 16384;

/** Page flags. A page is written without a look only while all three dirty marks are set and it holds no code. */
export const PAGE_DIRTY_TLB = 1;
export const PAGE_DIRTY_DIGEST = 2;
export const PAGE_DIRTY_SNAPSHOT = 4;
export const PAGE_DIRTY_ALL = 7;
export const PAGE_CODE = 8;
export const PAGE_WATCHED = 16;
/** Page tables were read here: translations depend on this page. */
export const PAGE_TABLE = 32;
/** Regions of the translator were made from code here. */
export const PAGE_TRANSLATED = 64;

const RAM_BYTES_MAX = (2 << 30) >>> 0;
const RAM_PAGES_MAX = RAM_BYTES_MAX / PAGE_SIZE_BYTES;

/** u8 a RAM page. */
export const PAGE_FLAGS = 0x300000;
/** i64 a RAM page: its share of the RAM digest. */
export const PAGE_HASHES = PAGE_FLAGS + RAM_PAGES_MAX;
/** i32 a RAM page: address of its decode entries, 0 for none. */
export const DECODE_PAGES = PAGE_HASHES + RAM_PAGES_MAX * 8;
/** A bit for each CODE_LINE_BYTES of RAM: something there was decoded or translated, while its page has PAGE_CODE. */
export const CODE_LINES = DECODE_PAGES + RAM_PAGES_MAX * 4;
export const CODE_LINE_BYTES = 16;
export const CODE_LINES_PAGE_BYTES = PAGE_SIZE_BYTES / CODE_LINE_BYTES / 8;
export const DECODE_POOL = CODE_LINES + RAM_PAGES_MAX * CODE_LINES_PAGE_BYTES;
/** A lone entry for each of REGION_SLOTS. */
export const REGION_ENTRIES = DECODE_POOL + DECODE_POOL_PAGES * DECODE_PAGE_BYTES;
export const RAM = alignUp(REGION_ENTRIES + REGION_SLOTS * LONE_ENTRY_BYTES, WASM_PAGE_BYTES);

/** Size of the whole memory in WebAssembly pages. */
export function wasmPagesFor(ramBytes: number): number {
  assert(ramBytes > 0 && ramBytes % PAGE_SIZE_BYTES === 0, 'RAM is a whole number of pages');
  assert(ramBytes <= RAM_BYTES_MAX, 'RAM fits behind the tables that describe it');
  return (RAM + alignUp(ramBytes, WASM_PAGE_BYTES)) / WASM_PAGE_BYTES;
}

function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
