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
import { inlinedIn } from './inlinedCopies.ts';
import type { FunctionEntry, FunctionIndex } from './functionIndex.ts';
import { functionName, linkageNameOf } from './functionName.ts';
import type { NameQuery } from './nameQuery.ts';

/** Finds the functions that a name stands for: in the debug information and in the symbol table. */
export class FunctionNames {
  private readonly index: FunctionIndex;
  private readonly hints: NameHints;
  private readonly lines: LineIndex;
  private readonly symbols: SymbolTable;
  private readonly info: DebugInfo;
  private optimizedUnits: Unit[] | undefined;

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
    const entries: FunctionEntry[] = [];
    for (const unit of this.unitsOf(query)) {
      const keys = new Set(this.matching(unit, query).map(({ key }) => key));
      if (keys.size > 0) entries.push(...this.index.functionsInUnit(unit).filter(({ die }) => keys.has(die.key)));
    }
    return entries;
  }

  /**
   * The first instructions of the inlined copies of the functions. The copies are in the units that contain the
   * function's name and in the units that gcc created during link-time optimization.
   */
  inlined(query: NameQuery): bigint[] {
    const units = new Set(this.unitsOf(query));
    const origins = new Set<number>();
    for (const unit of units) {
      for (const die of this.matching(unit, query)) if (isAbstract(die)) origins.add(die.key);
    }
    if (origins.size === 0) return [];
    this.optimizedUnits ??= this.info.units.filter((unit) => unit.root.text(AT.name) === OPTIMIZED_UNIT);
    return [...new Set([...units, ...this.optimizedUnits])].flatMap((unit) => inlinedIn(unit, origins));
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

  private matching(unit: Unit, query: NameQuery): Die[] {
    const key = nameKey(query.name);
    const found: Die[] = [];
    for (const offset of outlineOf(unit).functions) {
      const die = unit.die(offset);
      if (die && !die.flag(AT.declaration) && hasKey(die, key) && this.isMatch(die, query)) found.push(die);
    }
    return found;
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
 * Whether a function has the parameters in a query. Their types are compared with the linkage name. A function without
 * a linkage name is not overloaded, so comparing the number of parameters suffices.
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
