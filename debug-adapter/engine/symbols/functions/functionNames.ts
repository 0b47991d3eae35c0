import { complete, PAUSED, type Sliced } from '../../base/sliced.ts';
import { MalformedData } from '../damage.ts';
import { demangle } from '../demangling/demangle.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import { outlineOf } from '../dwarf/outline.ts';
import type { SymbolTable } from '../elf/symbolTable.ts';
import type { LineIndex } from '../lines/lineIndex.ts';
import { reversedComponents } from '../lines/paths.ts';
import { nameKey } from '../names/nameHash.ts';
import type { NameHints } from '../names/nameHints.ts';
import type { SymbolInfo } from '../symbols.ts';
import type { FunctionEntry, FunctionIndex } from './functionIndex.ts';
import { FunctionSearch, type InlinedEntry, type UnitMatches } from './functionSearch.ts';
import { functionName, linkageNameOf } from './functionName.ts';
import type { NameQuery } from './nameQuery.ts';

/** Finds the functions that a name stands for, in the debug information and in the symbol table. */
export class FunctionNames {
  private readonly index: FunctionIndex;
  private readonly hints: NameHints;
  private readonly lines: LineIndex;
  private readonly symbols: SymbolTable;
  private readonly info: DebugInfo;
  private readonly known = new WeakMap<NameQuery, FunctionMatches>();

  constructor(parts: {
    info: DebugInfo;
    index: FunctionIndex;
    hints: NameHints;
    lines: LineIndex;
    symbolTable: SymbolTable;
  }) {
    this.info = parts.info;
    this.index = parts.index;
    this.hints = parts.hints;
    this.lines = parts.lines;
    this.symbols = parts.symbolTable;
  }

  /** The functions with debug information. */
  functions(query: NameQuery): FunctionEntry[] {
    const { functions } = this.search(query);
    const units = new Set(functions.filter((die) => !isAbstract(die)).map(({ unit }) => unit));
    const keys = new Set(functions.map(({ key }) => key));
    return [...units].flatMap((unit) => this.index.functionsInUnit(unit).filter(({ die }) => keys.has(die.key)));
  }

  /** The functions that a query selects, and their inlined copies. */
  search(query: NameQuery): FunctionMatches {
    return complete(this.searchInSlices(query));
  }

  /**
   * Like `search`. A function in a header may be inlined in a thousand units, so the search pauses between units. The
   * result is kept for the lifetime of the query object.
   *
   * The inlined copies of a function are in the units that contain the function's name and in the units that gcc
   * created during link-time optimization.
   */
  *searchInSlices(query: NameQuery): Sliced<FunctionMatches> {
    const known = this.known.get(query);
    if (known) return known;
    const units = new Set(this.unitsOf(query));
    const search = new FunctionSearch(nameKey(query.name));
    const functions: Die[] = [];
    const origins = new Set<number>();
    const inlined: (InlinedEntry & Omit<InlinedCopy, 'die'>)[] = [];
    let unpausedBytes = 0;
    for (const unit of new Set([...units, ...this.optimizedUnits()])) {
      const matches = this.guarded(() => search.search(unit)) ?? {
        ...NO_MATCHES,
        functions: outlineOf(unit).functions,
      };
      if (units.has(unit)) {
        for (const die of this.matching(unit, matches.functions, query)) {
          functions.push(die);
          if (isAbstract(die)) origins.add(die.key);
        }
      }
      const [start, end] = [unit.keyBase + unit.start, unit.keyBase + unit.end];
      for (const entry of matches.inlined) {
        const isFar = entry.origin < start || entry.origin >= end;
        if (isFar || origins.has(entry.origin)) inlined.push({ ...entry, unit, hasLists: matches.hasLocationLists });
      }
      unpausedBytes += unit.end - unit.start;
      if (unpausedBytes < SLICE_BYTES) continue;
      unpausedBytes = 0;
      yield PAUSED;
    }
    const found = inlined.flatMap(({ origin, offset, unit, ...copy }) => {
      const die = origins.has(origin) ? this.guarded(() => unit.die(offset)) : undefined;
      return die ? [{ ...copy, unit, die }] : [];
    });
    const result = { functions, inlined: found };
    this.known.set(query, result);
    return result;
  }

  /** The symbols whose demangled names match the query. They are used for functions without debug information. */
  symbolsOf(query: NameQuery): SymbolInfo[] {
    if (query.file !== undefined) return [];
    const key = nameKey(query.name);
    return this.symbols.mangledWith(key).filter(({ name }) => {
      const demangled = demangle(name);
      return (
        demangled &&
        !/thunk to /.test(demangled.name) &&
        aliases(demangled.name).some((alias) => query.matches(alias)) &&
        query.matchesParameters(demangled.parameters)
      );
    });
  }

  private unitsOf({ name }: NameQuery): Unit[] {
    return this.hints.unitsOf('function', nameKey(name));
  }

  private optimizedUnits(): Unit[] {
    const named = this.hints.unitsOf('file', OPTIMIZED_UNIT);
    return named.filter(({ skeleton }) => skeleton.text(AT.name) === OPTIMIZED_UNIT);
  }

  private matching(unit: Unit, offsets: readonly number[], query: NameQuery): Die[] {
    const key = nameKey(query.name);
    return offsets.flatMap((offset) => {
      const die = unit.die(offset);
      return die && !die.flag(AT.declaration) && hasKey(die, key) && this.isMatch(die, query) ? [die] : [];
    });
  }

  private guarded<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.info.report(error);
      return undefined;
    }
  }

  private isMatch(die: Die, query: NameQuery): boolean {
    if (!namesOf(die).some((name) => query.matches(name))) return false;
    if (query.hasParameters && !hasParameters(die, query)) return false;
    if (query.file === undefined) return true;
    const owner = die.entryWith(AT.declFile);
    const file = owner && this.lines.fileOf(owner, AT.declFile);
    return file !== undefined && endsWithPath(file.path, query.file);
  }
}

/** The result of a search for functions. */
export interface FunctionMatches {
  /** The entries of the functions, including those without code. */
  functions: readonly Die[];
  inlined: readonly InlinedCopy[];
}

/** An inlined copy of a function. */
export interface InlinedCopy {
  die: Die;
  unit: Unit;
  /** The nesting depth; 1 if the call is not inside another inlined call. */
  depth: number;
  /** Whether the unit has location lists. */
  hasLists: boolean;
}

const NO_MATCHES: UnitMatches = { functions: [], inlined: [], hasLocationLists: false };

/** The search pauses after this many bytes of debug information, which take about 5 ms to read. */
const SLICE_BYTES = 512 << 10;

/** The DW_AT_name of the units that gcc creates during link-time optimization. */
const OPTIMIZED_UNIT = '<artificial>';

/**
 * The names under which a function can be found. A method of a Rust trait can also be found under names that contain
 * only the type or only the trait.
 */
function namesOf(die: Die): string[] {
  const name = functionName(die);
  const linkageName = die.unit.language === 'rust' ? linkageNameOf(die) : undefined;
  const demangled = linkageName === undefined ? undefined : demangle(linkageName);
  return demangled ? [name, ...aliases(demangled.name)] : [name];
}

/** The other names of `<names::Point as names::Area>::area`: `names::Point::area` and `names::Area::area`. */
function aliases(name: string): string[] {
  const parts = /^<(.+?)(?: as (.+))?>::(\w+)$/.exec(name);
  if (!parts) return [name];
  const [, type, trait, last] = parts;
  return [name, `${type}::${last}`, ...(trait ? [`${trait}::${last}`] : [])];
}

function endsWithPath(path: string, end: string): boolean {
  const parts = reversedComponents(path);
  return reversedComponents(end).every((part, i) => part === parts[i]);
}

function hasKey(die: Die, key: string): boolean {
  const name = die.name ?? linkageNameOf(die);
  return name !== undefined && nameKey(name) === key;
}

/**
 * Whether a function has the parameters in a query. Their types are compared with those in the linkage name. A function
 * without a linkage name is not overloaded, so comparing the number of parameters suffices.
 */
function hasParameters(die: Die, query: NameQuery): boolean {
  const linkageName = linkageNameOf(die);
  const demangled = linkageName === undefined ? undefined : demangle(linkageName);
  if (demangled && demangled.parameters !== '') return query.matchesParameters(demangled.parameters);
  const count = [...die.children()].filter(({ tag }) => tag === TAG.formalParameter).length;
  return count === query.parameterCount;
}

/**
 * Whether an entry describes a function but has no code itself. DW_AT_inline cannot be used for this, because it is
 * missing after link-time optimization.
 */
function isAbstract(die: Die): boolean {
  return !die.has(AT.lowPc) && !die.has(AT.ranges);
}
