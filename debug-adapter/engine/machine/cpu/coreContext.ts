import { type Code, I32, I64, call, i32, i64 } from '../../base/wasm/code.ts';
import type { FunctionHandle, FunctionType, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import { EXTENSION_BIT, type ExtensionName } from './extensions.ts';
import { RAM, RAM_BASE, SLOT, type SlotName } from './layout.ts';
import type { FloatHelpers } from './floatHelpers.ts';
import type { ArithmeticHelpers } from './semantics.ts';

/**
 * What the parts of the core module share: which functions there are, with their types, and the words they are written
 * in. Each part defines some of the functions; core.ts puts them together.
 */
export interface Core {
  builder: ModuleBuilder;
  helpers: ArithmeticHelpers & FloatHelpers;
  functions: Record<FunctionName, FunctionHandle>;
  /** Of the functions in the table of regions. */
  regionType: { readonly index: number };
}

export const IMPORTS = {
  /** (physical address, size) -> low 32 bits. Sets FAULT when nothing answers there. */
  mmioRead: { parameters: [I32, I32], results: [I32] },
  /** (physical address, value, size). */
  mmioWrite: { parameters: [I32, I32, I32], results: [] },
  /** (address of the entry, address of its page's entries): decodes what is there. */
  decodeEntry: { parameters: [I32, I32], results: [] },
  /** (raw instruction): decodes it into the straddle entry. */
  decodeStraddle: { parameters: [I32], results: [] },
  /** At an EBREAK: not 0 when it was a semihosting call, which has set the next PC. */
  semihost: { parameters: [], results: [I32] },
  /** Before an instruction that may have a breakpoint: not 0 to stop at PC. */
  breakpointHit: { parameters: [], results: [I32] },
  /** (offset in RAM, length): before a write to a watched page. */
  watchWrite: { parameters: [I32, I32], results: [] },
  /** (offset in RAM, length): a read of a watched page. */
  watchRead: { parameters: [I32, I32], results: [] },
  /** (address of an entry, its virtual address): jumps have come there often. Not 0 to leave the loop for a moment. */
  noteHot: { parameters: [I32, I64], results: [I32] },
  /** (offset in RAM, length): before a write to a page with translated code. */
  codeWritten: { parameters: [I32, I32], results: [] },
  /** (RAM page) -> address of fresh decode entries for it. */
  allocateDecodePage: { parameters: [I32], results: [I32] },
} satisfies Record<string, FunctionType>;

export const FUNCTIONS = {
  /** (cause, tval): notes an exception to be taken. */
  raise: { parameters: [I32, I64], results: [] },
  /** (offset in RAM, length): before a write inside one page: marks it dirty, drops decoded code there. */
  touch: { parameters: [I32, I32], results: [] },
  /** (RAM page): a walk reads it; from now on writes to it come through `touch`. */
  becomeTable: { parameters: [I32], results: [] },
  /** (RAM page, flags) -> the first page from there that has one of them, the number of pages for none. */
  nextMarked: { parameters: [I32, I32], results: [I32] },
  /** (flags): no page has them any more. */
  clearMarks: { parameters: [I32], results: [] },
  flushPaged: { parameters: [], results: [] },
  flushWrites: { parameters: [], results: [] },
  /** (address of a TLB entry): remembers it for `flushPaged`. */
  noteFilled: { parameters: [I32], results: [] },
  /** (virtual address, access 0 read 1 write 2 fetch) -> physical address. */
  translate: { parameters: [I64, I32], results: [I64] },
  /** (physical address, size, access, privilege) -> whether PMP allows it. */
  pmpAllows: { parameters: [I64, I32, I32, I32], results: [I32] },
  /** (physical address, virtual address, size, access): FAULT when PMP forbids it -> whether its page may enter a TLB. */
  protect: { parameters: [I64, I64, I32, I32], results: [I32] },
  /** Drops all that the TLBs hold. */
  flushAll: { parameters: [], results: [] },
  /** (pc) -> physical address, of RAM for certain unless FAULT. */
  translateFetch: { parameters: [I64], results: [I64] },
  /** (pc) -> address of its page's decode entries, 0 on a fault; STRADDLE_ENTRY for one instruction alone. */
  fetchPage: { parameters: [I64], results: [I32] },
  /** (pc): the two halves of an instruction that straddles a page, decoded into the straddle entry. */
  fetchStraddle: { parameters: [I64], results: [] },
  loadSlow: { parameters: [I64, I32], results: [I64] },
  storeSlow: { parameters: [I64, I64, I32], results: [] },
  /** (place in HALF_NAMES, rs1, rs2, rs3, rounding mode) -> rd. */
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
  /** (raw instruction): ECALL, EBREAK, xRET, WFI, WRS, SFENCE.VMA. Sets the next PC. */
  system: { parameters: [I32], results: [] },
  /** Takes the noted exception. */
  takeException: { parameters: [], results: [] },
  /** (cause): takes an interrupt. */
  takeInterrupt: { parameters: [I32], results: [] },
  /** -> cause of the interrupt to take now, -1 for none. */
  pendingInterrupt: { parameters: [], results: [I32] },
  updateContexts: { parameters: [], results: [] },
  /** (budget) -> budget left. */
  run: { parameters: [I32], results: [I32] },
  /** () -> change of the RAM digest since the last call. */
  digestRam: { parameters: [], results: [I64] },
} satisfies Record<string, FunctionType>;

export type FunctionName = keyof typeof IMPORTS | keyof typeof FUNCTIONS;

// --- the words the parts share ---------------------------------------------------------------------------------------

const ORIGIN = i32.const(0);

/** A slot of hart state as 64 bits. */
export const slot = (name: SlotName): Code => i64.load(ORIGIN, SLOT[name]);
export const setSlot = (name: SlotName, value: Code): Code => i64.store(ORIGIN, value, SLOT[name]);
/** The low half of a slot: flags, counts and table offsets live in it alone. */
export const slot32 = (name: SlotName): Code => i32.load(ORIGIN, SLOT[name]);
export const setSlot32 = (name: SlotName, value: Code): Code => i32.store(ORIGIN, value, SLOT[name]);

export const PRIVILEGE_USER = 0;
export const PRIVILEGE_SUPERVISOR = 1;
export const PRIVILEGE_MACHINE = 3;

/** Not 0 where the machine has an optional extension. */
export const hasExtension = (name: ExtensionName): Code =>
  i32.and(slot32('EXTENSIONS'), i32.const(EXTENSION_BIT[name]!));

/** Position of the step in progress: BUDGET already counts it. */
export const positionNow: Code = i64.sub(i64.sub(slot('STEPS_END'), i64.extendU(slot32('BUDGET'))), i64.const(1));

/** True when `size` bytes at a physical address are RAM. */
export const isRam = (address: Code, sizeBytes: Code): Code =>
  i64.leU(i64.sub(address, i64.const(RAM_BASE)), i64.sub(slot('RAM_BYTES'), i64.extendU(sizeBytes)));

/** Offset in RAM of a physical address that is RAM. */
export const ramOffset = (address: Code): Code => i32.sub(i32.wrap(address), i32.const(RAM_BASE | 0));

/** Where in the memory an offset in RAM is. */
export const ramAt = (offset: Code): Code => i32.add(offset, i32.const(RAM));

/** Of an illegal instruction. */
export const CAUSE_ILLEGAL = 2;

/** Notes an exception; the caller returns at once. */
export const raise = (core: Core, cause: number, tval: Code): Code =>
  call(core.functions.raise, i32.const(cause), tval);
