import type { CodeGroup, Symbols } from '../symbols/index.ts';
import { type GuestMemory, LoadedCode } from './loadedCode.ts';

/** The symbols that describe the code at an address. */
export interface CodeDescription {
  /** The program whose code is at the address. */
  group: CodeGroup | undefined;
  /**
   * The program's file with the most information. If no program matches, this is a file of another program, which can
   * still provide types.
   */
  symbols: Symbols | undefined;
  /**
   * Like `symbols`, but undefined if memory contains different code at the file's addresses, because the file's names
   * would then be wrong.
   */
  names: Symbols | undefined;
}

/**
 * The symbol files of a session. Determines which of them describes the code at an address by comparing the files with
 * guest memory. The results are cached until `forget` is called.
 */
export class LoadedSymbols {
  /** The files, grouped by the code that they describe. */
  readonly groups: readonly CodeGroup[];
  readonly files: readonly Symbols[];
  readonly memory: GuestMemory;
  private code: LoadedCode;

  constructor(groups: readonly CodeGroup[], memory: GuestMemory) {
    this.groups = groups;
    this.files = groups.flatMap(({ files }) => files);
    this.memory = memory;
    this.code = new LoadedCode(groups, memory);
  }

  /**
   * If no file matches memory, uses the booted file that has code at `pc`: a kernel frees the memory of its
   * initialization code, which then no longer matches.
   */
  describe(pc: bigint): CodeDescription {
    const group = this.code.at(pc) ?? this.groups.find((booted) => booted.isBooted && booted.codeAround(pc, 1));
    if (group) return { group, symbols: group.fileAt(pc), names: group.fileAt(pc) };
    const symbols = this.fallback;
    return { group, symbols, names: symbols?.codeAround(pc, 1) ? undefined : symbols };
  }

  /** The `symbols` that `describe` returns. */
  at(pc: bigint): Symbols | undefined {
    return this.describe(pc).symbols;
  }

  /** The file with the most information about the code in memory at `pc`; undefined if no file matches. */
  matching(pc: bigint): Symbols | undefined {
    return this.code.at(pc)?.fileAt(pc);
  }

  /** Whether the program's code is in memory at `pc`. Uses no cache, so it can be called while the machine runs. */
  isLoadedNow(group: CodeGroup, pc: bigint): boolean {
    return new LoadedCode(this.groups, this.memory).isLoaded(group, pc);
  }

  /**
   * Like `at`, but uses no cache, so that it can be called while the machine runs. If `group` is given, the code is
   * known to belong to that program and does not need to be identified.
   */
  currentAt(pc: bigint, group?: CodeGroup): Symbols | undefined {
    if (group) return group.fileAt(pc);
    return new LoadedSymbols(this.groups, this.memory).at(pc);
  }

  /** Discards the cached results, because memory may have changed. */
  forget(): void {
    this.code.forget();
  }

  /** The file that provides names and types for code without symbols. */
  private get fallback(): Symbols | undefined {
    const booted = this.groups.filter(({ isBooted }) => isBooted).flatMap(({ files }) => files);
    return booted.find(hasDebugInfo) ?? this.files.find(hasDebugInfo) ?? this.files[0];
  }
}

const hasDebugInfo = (symbols: Symbols) => symbols.hasDebugInfo;
