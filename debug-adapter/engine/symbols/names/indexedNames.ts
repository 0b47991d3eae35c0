import { MalformedData } from '../damage.ts';
import { AT, TAG, UNIT } from '../dwarf/constants.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';
import { type DebugNamesEntry, type DebugNamesTable, readDebugNames } from './debugNames.ts';
import { type QualifiedEntry, readGdbIndex } from './gdbIndex.ts';
import { KIND_NUMBER, keyEnd, type NameKind } from './nameHash.ts';
import type { NamedScope, NameTableBuilder } from './nameTable.ts';
import { readPubNames } from './pubNames.ts';
import { kindOfTag } from './scanProgram.ts';
import { isSkeleton } from './unitScan.ts';

/** The names from a file's indexes, for the units that do not need to be scanned because an index covers them. */
export interface IndexedNames {
  /** The kinds of names that the indexes list completely for each of these units. */
  kinds: ReadonlySet<NameKind>;
  /** The names in each unit, by unit number. */
  byUnit: ReadonlyMap<number, readonly IndexedName[]>;
}

/** A name from an index. `name` is its number in the NameTableBuilder. */
export interface IndexedName {
  name: number;
  kind: number;
  /** For a type, the named scope that contains it. */
  scope: NamedScope | undefined;
}

/**
 * Reads the indexes of names that compilers, linkers and gdb write. An index is used only for the units and kinds of
 * names that it lists completely, because a name that is missing from the index would not be found:
 *
 * - LLVM's `.debug_names` lists all functions, variables and types, but no enumerators. Before LLVM 18, it did not list
 *   the scopes of types.
 * - `.gdb_index`, `.debug_gnu_pubnames` and gdb's `.debug_names` list all C functions and variables. Methods of local
 *   classes and nested types are missing, and gdb lists types with the same name only once.
 * - The `.debug_pubnames` sections of older compilers do not list static functions, so they are not used.
 *
 * A damaged index is reported and not used. Returns undefined if no index is usable.
 */
export function readIndexedNames(info: DebugInfo, builder: NameTableBuilder): IndexedNames | undefined {
  const reader = new IndexReader(info, builder);
  try {
    reader.read();
  } catch (error) {
    if (!(error instanceof MalformedData)) throw error;
    info.report(error);
    return undefined;
  }
  return reader.result();
}

class IndexReader {
  private readonly info: DebugInfo;
  private readonly builder: NameTableBuilder;
  private readonly units = new Map<number, number>();
  private readonly bySignature = new Map<bigint, number>();
  private readonly byUnit = new Map<number, IndexedName[]>();
  /** Whether the indexes list all types of every unit in `byUnit`. */
  private hasTypes = true;

  constructor(info: DebugInfo, builder: NameTableBuilder) {
    this.info = info;
    this.builder = builder;
    const numbers = new Map(info.units.map((unit, index) => [unit, index]));
    for (const [offset, unit] of info.unitsByOffset()) this.units.set(offset, numbers.get(unit)!);
    for (const [unit, index] of numbers) if (unit.signature !== undefined) this.bySignature.set(unit.signature, index);
  }

  read(): void {
    const { sections } = this.info;
    if (sections.has('.debug_names')) {
      for (const table of readDebugNames(sections.get('.debug_names'), sections.get('.debug_str'))) {
        if (table.augmentation.startsWith('LLVM')) this.addTable(table);
        else this.addTableOfGdb(table);
      }
    }
    const gdbIndex = sections.has('.gdb_index') ? readGdbIndex(sections.get('.gdb_index')) : undefined;
    if (gdbIndex) {
      const { version } = gdbIndex;
      const units = gdbIndex.units.map((offset) => this.numberOf(offset, '.gdb_index'));
      // Linkers write version 7, which lists only the units that were compiled with -ggnu-pubnames.
      const listed = units.filter((unit) => version > 7 || this.unit(unit).skeleton.flag(AT.gnuPubnames));
      this.addQualified(this.ofC(listed), gdbIndex.entries());
    }
    if (!sections.has('.debug_gnu_pubnames')) return;
    for (const { unit, entries } of readPubNames(sections.get('.debug_gnu_pubnames'))) {
      this.addQualified(this.ofC([this.numberOf(unit, '.debug_gnu_pubnames')]), entries());
    }
  }

  result(): IndexedNames | undefined {
    const { byUnit, hasTypes } = this;
    const kinds: NameKind[] = ['file', 'function', 'variable', ...(hasTypes ? (['type'] as const) : [])];
    return byUnit.size === 0 ? undefined : { kinds: new Set(kinds), byUnit };
  }

  private addTable(table: DebugNamesTable): void {
    const units = table.units.map((offset) => this.numberOf(offset, '.debug_names'));
    // Before DWARF 5, type units are in another section, and these offsets refer to it.
    const typeUnits = table.localTypeUnits.flatMap((offset) => this.units.get(offset) ?? []);
    for (const unit of [...units, ...typeUnits]) this.namesOf(unit);
    const entries = new Map<number, DebugNamesEntry>();
    for (const entry of table.entries()) entries.set(entry.offset, entry);
    for (const entry of entries.values()) this.addEntry(entry, entries);
  }

  private addEntry(entry: DebugNamesEntry, entries: ReadonlyMap<number, DebugNamesEntry>): void {
    const kind = entry.tag === TAG.inlinedSubroutine ? KIND_NUMBER.function : kindOfTag(entry.tag);
    if (kind === undefined) return;
    const isType = kind === KIND_NUMBER.type;
    if (isType && entry.parent === undefined) this.hasTypes = false;
    const number = typeof entry.unit === 'bigint' ? this.bySignature.get(entry.unit) : this.units.get(entry.unit);
    if (number === undefined) {
      // The type unit is in a .dwo file that has not been opened.
      this.hasTypes = false;
      return;
    }
    const scope = isType ? this.scopeOf(entry, entries, 0) : undefined;
    this.byUnit.get(number)?.push({ name: this.nameOf(entry, kind), kind, scope });
  }

  private scopeOf(
    { parent }: DebugNamesEntry,
    entries: ReadonlyMap<number, DebugNamesEntry>,
    depth: number,
  ): NamedScope | undefined {
    const outer = typeof parent === 'number' ? entries.get(parent) : undefined;
    if (!outer || depth > DEPTH_MAX) return undefined;
    const scope = this.scopeOf(outer, entries, depth + 1);
    if (this.isAnonymous(outer)) return scope;
    return this.builder.scope(this.nameOf(outer, KIND_NUMBER.type), scope);
  }

  /** LLVM lists unnamed namespaces as `(anonymous namespace)`. */
  private isAnonymous({ nameOffset }: DebugNamesEntry): boolean {
    return this.strings[nameOffset] === OPENING_PARENTHESIS;
  }

  private nameOf({ nameOffset, nameEnd }: DebugNamesEntry, kind: number): number {
    const { strings } = this;
    return this.builder.nameOf(strings, nameOffset, keyEnd(strings, nameOffset, nameEnd), kind);
  }

  private get strings(): Uint8Array {
    return this.info.sections.get('.debug_str').bytes;
  }

  private addTableOfGdb(table: DebugNamesTable): void {
    const units = new Set(this.ofC(table.units.map((offset) => this.numberOf(offset, '.debug_names'))));
    if (units.size === 0) return;
    this.hasTypes = false;
    for (const unit of units) this.namesOf(unit);
    for (const entry of table.entries()) {
      const kind = kindOfTag(entry.tag);
      const number = typeof entry.unit === 'number' ? this.units.get(entry.unit) : undefined;
      if (kind === undefined || number === undefined || !units.has(number)) continue;
      this.namesOf(number).push({ name: this.nameOf(entry, kind), kind, scope: undefined });
    }
  }

  /** Adds the functions and variables of these C units. */
  private addQualified(units: readonly number[], entries: Iterable<QualifiedEntry>): void {
    if (units.length === 0) return;
    this.hasTypes = false;
    const wanted = new Set(units);
    for (const unit of units) this.namesOf(unit);
    for (const { unit, name, kind } of entries) {
      const number = typeof unit === 'number' ? this.units.get(unit) : undefined;
      if (number === undefined || !wanted.has(number) || (kind !== 'function' && kind !== 'variable')) continue;
      const key = encoder.encode(name);
      const kindNumber = KIND_NUMBER[kind];
      const names = this.namesOf(number);
      names.push({ name: this.builder.nameOf(key, 0, key.length, kindNumber), kind: kindNumber, scope: undefined });
    }
  }

  /**
   * Selects the C units, except for partial units, skeletons, and units that gcc creates during link-time optimization.
   */
  private ofC(units: readonly number[]): number[] {
    return units.filter((number) => {
      const unit = this.unit(number);
      if (unit.isTypeUnit || isSkeleton(unit) || unit.skeleton.tag !== TAG.compileUnit) return false;
      return unit.type === UNIT.compile && unit.language === 'c' && unit.root.text(AT.name) !== '<artificial>';
    });
  }

  private unit(number: number): Unit {
    return this.info.units[number];
  }

  private namesOf(unit: number): IndexedName[] {
    let names = this.byUnit.get(unit);
    if (!names) this.byUnit.set(unit, (names = []));
    return names;
  }

  private numberOf(offset: number, section: string): number {
    const number = this.units.get(offset);
    if (number === undefined) throw new MalformedData(section, symbolDamage.noUnit());
    return number;
  }
}

const encoder = new TextEncoder();
const OPENING_PARENTHESIS = 0x28;
/** The maximum nesting depth of scopes; only damaged files exceed it. */
const DEPTH_MAX = 100;
