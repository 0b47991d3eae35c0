import { complete, PAUSED, type Sliced } from '../../base/sliced.ts';
import { demangle } from '../demangling/demangle.ts';
import { AT } from '../dwarf/constants.ts';
import { rangesOf } from '../dwarf/ranges.ts';
import type { Die } from '../dwarf/die.ts';
import type { SymbolTable } from '../elf/symbolTable.ts';
import type { BreakpointLocations } from '../lines/breakpointLocations.ts';
import type { LineIndex } from '../lines/lineIndex.ts';
import type { FunctionInfo, FunctionLocation, InlinedCall, SymbolInfo } from '../symbols.ts';
import { blocksAt } from './block.ts';
import type { FunctionEntry, FunctionIndex } from './functionIndex.ts';
import { frameName, functionName } from './functionName.ts';
import type { FunctionNames } from './functionNames.ts';
import { NameQuery } from './nameQuery.ts';

/** Looks up functions by address and by name. Functions without debug information come from the symbol table. */
export class FunctionQueries {
  private readonly index: FunctionIndex;
  private readonly lines: LineIndex;
  private readonly symbols: SymbolTable;
  private readonly breakpointLocations: BreakpointLocations;
  private readonly names: FunctionNames;
  private readonly knownLocations = new Map<string, readonly FunctionLocation[]>();
  private readonly parametersOf: (die: Die) => string;
  /** Whether an address belongs to an executable section. A label in data is not a function. */
  readonly isCode: (address: bigint) => boolean;

  constructor(parts: {
    index: FunctionIndex;
    lines: LineIndex;
    symbolTable: SymbolTable;
    breakpointLocations: BreakpointLocations;
    names: FunctionNames;
    /** The types of a function's parameters: `(int, const Point &)`. */
    parametersOf: (die: Die) => string;
    isCode: (address: bigint) => boolean;
  }) {
    this.index = parts.index;
    this.lines = parts.lines;
    this.symbols = parts.symbolTable;
    this.breakpointLocations = parts.breakpointLocations;
    this.names = parts.names;
    this.parametersOf = parts.parametersOf;
    this.isCode = parts.isCode;
  }

  at(pc: bigint): FunctionInfo | undefined {
    const entry = this.index.at(pc);
    if (entry) return this.describe(entry);
    const symbol = this.symbols.functionAt(pc);
    return symbol && this.isCode(pc) ? describeSymbol(symbol) : undefined;
  }

  /** The functions that a user means by a name: see NameQuery. */
  withName(text: string): FunctionInfo[] {
    return [...this.matching(new NameQuery(text), text.trim()).values()];
  }

  /**
   * The functions whose qualified name is exactly this name, apart from template arguments and anonymous namespaces.
   */
  withFullName(text: string): FunctionInfo[] {
    const query = new NameQuery(text);
    const found = this.matching(query, text);
    return [...found.values()].filter(
      ({ name, low }) => query.matchesFully(name) || this.symbols.at(low)?.name === text,
    );
  }

  /** The breakpoint locations for the functions with a given name, including their inlined copies. */
  breakpointsOn(text: string): readonly FunctionLocation[] {
    return complete(this.breakpointsInSlices(text));
  }

  /**
   * Like `breakpointsOn`, but pauses during the search. The result is cached, because clients set all breakpoints again
   * whenever one of them changes.
   */
  *breakpointsInSlices(text: string): Sliced<readonly FunctionLocation[]> {
    const known = this.knownLocations.get(text);
    if (known) return known;
    const query = new NameQuery(text);
    yield* this.symbols.readInSlices();
    const { inlined } = yield* this.names.searchInSlices(query);
    const depths = new Map<bigint, number>();
    for (const info of this.matching(query, text.trim()).values()) {
      depths.set(this.breakpointAddress(info), 0);
      yield PAUSED;
    }
    for (const { die, unit, depth, hasLists } of inlined) {
      const [first] = rangesOf(die);
      if (!first) continue;
      const address = this.breakpointLocations.inlinedBreakpoint(first.start, { unit, hasLists });
      // If the address is after the prologue, it is not the start of the inlined call.
      const inlineDepth = address === first.start ? depth : 0;
      depths.set(address, Math.max(depths.get(address) ?? 0, inlineDepth));
      yield PAUSED;
    }
    const locations = [...depths].map(([address, inlineDepth]) => ({ address, inlineDepth }));
    locations.sort((a, b) => (a.address < b.address ? -1 : 1));
    if (this.knownLocations.size >= LOCATIONS_MAX) this.knownLocations.clear();
    this.knownLocations.set(text, locations);
    return locations;
  }

  private matching(query: NameQuery, linkageName: string): Map<bigint, FunctionInfo> {
    const found = new Map<bigint, FunctionInfo>();
    for (const symbol of [...this.symbols.functionsNamed(linkageName), ...this.names.symbolsOf(query)]) {
      const info = this.at(symbol.address);
      // Ignore a label inside a function.
      if (info && info.low === symbol.address) found.set(info.low, info);
    }
    for (const entry of this.names.functions(query)) {
      // Linux reserves space for patches before a function, so the symbol's address precedes the start address in the
      // debug information.
      const symbol = this.symbols.at(entry.low);
      if (symbol && symbol.offset > 0n && symbol.name === entry.name) found.delete(symbol.address);
      found.set(entry.low, this.describe(entry));
    }
    return found;
  }

  breakpointAddress(of: FunctionInfo): bigint {
    const entry = this.index.at(of.low);
    return entry ? this.breakpointLocations.functionBreakpoint(entry) : this.breakpointLocations.codeBreakpoint(of);
  }

  inlinedAt(pc: bigint): InlinedCall[] {
    const entry = this.index.at(pc);
    if (!entry) return [];
    const calls = blocksAt(entry.blocks, pc).filter(({ kind }) => kind === 'inlined');
    return calls.reverse().map(({ die, ranges }) => ({
      name: functionName(die),
      frameName: frameName(die, this.parametersOf),
      entry: ranges[0].start,
      range: ranges.find(({ start, end }) => start <= pc && pc < end) ?? ranges[0],
      callFile: this.lines.fileOf(die, AT.callFile),
      callLine: die.number(AT.callLine),
    }));
  }

  private describe(entry: FunctionEntry): FunctionInfo {
    const { die, name, low, high, ranges } = entry;
    const file = die.entryWith(AT.declFile);
    return {
      name,
      frameName: entry.frameName(this.parametersOf),
      low,
      high,
      ranges,
      file: file && this.lines.fileOf(file, AT.declFile),
      line: die.entryWith(AT.declLine)?.number(AT.declLine),
    };
  }
}

function describeSymbol({ name, address, sizeBytes }: SymbolInfo): FunctionInfo {
  const range = { start: address, end: address + sizeBytes };
  const demangled = demangle(name);
  return {
    name: demangled?.name ?? name,
    // As in gdb, the name of a function without debug information includes its parameters in stack frames.
    frameName: demangled && demangled.name + demangled.parameters,
    low: address,
    high: range.end,
    ranges: [range],
    file: undefined,
    line: undefined,
  };
}

/** The maximum number of names whose locations are cached. */
const LOCATIONS_MAX = 100;
