import type { HostCompression } from '../base/host.ts';
import type { Frame, FrameView, UnwindResult } from './unwinding/frame.ts';
import type { Type } from './types/type.ts';
import type { Value } from './values/value.ts';

/**
 * What a debugger asks of an ELF file's symbols and debug information, in the words of a session. One `Symbols` is one
 * file; a session with a kernel and its programs holds several and picks by address space.
 *
 * Every address, of code or data, is a `bigint` of 64 unsigned bits as the guest uses it (the load bias is included).
 * Nothing here changes anything or throws on damaged files: damage reads as missing debug information, with a sentence
 * in `complaints`. Only `evaluate` throws, a UserError that names the part of the expression it is about.
 */
export interface Symbols {
  /** The file's name as given. */
  readonly name: string;
  readonly loadBias: bigint;
  /** Whether there is DWARF at all; without it, `symbolAt` and the `function...` questions go by the symbol table. */
  readonly hasDebugInfo: boolean;
  /** What was wrong with the debug information so far, a sentence each, to be shown once. Grows as more is read. */
  readonly complaints: readonly string[];

  /** The source line of the instruction at `pc`. In a caller's frame, ask with `frame.lookupPc`. */
  lineAt(pc: bigint): LineLocation | undefined;
  /** All code of the line at `pc` within its function: what a step over that line stays inside of. */
  statementRanges(pc: bigint): AddressRange[];
  /** Where a breakpoint on a source line goes, as gdb does it; undefined when no unit knows the file or a line after. */
  addressesOfLine(file: string, line: number): LineBreakpoint | undefined;
  /** The lines of a file on which a breakpoint can stand, ascending. */
  linesWithCode(file: string): number[];
  /** Every source file that lines were made from. Reads all headers of line tables: milliseconds. */
  files(): SourceFile[];

  functionAt(pc: bigint): FunctionInfo | undefined;
  functionsNamed(name: string): FunctionInfo[];
  /** Where a breakpoint on a function goes: after its prologue, or at its entry where locations are valid from there. */
  breakpointAddress(of: FunctionInfo): bigint;
  /** The functions inlined at `pc`, innermost first. */
  inlinedAt(pc: bigint): InlinedCall[];

  /** The executable sections. */
  readonly code: readonly CodeSection[];
  /** The GNU build ID in hexadecimal; undefined for a file without one. */
  readonly buildId: string | undefined;

  /**
   * The file's own bytes of the code around `pc`, at most `reachBytes` each way; undefined where it has none. Held
   * against the guest's memory they tell which of several files runs there.
   */
  codeAround(pc: bigint, reachBytes: number): { address: bigint; bytes: Uint8Array } | undefined;

  /** The symbol an address lies in, for `<main+4>`. Costs a binary search. */
  symbolAt(address: bigint): SymbolAtAddress | undefined;
  symbolsNamed(name: string): SymbolInfo[];

  /** The frame that runs: registers straight from the machine. */
  newestFrame(view: FrameView): Frame;
  /** One step up the stack. Each frame remembers its depth, so that a damaged stack ends too. */
  callerOf(frame: Frame): UnwindResult;
  /** All frames from the newest; `limit` at most. For a stack that stays within this file. */
  callStack(view: FrameView, limit?: number): { frames: Frame[]; end: UnwindResult['kind'] | 'limit' };

  /** The variables in reach at `pc`, a scope for the function and one for each block or inlined body, innermost last. */
  scopesAt(pc: bigint): Scope[];
  /** The variables of the file's unit that holds `pc` (with no pc: of all units), each once. */
  globals(pc?: bigint): Variable[];
  /** A variable's value in a frame. Lazy: memory is read when `text` or `children` are asked for. */
  read(variable: Variable, frame: Frame): Value;
  /** A type by its C name: `struct store`, `uint32_t`, `unsigned long`. */
  typeNamed(name: string): Type | undefined;

  /** A C expression's value in a frame. Throws a UserError (errors/symbols.ts). Never calls guest functions. */
  evaluate(expression: string, frame: Frame): Evaluation;
}

export interface SymbolsSource {
  /** As the user knows the file, for messages. */
  name: string;
  bytes: Uint8Array;
  /** Added to every address of a position-independent file. */
  loadBias?: bigint;
  /** For compressed debug sections; without it they are refused in a complaint. */
  compression?: HostCompression;
}

/** `end` is the first address after it. */
export interface AddressRange {
  start: bigint;
  end: bigint;
}

export interface CodeSection {
  /** Empty for a segment of a file without sections. */
  name: string;
  address: bigint;
  /** In memory. */
  sizeBytes: bigint;
  /** None in a file that holds debug information only (`objcopy --only-keep-debug`). */
  bytes: Uint8Array;
}

export interface SourceFile {
  /** As a path to open: the compiler's directories joined; absolute, or relative when comp_dir is (`./demo/main.c`). */
  path: string;
  /** As the line table has it. */
  name: string;
  /** DW_AT_comp_dir of the unit. */
  compDir: string;
}

export interface LineLocation extends AddressRange {
  file: SourceFile;
  line: number;
  /** 1 is the first; undefined when the compiler gave none. */
  column: number | undefined;
  /** Whether the row is a place to stop at (is_stmt). A line begins at `start` when this is set. */
  isStatement: boolean;
}

export interface LineBreakpoint {
  file: SourceFile;
  /** The line it stands on: the asked one, or the next that has code. */
  line: number;
  /** Ascending; one for each function, block or inlined copy that holds the line. */
  addresses: bigint[];
}

export interface FunctionInfo {
  name: string;
  /** Where calls enter. */
  low: bigint;
  /** The end of the range that holds `low`. */
  high: bigint;
  /** All ranges; more than one when the compiler put cold parts elsewhere. */
  ranges: AddressRange[];
  /** Where it is declared; undefined for a function without debug information. */
  file: SourceFile | undefined;
  line: number | undefined;
}

export interface InlinedCall {
  name: string;
  /** Where its first range begins: the same wherever one is in it. */
  entry: bigint;
  /** The range that holds the address asked for. */
  range: AddressRange;
  /** Where it was called. */
  callFile: SourceFile | undefined;
  callLine: number | undefined;
}

export interface SymbolInfo {
  name: string;
  address: bigint;
  /** 0 when the symbol table does not say. */
  sizeBytes: bigint;
  kind: 'function' | 'object' | 'label';
}

export interface SymbolAtAddress extends SymbolInfo {
  /** Of the address within the symbol. */
  offset: bigint;
  /** `main`, `main+4`. */
  text: string;
}

export interface Scope {
  kind: 'function' | 'block' | 'inlined';
  /** Of the function, or of the one inlined. */
  functionName: string;
  ranges: AddressRange[];
  variables: Variable[];
}

export interface Variable {
  name: string;
  kind: 'argument' | 'local' | 'static' | 'global';
  type: Type;
  file: SourceFile | undefined;
  line: number | undefined;
  /** An inner scope has another of this name. */
  shadowed: boolean;
  /** Where its description is; for this room only. */
  readonly source: VariableSource;
}

/** Names a DIE without holding it. */
export interface VariableSource {
  readonly dieKey: number;
}

export type Evaluation =
  | { kind: 'value'; value: Value }
  /** The text assigns: nothing has been done. `bytes` is what would be written, or undefined for a bit-field. */
  | { kind: 'assignment'; target: Value; value: Value; bytes: Uint8Array | undefined };
