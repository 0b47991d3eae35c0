import { assert } from '../../base/assert.ts';
import { MEMORY_BYTES_MAX } from '../../base/limits.ts';
import { PAGE_SIZE_BYTES } from '../../base/quantities.ts';

export { RAM_BASE } from '../memoryMap.ts';

const WASM_PAGE_BYTES = 65536;

/**
 * The layout of the single WebAssembly.Memory that the hart, its caches and guest RAM share. All addresses are
 * constants, so generated code can contain them and is the same for every RAM size. RAM comes last: the tables before
 * it are sized for the maximum, and untouched memory costs nothing.
 *
 *   0x0000     unused
 *   0x0400     hart state: integer and floating-point registers, then 8-byte slots (SLOT)
 *   0x1000     CSR number -> index of its handler, one byte for each of the 4096 numbers
 *   0x2000     a decode entry and its end mark, for instructions that straddle a page boundary
 *   0x2200     bits for the virtual pages that contain breakpoints
 *   0x2800     page table entries that the step in progress has marked as accessed or dirty
 *   0x2c00     watched registers
 *   0x3000     constants of the hash function that reads RAM in place
 *   0x4000     list of TLB entries filled for paged contexts, so that only these are flushed
 *   0x8000     counts of jumps to decode entries, u16 each, indexed by a hash of the entry's address
 *   0xa000     targets of indirect calls
 *   0x10000    data TLBs, one pair (reads, writes) per context
 *   0x290000   fetch TLBs, one per context
 *   0x300000   page flags, hashes, decode page addresses, code lines and watched words of each RAM page
 *              decode pool
 *              the first instruction of each of the translator's regions, decoded separately
 *              RAM
 */
export const REGISTERS = 0x400;
/** The index of the sink register, which replaces x0 as a destination so that x0 stays 0. It comes after x31. */
export const SINK = 32;
/** The index of f0: floating-point registers follow the sink register. */
export const FLOAT_0 = SINK + 1;
/** The total number of integer and floating-point registers, including the sink register. */
export const REGISTER_COUNT = FLOAT_0 + 32;

/** The part of the hart state that is saved, restored and digested. */
export const STATE_SLOTS = [
  'PC',
  /** The privilege mode: 0 U, 1 S, 3 M (Volume II, section 1.2). */
  'PRIVILEGE',
  /** 1 while the hart is waiting in WFI. */
  'WAITING',
  /** The number of steps that retired no instruction. */
  'NOT_RETIRED',
  /**
   * The differences between `mcycle` and the number of steps, and between `minstret` and the number of retired
   * instructions. Guest writes to these registers change them.
   */
  'MCYCLE_OFFSET',
  'MINSTRET_OFFSET',
  /** The reservation made by LR: its physical address and value. */
  'RESERVED',
  'RESERVED_ADDRESS',
  'RESERVED_VALUE',
  /** The bits of mip that software has set. */
  'MIP_SOFTWARE',
  /** The exception flags and rounding mode of the floating-point unit. */
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

/** Per-hart slots that are derived from the hart's state or number and therefore not saved. */
const HART_SLOTS = [
  /** `mhartid`. */
  'HARTID',
  /** The offsets of the active data TLB and fetch TLB. */
  'DATA_CONTEXT',
  'FETCH_CONTEXT',
  /** Nonzero if a read of RAM needs translation or a PMP check. */
  'READS_CHECKED',
  /** The bits of mip that are driven by devices and timers. */
  'MIP_LINES',
] as const;

/** Slots that are scratch space or are shared by all harts. */
const SHARED_SLOTS = [
  /** Nonzero if an exception with CAUSE and TVAL must be taken. */
  'FAULT',
  'CAUSE',
  'TVAL',
  /** The number of entries in WATCHED_REGISTERS. */
  'REGISTERS_WATCHED',
  /** 1 if the hart must end its run after a step that may have changed a CSR; otherwise 0. */
  'CSRS_WATCHED',
  /** The exceptions that are reported before they are taken: one bit for each cause. */
  'EXCEPTIONS_WATCHED',
  /**
   * The number of page table entries in which the step in progress has set A or D bits, and the position of that step.
   * The entries are in MARKED_ENTRIES.
   */
  'MARKED_COUNT',
  'MARKED_POSITION',
  /** Nonzero if the interpreter must leave its loop after this instruction, because of a device or an interrupt. */
  'ATTENTION',
  /** The number of steps left, stored before any call that reads the position. */
  'BUDGET',
  /** The position at which the budget is used up. */
  'STEPS_END',
  /** The nanoseconds by which skipped idle time and clock jumps have moved virtual time ahead of the position. */
  'CLOCK_OFFSET',
  /** The ticks that the guest added to mtime by writing it. */
  'TICK_DELTA',
  'FLUSH_COUNT',
  /** The number of jumps to a target after which its code is translated; 0 if code is never translated. */
  'HOT_THRESHOLD',
  /** The machine's optional extensions, as `EXTENSION_BIT`s (extensions.ts). */
  'EXTENSIONS',
  /** Nonzero if satp supports Sv48. */
  'HAS_SV48',
  /** The number of slow-path accesses to pages whose TLB entries have a tag bit. */
  'TAGGED_ACCESSES',
  /**
   * The decode entry of the `besideWatched` region that was last left before a memory access. An `amongWatched` region
   * might have made the access in place (translator/taggedPages.ts).
   */
  'LEFT_BESIDE_WATCHED',
  /** Nonzero while a watchpoint reports every access, even if the bytes do not change. */
  'ACCESSES_WATCHED',
  /** The range from the first to the last watched double word: its address in the WebAssembly memory, and its size. */
  'WATCHED_START',
  'WATCHED_BYTES',
  /** The address and size of RAM. */
  'RAM_START',
  'RAM_BYTES',
] as const;

const slotNames = [...HART_SLOTS, ...STATE_SLOTS, ...SHARED_SLOTS] as const;

export type SlotName = (typeof slotNames)[number];

/** The address of each 8-byte slot in the hart state. */
export const SLOT = Object.fromEntries(
  slotNames.map((name, i) => [name, REGISTERS + (REGISTER_COUNT + i) * 8]),
) as Record<SlotName, number>;

/** The size of a hart context in 8-byte words, starting at REGISTERS: the state copied in a context switch. */
export const CONTEXT_WORDS = REGISTER_COUNT + HART_SLOTS.length + STATE_SLOTS.length;

/** The size and alignment of a cache block. */
export const BLOCK_BYTES = 64;

export const CSR_INDEX = 0x1000;
export const STRADDLE_ENTRY = 0x2000;
/** The size of a separately decoded instruction and two end marks, one for each possible length of the instruction. */
export const SINGLE_ENTRY_BYTES = 3 * 16;
/** One bit for each residue class of virtual page numbers, set if a page in this class contains a breakpoint. */
export const BREAK_PAGES = 0x2200;
export const BREAK_PAGES_BYTES = 128;
/**
 * Each item describes a page table entry in 16 bytes: {i64 value before the step, i32 offset in RAM}. A step sets A or
 * D in at most two page table entries for its fetch and two for its access.
 */
export const MARKED_ENTRIES = 0x2800;
export const MARKED_ENTRY_BYTES = 16;
export const MARKED_ENTRIES_MAX = 4;
/**
 * Each entry is {i64 value at the start of the run, i32 address of the register} in 16 bytes. Unused entries repeat the
 * first.
 */
export const WATCHED_REGISTERS = 0x2c00;
export const WATCHED_REGISTER_BYTES = 16;
export const WATCHED_REGISTERS_MAX = 4;
export const HASH_CONSTANTS = 0x3000;
export const FLUSH_LIST = 0x4000;
export const FLUSH_LIST_ENTRIES = 4096;

export const JUMP_COUNTS = 0x8000;
export const HOT_COUNTS_ENTRIES = 4096;

/**
 * The targets of indirect calls, indexed by a hash of the return address: {i64 return address, i64 last target}. Bit 0
 * of the target is set if the call has had different targets.
 */
export const CALL_TARGETS = 0xa000;
export const CALL_TARGETS_ENTRIES = 1024;

/**
 * Data TLBs: 16384 direct-mapped entries (64 MiB of pages), {i64 tag, i32 addend} in 16 bytes, separate for reads and
 * writes. The tag is the virtual page; -1 matches nothing. There is one TLB per context, so that a privilege change
 * does not require a flush. Context 0 is untranslated, 1 is S, 2 is U, 3 is S with SUM, and 4 is untranslated below M.
 * Context 4 is used while PMP rules differ between M-mode and the lower modes.
 */
export const TLB_ENTRIES = 16384;
/**
 * A tag bit in the TLBs, copied from the page flags: the page contains code, so only its lines without code may be
 * written in place (CODE_LINES).
 */
export const TAG_HAS_CODE = 0x800;
/**
 * A tag bit like TAG_HAS_CODE: the page contains watched bytes, so only words without watched bytes may be accessed in
 * place (WATCHED_WORDS). While ACCESSES_WATCHED is 0, a write that does not change the bytes may be made in place too.
 */
export const TAG_WATCHED = 0x400;
/** The tag bits are PAGE_CODE and PAGE_WATCHED, shifted left by this number of bits. */
export const TAG_SHIFT = 7;
export const TLB_BYTES = TLB_ENTRIES * 16;
export const READ_TLB = 0x10000;
export const WRITE_TLB = READ_TLB + TLB_BYTES;
export const DATA_CONTEXT_BYTES = 2 * TLB_BYTES;
export const DATA_CONTEXTS = 5;

/**
 * Fetch TLBs: {i64 tag, i32 address of the page's decode entries}; context 0 is untranslated, 1 is S, 2 is U, and 3
 * corresponds to context 4 of the data TLBs.
 */
export const FETCH_TLB = READ_TLB + DATA_CONTEXTS * DATA_CONTEXT_BYTES;
export const FETCH_TLB_ENTRIES = 1024;
export const FETCH_CONTEXT_BYTES = FETCH_TLB_ENTRIES * 16;
export const FETCH_CONTEXTS = 4;

/**
 * A decode entry: u8 operation, u8 distance to the next entry, u16 rd*8, u16 rs1*8, u16 rs2*8, i32 immediate, i32 raw.
 */
export const ENTRY_BYTES = 16;
/** The size of a page of decode entries: one entry for each halfword, and an end mark. */
export const DECODE_PAGE_BYTES = (PAGE_SIZE_BYTES / 2 + 1) * ENTRY_BYTES;
/** The pool holds decode entries for 16 MiB of guest code; when it is full, all entries are dropped. */
export const DECODE_POOL_PAGES = 4096;
/**
 * The maximum number of regions. This is enough for a kernel and its programs, which have a few thousand hot regions at
 * a time.
 */
export const REGION_SLOTS = 16384;

/**
 * The flags of a RAM page. Writes take the fast path only if all three dirty flags are set and the page contains
 * neither code nor watched bytes.
 */
export const PAGE_DIRTY_TLB = 1;
export const PAGE_DIRTY_DIGEST = 2;
export const PAGE_DIRTY_SNAPSHOT = 4;
export const PAGE_DIRTY_ALL = 7;
/** The page contains watched bytes. */
export const PAGE_WATCHED = 8;
export const PAGE_CODE = 16;
/** The page contains page tables that were walked, so translations depend on the page. */
export const PAGE_TABLE = 32;
/** The page contains code that was translated to regions. */
export const PAGE_TRANSLATED = 64;
/** The page contains bytes whose reads are watched. It also has PAGE_WATCHED. */
export const PAGE_READS_WATCHED = 128;

const RAM_PAGES_MAX = MEMORY_BYTES_MAX / PAGE_SIZE_BYTES;

/** The flags of each RAM page, a u8 per page. */
export const PAGE_FLAGS = 0x300000;
/** The block hash of each RAM page in the RAM digest, an i64 per page. */
export const PAGE_HASHES = PAGE_FLAGS + RAM_PAGES_MAX;
/** The address of the decode entries of each RAM page, an i32 per page; 0 for none. */
export const DECODE_PAGES = PAGE_HASHES + RAM_PAGES_MAX * 8;
/**
 * One bit for each line of CODE_LINE_BYTES bytes in RAM, set if code in the line was decoded or translated. Valid while
 * the line's page has PAGE_CODE.
 */
export const CODE_LINES = DECODE_PAGES + RAM_PAGES_MAX * 4;
export const CODE_LINE_BYTES = 16;
export const CODE_LINES_PAGE_BYTES = PAGE_SIZE_BYTES / CODE_LINE_BYTES / 8;
/** One bit for each word of 4 bytes in RAM, set if a watchpoint includes a byte of the word. */
export const WATCHED_WORDS = CODE_LINES + RAM_PAGES_MAX * CODE_LINES_PAGE_BYTES;
export const WATCHED_WORDS_PAGE_BYTES = PAGE_SIZE_BYTES / 4 / 8;
export const DECODE_POOL = WATCHED_WORDS + RAM_PAGES_MAX * WATCHED_WORDS_PAGE_BYTES;
/** The address of the separately decoded entries, one for each of the REGION_SLOTS regions. */
export const REGION_ENTRIES = DECODE_POOL + DECODE_POOL_PAGES * DECODE_PAGE_BYTES;
export const RAM = alignUp(REGION_ENTRIES + REGION_SLOTS * SINGLE_ENTRY_BYTES, WASM_PAGE_BYTES);

/** The size of the whole memory in WebAssembly pages. `ramBytes` must be a multiple of the page size. */
export function wasmPagesFor(ramBytes: number): number {
  assert(ramBytes > 0 && ramBytes % PAGE_SIZE_BYTES === 0, 'RAM is a whole number of pages');
  assert(ramBytes <= MEMORY_BYTES_MAX, 'RAM fits after the tables that describe it');
  return (RAM + alignUp(ramBytes, WASM_PAGE_BYTES)) / WASM_PAGE_BYTES;
}

function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
