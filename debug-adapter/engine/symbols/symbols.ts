import type { HostCompression } from '../base/host.ts';
import type { Sliced } from '../base/sliced.ts';
import type { DebugLink, FindCompanion } from './companions.ts';
import type { FileBytes } from './elf/fileBytes.ts';
import type { Frame, FrameView, UnwindResult } from './unwinding/frame.ts';
import type { Predicate } from '../target/predicate.ts';
import type { Visualizer } from './formatters/visualizer.ts';
import type { Type } from './types/type.ts';
import type { Value } from './values/value.ts';

/**
 * A debugger's view of the symbols and debug information in one ELF file. A session with a kernel and its programs
 * opens several `Symbols` and chooses among them by comparing the files with guest memory.
 *
 * Every code and data address is a guest address: an unsigned 64-bit `bigint` that includes the load bias. Queries
 * never modify anything and do not throw on damaged files: damaged debug information counts as missing, and a
 * diagnostic is added to `diagnostics`. Only the queries that take an expression throw; their error messages quote the
 * offending part of the expression.
 */
export interface Symbols {
  /** The file name from the launch configuration or command line. */
  readonly name: string;
  readonly loadBias: bigint;
  /** Whether the file has DWARF. Without it, the function queries use only the symbol table. */
  readonly hasDebugInfo: boolean;
  /**
   * Diagnostics about the debug information, one sentence each. Each should be shown to the user once. Diagnostics are
   * added as more of the file is read.
   */
  readonly diagnostics: readonly string[];

  /** The source line of the instruction at `pc`. For a caller's frame, pass `frame.lookupPc`. */
  lineAt(pc: bigint): LineLocation | undefined;
  /** All code for the line at `pc` within its function. A step over the line ends when it leaves these ranges. */
  statementRanges(pc: bigint): AddressRange[];
  /**
   * The addresses for a breakpoint on a source line, according to gdb's rules; undefined if no unit has code on the
   * line or after it.
   */
  addressesOfLine(file: string, line: number): LineBreakpoint | undefined;
  /** The lines in a file that can have a breakpoint, in ascending order. */
  breakpointLines(file: string): number[];
  /** Every source file in the line tables. Reads all line table headers, which takes a few milliseconds. */
  files(): SourceFile[];

  functionAt(pc: bigint): FunctionInfo | undefined;
  /**
   * The functions that a user means by a name, according to gdb's rules. The name can be a linkage name or have a form
   * such as `area`, `Box::area`, `Box::area(int)`, `max<int>`, `crate::module::f` or `file.c:f`. Outer scopes, template
   * arguments and parameters may be omitted.
   */
  functionsNamed(name: string): FunctionInfo[];
  /**
   * The addresses for a function breakpoint, in ascending order: one for each function that the name stands for (see
   * `functionsNamed`), and one for each of its inlined copies.
   */
  functionBreakpoints(name: string): bigint[];
  /**
   * Like `functionBreakpoints`, but pauses during the search, because a function may be inlined in a thousand units.
   * The results are cached, so a later call for the same name returns immediately.
   */
  functionLocations(name: string): Sliced<readonly FunctionLocation[]>;
  /**
   * The address for a function breakpoint: after the prologue, or at the entry if variable locations are valid there.
   */
  breakpointAddress(of: FunctionInfo): bigint;
  /** The functions inlined at `pc`, innermost first. */
  inlinedAt(pc: bigint): InlinedCall[];

  /** The executable sections. */
  readonly code: readonly CodeSection[];
  /** The GNU build ID in hexadecimal; undefined for a file without a build ID. */
  readonly buildId: string | undefined;
  /**
   * The differences between the load addresses (p_paddr) and the virtual addresses of the executable segments. A kernel
   * runs at its load address until it enables the MMU.
   */
  readonly loadOffsets: readonly bigint[];
  /** The link to the file's separate debug file; undefined if there is none. */
  readonly debugLink: DebugLink | undefined;

  /**
   * The file's code bytes around `pc`, at most `reachBytes` in each direction; undefined if the file has no code there.
   * Comparing them with guest memory shows which of several files is loaded there.
   */
  codeAround(pc: bigint, reachBytes: number): { address: bigint; bytes: Uint8Array } | undefined;

  /** The symbol that contains an address, for text such as `<main+4>`. Uses a binary search. */
  symbolAt(address: bigint): SymbolAtAddress | undefined;
  symbolsNamed(name: string): SymbolInfo[];

  /** The innermost frame, with the machine's registers. */
  innermostFrame(view: FrameView): Frame;
  /** Unwinds one frame. The stack depth is limited, so unwinding ends even if the stack is damaged. */
  callerOf(frame: Frame): UnwindResult;
  /**
   * The frames of the call stack, innermost first, up to `limit` of them. Use this only if all functions on the stack
   * are in this file.
   */
  callStack(view: FrameView, limit?: number): { frames: Frame[]; end: UnwindResult['kind'] | 'limit' };

  /**
   * The variables in scope at `pc`, as a list of scopes: the function, then each block or inlined function that
   * contains `pc`, from the outermost to the innermost.
   */
  scopesAt(pc: bigint): Scope[];
  /**
   * The global variables of the unit that contains `pc`, without duplicates. If `pc` is omitted, returns those of all
   * units, or none if the file has more than 1 MiB of debug information.
   */
  globals(pc?: bigint): Variable[];
  /** A variable's value in a frame. Its `text` and `children` read memory only when they are used. */
  read(variable: Variable, frame: Frame): Value;
  /** Finds a type by its C name, such as `struct store`, `uint32_t` or `unsigned long`. */
  typeNamed(name: string): Type | undefined;

  /** Evaluates a C expression in a frame. Throws a UserError (messages/symbols.ts). Never calls guest functions. */
  evaluate(expression: string, frame: Frame): Evaluation;
  /** Whether the value of a C expression is nonzero. Throws a UserError. */
  isTrue(expression: string, frame: Frame): boolean;
  /**
   * Checks the syntax, names and types of a C expression in the innermost frame at `frame.pc`, without evaluating the
   * expression. Returns a predicate that holds if the expression's value is not 0; undefined if the machine cannot
   * evaluate the expression. Throws an InvalidExpression.
   */
  check(expression: string, frame: Frame): Predicate | undefined;
}

/** The file to read symbols from. */
export interface SymbolsSource {
  /** The file name that messages use. */
  name: string;
  /** A file in memory, or a file that is read on demand. */
  bytes: Uint8Array | FileBytes;
  /** The number that is added to every address of a position-independent file. */
  loadBias?: bigint;
  /** Finds the files that this file refers to. Without it, those files count as missing. */
  findCompanion?: FindCompanion;
  /** The user's formatters. They take precedence over the built-in ones. */
  formatters?: readonly Visualizer[];
  /** Decompresses debug sections. Without it, compressed sections are ignored and a diagnostic is added. */
  compression?: HostCompression;
  /** The file's index from `createSymbolIndex`. Without it, the index is created when a name is first looked up. */
  index?: Uint8Array;
}

/** A range of addresses; `end` is exclusive. */
export interface AddressRange {
  start: bigint;
  end: bigint;
}

/** A section or segment with code. Addresses are virtual. */
export interface CodeSection {
  /** The section's name; empty for a segment, if the file has no section header table. */
  name: string;
  address: bigint;
  /** Size in memory. */
  sizeBytes: bigint;
  /** Empty in a file that contains only debug information (`objcopy --only-keep-debug`). */
  bytes: Uint8Array;
}

/** A source file that the debug information names. */
export interface SourceFile {
  /** The full path, built from the compiler's directories. It is relative if comp_dir is relative (`./demo/main.c`). */
  path: string;
  /** The name in the line table. */
  name: string;
  /** The unit's DW_AT_comp_dir. */
  compDir: string;
}

/** A row of the line table: a range of addresses that belongs to one source line. Lines are numbered from 1. */
export interface LineLocation extends AddressRange {
  file: SourceFile;
  line: number;
  /** Columns are numbered from 1; undefined if the compiler did not specify a column. */
  column: number | undefined;
  /** Whether the row is a recommended breakpoint location (is_stmt). If so, the line begins at `start`. */
  isStatement: boolean;
}

/** The addresses for a breakpoint on a source line. */
export interface LineBreakpoint {
  file: SourceFile;
  /** The actual line of the breakpoint: the requested line or, if that has no code, the next line with code. */
  line: number;
  /** One address for each function, block or inlined copy that contains the line, in ascending order. */
  addresses: bigint[];
}

/** A function with code. Addresses are virtual. */
export interface FunctionInfo {
  /** The qualified name, without parameters. */
  name: string;
  /** The name in a stack frame, if it differs from `name`. */
  frameName?: string;
  /** The entry address. */
  low: bigint;
  /** The end of the range that contains `low`. */
  high: bigint;
  /** All code ranges; there are several if the compiler moved cold parts elsewhere. */
  ranges: AddressRange[];
  /** The file of the declaration; undefined for a function without debug information. */
  file: SourceFile | undefined;
  line: number | undefined;
}

/** An address for a function breakpoint. */
export interface FunctionLocation {
  address: bigint;
  /**
   * If an inlined copy of the function begins at the address, its depth: 1 for a call that is not inside another
   * inlined call. Otherwise, 0.
   */
  inlineDepth: number;
}

/** An inlined call whose code contains the requested address. */
export interface InlinedCall {
  name: string;
  /** The name in a stack frame, if it differs from `name`. */
  frameName?: string;
  /**
   * The start of the call's first range. It identifies the inlined call, because it is the same for every pc within the
   * call.
   */
  entry: bigint;
  /** The call's code range that contains the requested address. */
  range: AddressRange;
  /** The call site. */
  callFile: SourceFile | undefined;
  callLine: number | undefined;
}

/** An entry in the symbol table. */
export interface SymbolInfo {
  name: string;
  address: bigint;
  /** 0 if the symbol table does not specify the size. */
  sizeBytes: bigint;
  kind: 'function' | 'object' | 'label';
}

/** The symbol that contains an address. */
export interface SymbolAtAddress extends SymbolInfo {
  /** The offset of the requested address from the start of the symbol. */
  offset: bigint;
  /** The name with the offset, for example `main` or `main+4`. */
  text: string;
}

/** A lexical scope: a function, a block or an inlined call. */
export interface Scope {
  kind: 'function' | 'block' | 'inlined';
  /** The name of the function, or of the inlined function. */
  functionName: string;
  ranges: AddressRange[];
  variables: Variable[];
}

/** A variable in scope at an address. */
export interface Variable {
  name: string;
  kind: 'argument' | 'local' | 'static' | 'global';
  type: Type;
  file: SourceFile | undefined;
  line: number | undefined;
  /** Whether an inner scope declares a variable with the same name. */
  isShadowed: boolean;
  /** Identifies the variable's DIE. Only code in this folder uses it. */
  readonly source: VariableSource;
}

/** Refers to a DIE without keeping it in memory. */
export interface VariableSource {
  readonly dieKey: number;
}

/** The result of evaluating an expression. */
export type Evaluation =
  | { kind: 'value'; value: Value }
  /** An assignment that has not been carried out. `bytes` are the bytes to write; undefined for a bit-field. */
  | { kind: 'assignment'; target: Value; value: Value; bytes: Uint8Array | undefined };
