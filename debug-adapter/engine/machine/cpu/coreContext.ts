import { type Code, I32, I64, call, i32, i64 } from '../../base/wasm/code.ts';
import type { FunctionHandle, FunctionType, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import { EXCEPTION, PRIVILEGE } from '../../isa/traps.ts';
import { EXTENSION_BIT, type ExtensionName } from './extensions.ts';
import { RAM, RAM_BASE, SLOT, type SlotName } from './layout.ts';
// Cycle: the core contains handles to these helpers, which are generated for a core.
import type { FloatHelpers } from './floatHelpers.ts';
// Cycle: the core also contains handles to these integer helpers, which are generated for a core.
import type { ArithmeticHelpers } from './semantics.ts';

/**
 * The context that the parts of the core module share: the functions, their types and the module builder. Each part
 * defines some of the functions; core.ts combines the parts.
 */
export interface Core {
  builder: ModuleBuilder;
  helpers: ArithmeticHelpers & FloatHelpers;
  functions: Record<FunctionName, FunctionHandle>;
  /** The type of the functions in the region table. */
  regionType: { readonly index: number };
}

export const IMPORTS = {
  /** (physical address, size) -> low 32 bits. Sets FAULT if no device accepts the access. */
  mmioRead: { parameters: [I32, I32], results: [I32] },
  /** (physical address, value, size): writes to a device. Sets FAULT if no device accepts the access. */
  mmioWrite: { parameters: [I32, I32, I32], results: [] },
  /** (address of the entry, address of its page's first entry): decodes the instruction at the entry. */
  decodeEntry: { parameters: [I32, I32], results: [] },
  /** (raw instruction): decodes the instruction into the straddle entry. */
  decodeStraddle: { parameters: [I32], results: [] },
  /** () -> nonzero if the EBREAK at PC was a semihosting call. In that case, the next PC is already set. */
  semihost: { parameters: [], results: [I32] },
  /**
   * () -> nonzero to stop at PC. Called before an instruction that may have a breakpoint, and before the exception in
   * CAUSE and TVAL if no instruction can be fetched. Must not change CAUSE and TVAL.
   */
  breakpointHit: { parameters: [], results: [I32] },
  /**
   * () -> nonzero to stop before the exception in CAUSE and TVAL. Called for the causes in EXCEPTIONS_WATCHED. Must not
   * change CAUSE and TVAL.
   */
  exceptionReached: { parameters: [], results: [I32] },
  /** (offset in RAM, length): called before a write that may include a watched word. */
  watchWrite: { parameters: [I32, I32], results: [] },
  /** (offset in RAM, length): called after a read that may include a watched word. */
  watchRead: { parameters: [I32, I32], results: [] },
  /**
   * (address of an entry, virtual address of its instruction) -> nonzero to leave the interpreter's loop for
   * translation. Called when the entry has reached the translation threshold.
   */
  recordHot: { parameters: [I32, I64], results: [I32] },
  /**
   * (virtual address, address of its page's decode entries): called when the hart fetches from a page that may contain
   * a breakpoint.
   */
  fetchedBreakPage: { parameters: [I64, I32], results: [] },
  /** (offset in RAM, length): called before a write to a page with translated code. */
  codeWritten: { parameters: [I32, I32], results: [] },
  /** (RAM page) -> address of new decode entries for the page. */
  allocateDecodePage: { parameters: [I32], results: [I32] },
} satisfies Record<string, FunctionType>;

export const FUNCTIONS = {
  /** (cause, tval): sets FAULT and records the exception to take. */
  raise: { parameters: [I32, I64], results: [] },
  /**
   * (offset in RAM, length): called before a write within one page: marks the page dirty and drops code that was
   * decoded from the written bytes.
   */
  touch: { parameters: [I32, I32], results: [] },
  /** (RAM page): called when a page walk reads a table in the page; later writes to the page go through `touch`. */
  markPageTable: { parameters: [I32], results: [] },
  /**
   * (RAM page, flags) -> the first page, starting at the given one, that has at least one of the flags; the number of
   * RAM pages if there is none.
   */
  nextFlagged: { parameters: [I32, I32], results: [I32] },
  /** (flags): clears the flags of all pages. */
  clearPageFlags: { parameters: [I32], results: [] },
  flushPaged: { parameters: [], results: [] },
  flushWrites: { parameters: [], results: [] },
  /** (address of a TLB entry): adds the entry to the list for `flushPaged`. */
  recordFilled: { parameters: [I32], results: [] },
  /** (virtual address, access: 0 read, 1 write, 2 fetch) -> physical address. */
  translate: { parameters: [I64, I32], results: [I64] },
  /** (physical address, size, access, privilege) -> whether PMP allows it. */
  pmpAllows: { parameters: [I64, I32, I32, I32], results: [I32] },
  /**
   * (physical address, virtual address, size, access) -> whether the accessed page may be added to a TLB. Sets FAULT if
   * PMP forbids the access.
   */
  protect: { parameters: [I64, I64, I32, I32], results: [I32] },
  flushAll: { parameters: [], results: [] },
  /** (pc) -> physical address, which is in RAM unless FAULT is set. */
  translateFetch: { parameters: [I64], results: [I64] },
  /**
   * (pc) -> address of the decode entries for the page that contains pc; 0 on a fault; STRADDLE_ENTRY if the page
   * cannot be decoded as a whole.
   */
  fetchPage: { parameters: [I64], results: [I32] },
  /** (pc): decodes the instruction at pc, which straddles two pages, into the straddle entry. */
  fetchStraddle: { parameters: [I64], results: [] },
  loadSlow: { parameters: [I64, I32], results: [I64] },
  storeSlow: { parameters: [I64, I64, I32], results: [] },
  /** (index in HALF_NAMES, rs1, rs2, rs3, rounding mode) -> rd. */
  halfPrecision: { parameters: [I32, I64, I64, I64, I32], results: [I64] },
  /** (address, raw instruction): cbo.zero. */
  zeroBlock: { parameters: [I64, I32], results: [] },
  /** (address, raw instruction): cbo.inval, cbo.clean, cbo.flush. */
  manageBlock: { parameters: [I64, I32], results: [] },
  /** (address, rs2, raw instruction) -> rd. */
  atomic: { parameters: [I64, I64, I32], results: [I64] },
  /** (raw instruction, rs1) -> rd. */
  csrInstruction: { parameters: [I32, I64], results: [I64] },
  csrRead: { parameters: [I32], results: [I64] },
  csrWrite: { parameters: [I32, I64], results: [] },
  /** (raw instruction): ECALL, EBREAK, xRET, WFI, WRS, SFENCE.VMA and Svinval. Sets the next PC. */
  system: { parameters: [I32], results: [] },
  /** () -> nonzero to stop before the exception that `raise` has recorded; otherwise, takes the exception. */
  takeException: { parameters: [], results: [I32] },
  /** (cause): takes an interrupt. */
  takeInterrupt: { parameters: [I32], results: [] },
  /** () -> cause of the interrupt to take now, or -1 if there is none. */
  pendingInterrupt: { parameters: [], results: [I32] },
  updateContexts: { parameters: [], results: [] },
  /** (budget) -> budget left. */
  run: { parameters: [I32], results: [I32] },
  /** Like `run`, but interprets all code, and returns after a step that changes one of WATCHED_REGISTERS. */
  runWatched: { parameters: [I32], results: [I32] },
  /** () -> change in the RAM digest since the last call. */
  digestRam: { parameters: [], results: [I64] },
} satisfies Record<string, FunctionType>;

export type FunctionName = keyof typeof IMPORTS | keyof typeof FUNCTIONS;

// --- helpers shared by the parts ----------------------------------------------------------------------------------

const ORIGIN = i32.const(0);

/** The 64-bit value of a slot in the hart state. */
export const slot = (name: SlotName): Code => i64.load(ORIGIN, SLOT[name]);
export const setSlot = (name: SlotName, value: Code): Code => i64.store(ORIGIN, value, SLOT[name]);
/** The low 32 bits of a slot, for flags, counts and table offsets that fit in them. */
export const slot32 = (name: SlotName): Code => i32.load(ORIGIN, SLOT[name]);
export const setSlot32 = (name: SlotName, value: Code): Code => i32.store(ORIGIN, value, SLOT[name]);

export const PRIVILEGE_USER = PRIVILEGE.USER;
export const PRIVILEGE_SUPERVISOR = PRIVILEGE.SUPERVISOR;
export const PRIVILEGE_MACHINE = PRIVILEGE.MACHINE;

/** Nonzero if the machine has the optional extension. */
export const hasExtension = (name: ExtensionName): Code =>
  i32.and(slot32('EXTENSIONS'), i32.const(EXTENSION_BIT[name]!));

/**
 * Ends the hart's run after this instruction if CSRs are watched. The code for every step that changes CSRs directly
 * must include this. Changes caused by devices or by the passage of time are detected elsewhere.
 */
export const csrChanged: Code = setSlot32('ATTENTION', i32.or(slot32('ATTENTION'), slot32('CSRS_WATCHED')));

/** The position of the step in progress. BUDGET no longer includes this step. */
export const positionNow: Code = i64.sub(i64.sub(slot('STEPS_END'), i64.extendU(slot32('BUDGET'))), i64.const(1));

/** Whether `sizeBytes` bytes at a physical address are all in RAM. */
export const isRam = (address: Code, sizeBytes: Code): Code =>
  i64.leU(i64.sub(address, i64.const(RAM_BASE)), i64.sub(slot('RAM_BYTES'), i64.extendU(sizeBytes)));

/** The offset in RAM for a physical address, which must be in RAM. */
export const ramOffset = (address: Code): Code => i32.sub(i32.wrap(address), i32.const(RAM_BASE | 0));

/** The address in the WebAssembly memory for an offset in RAM. */
export const ramAt = (offset: Code): Code => i32.add(offset, i32.const(RAM));

export const CAUSE_ILLEGAL = EXCEPTION.ILLEGAL_INSTRUCTION;

/** Code that records the exception to take; the caller must return immediately. */
export const raise = (core: Core, cause: number, tval: Code): Code =>
  call(core.functions.raise, i32.const(cause), tval);
