import type { Section } from '../byteCursor.ts';
import { AT } from '../dwarf/constants.ts';
import type { Unit } from '../dwarf/info.ts';
import { EntryReader, NAME } from './entryReader.ts';
import { KIND_NUMBER, keyEnd } from './nameHash.ts';
import type { NamedScope, NameTableBuilder } from './nameTable.ts';
import { OffsetMap } from './offsetMap.ts';
import { ProgramTable } from './programTable.ts';
import { scanProgram, type ScanProgram } from './scanProgram.ts';

/** The sections that a scan needs in addition to the units. */
export interface NameSections {
  abbreviations: Section;
  strings: Uint8Array;
  lineStrings: Uint8Array;
  /** `.debug_str_offsets` */
  stringOffsets: Uint8Array;
}

/** An entry without a name that completes an entry of another unit. */
export interface FarOrigin {
  unit: number;
  kind: number;
  /** The other entry's offset in `.debug_info`. */
  offset: number;
}

/**
 * Finds the names that units define. The scan is many times faster than reading the entries one at a time: each
 * abbreviation is translated once into a list of operations, and no object is created per entry. At worst, damaged data
 * leads to wrong names, which are harmless in a table of hints. A unit that cannot be read is marked as unreadable.
 */
export class UnitScan {
  readonly farOrigins: FarOrigin[] = [];
  readonly builder: NameTableBuilder;
  private readonly sections: NameSections;
  /** The numbers of the names in `.debug_str` and `.debug_line_str`, indexed by offset and kind. */
  private readonly known = { strings: new OffsetMap(), lineStrings: new OffsetMap() };
  readonly programs: ProgramTable<ScanProgram>;

  constructor(builder: NameTableBuilder, sections: NameSections) {
    this.builder = builder;
    this.sections = sections;
    this.programs = new ProgramTable(sections.abbreviations, scanProgram);
  }

  /** Adds the names of the unit whose contents are `bytes`. Throws MalformedData if its root entry is damaged. */
  scan(unit: Unit, index: number, bytes: Uint8Array): void {
    const isC = C_LANGUAGES.has(unit.root.number(AT.language) ?? 0);
    this.programs.select(unit.abbreviationOffset, unit, isC);
    const entries = new EntryReader(bytes, unit.firstDie - unit.start);
    const isComplete = new OneUnit(this, { unit, index, entries }).addNames();
    if (!isComplete) this.builder.addUnreadable(index);
  }

  /** The number of the current entry's name; -1 if it has none. */
  nameOf({ nameKind, nameOffset, bytes }: EntryReader, unit: Unit, kind: number): number {
    const { strings, lineStrings } = this.sections;
    switch (nameKind) {
      case NAME.inStrings:
        return this.nameAt(this.known.strings, strings, nameOffset, kind);
      case NAME.inLineStrings:
        return this.nameAt(this.known.lineStrings, lineStrings, nameOffset, kind);
      case NAME.byIndex:
        return this.nameAt(this.known.strings, strings, this.stringOffset(unit, nameOffset), kind);
      case NAME.here:
        return this.nameIn(bytes, nameOffset, kind);
      default:
        return -1;
    }
  }

  private nameAt(known: OffsetMap, bytes: Uint8Array, offset: number, kind: number): number {
    if (!(offset < OFFSET_MAX)) return -1;
    const key = offset * KINDS + kind;
    let name = known.get(key);
    if (name >= 0) return name;
    name = this.nameIn(bytes, offset, kind);
    if (name >= 0) known.set(key, name);
    return name;
  }

  private nameIn(bytes: Uint8Array, offset: number, kind: number): number {
    const end = offset < bytes.length ? bytes.indexOf(0, offset) : -1;
    return end > offset ? this.builder.nameOf(bytes, offset, keyEnd(bytes, offset, end), kind) : -1;
  }

  /** DW_FORM_strx: the offset in `.debug_str`, by index (DWARF 5, section 7.26). */
  private stringOffset(unit: Unit, index: number): number {
    const { stringOffsets: bytes } = this.sections;
    const base = unit.base(AT.strOffsetsBase) ?? (unit.version < 5 ? 0 : unit.is64 ? 16 : 8);
    const at = base + index * (unit.is64 ? 8 : 4);
    if (!(at + 4 <= bytes.length)) return Infinity;
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  }
}

/** The scan of one unit. */
class OneUnit {
  private readonly scan: UnitScan;
  private readonly unit: Unit;
  private readonly index: number;
  private readonly entries: EntryReader;
  private isComplete = true;
  private readonly declarations: Declaration[] = [];
  /** The offsets of the entries that definitions complete. */
  private readonly completed = new Set<number>();
  /** The scopes of the entries that contain the current one; undefined for the top level. */
  private readonly scopes: (NamedScope | undefined)[] = [];
  /** The scopes formed by declared classes; the keys are the offsets of the declarations. */
  private readonly declaredScopes = new Map<number, NamedScope | undefined>();

  constructor(scan: UnitScan, { unit, index, entries }: { unit: Unit; index: number; entries: EntryReader }) {
    this.scan = scan;
    this.unit = unit;
    this.index = index;
    this.entries = entries;
  }

  /** Returns false if the unit could not be read completely. */
  addNames(): boolean {
    const { entries } = this;
    let depth = 0;
    let functionDepth = Infinity;
    while (entries.at < entries.end) {
      const offset = entries.at;
      const code = entries.leb();
      if (code === 0) {
        if (--depth <= 0) break;
        if (depth <= functionDepth) functionDepth = Infinity;
        continue;
      }
      const program = this.scan.programs.get(code);
      if (!program) return false;
      entries.read(program);
      const { kind } = program;
      // Variables and types in a function are not visible outside it.
      const isVisible = functionDepth === Infinity || kind === KIND_NUMBER.function;
      if ((kind >= 0 || program.isScope) && isVisible) this.addEntry(program, { offset, depth });
      if (!program.hasChildren) {
        if (depth === 0) break;
      } else if (program.descends) {
        if (kind === KIND_NUMBER.function && functionDepth === Infinity) functionDepth = depth;
        depth++;
      } else if (!this.skipChildren()) return false;
    }
    this.addCompletedDeclarations();
    return this.isComplete && entries.at <= entries.end;
  }

  private addEntry(program: ScanProgram, { offset, depth }: { offset: number; depth: number }): void {
    const { entries } = this;
    const { isScope } = program;
    const kind = program.kind >= 0 ? program.kind : KIND_NUMBER.type;
    if (entries.origin >= 0) this.completed.add(entries.origin);
    const name = program.isIndexed || isScope ? this.scan.nameOf(entries, this.unit, kind) : -1;
    const scope = depth > 0 ? this.scopes[depth - 1] : undefined;
    if (isScope) this.scopes[depth] = this.innerScope(program, { name, offset, scope });
    else this.scopes[depth] = scope;
    if (!program.isIndexed) return;
    if (name < 0) {
      if (entries.farOrigin >= 0) this.scan.farOrigins.push({ unit: this.index, kind, offset: entries.farOrigin });
    } else if (program.isDeclaration) this.declarations.push({ offset, name, kind, scope });
    else {
      this.add(name, kind, scope);
      // An enumerator belongs to its enumeration and to the scope that contains the enumeration.
      const outer = kind === KIND_NUMBER.enumerator ? this.scopes[depth - 2] : undefined;
      if (outer) this.scan.builder.addScoped(name, this.index, outer);
    }
  }

  /**
   * The scope that an entry forms. An unnamed entry that completes a declaration forms the declaration's scope. Other
   * unnamed entries form no scope, so the outer scope applies.
   */
  private innerScope(
    { isDeclaration }: ScanProgram,
    { name, offset, scope }: { name: number; offset: number; scope: NamedScope | undefined },
  ): NamedScope | undefined {
    const { origin, farOrigin } = this.entries;
    if (name < 0) {
      // The declaration is elsewhere, so the name of the scope is unknown, and the names in the scope cannot be listed.
      if (farOrigin >= 0 || (origin >= 0 && !this.declaredScopes.has(origin))) this.isComplete = false;
      return origin >= 0 ? this.declaredScopes.get(origin) : scope;
    }
    const inner = this.scan.builder.scope(name, scope);
    if (isDeclaration) this.declaredScopes.set(offset, inner);
    return inner;
  }

  private add(name: number, kind: number, scope: NamedScope | undefined): void {
    const { builder } = this.scan;
    builder.add(name, this.index, kind);
    const isTypeOrEnumerator = kind === KIND_NUMBER.type || kind === KIND_NUMBER.enumerator;
    if (scope && isTypeOrEnumerator) builder.addScoped(name, this.index, scope);
  }

  /**
   * Indexes the declarations that definitions in the unit complete, such as those of functions that are defined outside
   * their class. Other declarations are not indexed, because each unit that includes a header repeats them.
   */
  private addCompletedDeclarations(): void {
    for (const { offset, name, kind, scope } of this.declarations) {
      if (this.completed.has(offset)) this.add(name, kind, scope);
    }
  }

  private skipChildren(): boolean {
    const { entries } = this;
    if (this.toSibling()) return true;
    for (let depth = 1; depth > 0 && entries.at < entries.end;) {
      const code = entries.leb();
      if (code === 0) {
        depth--;
        continue;
      }
      const program = this.scan.programs.get(code);
      if (!program) return false;
      entries.read(program);
      if (program.hasChildren && !this.toSibling()) depth++;
    }
    return true;
  }

  /**
   * Skips an entry's children if the entry has a sibling reference. Only forward references are followed, because
   * damaged data could contain a cycle.
   */
  private toSibling(): boolean {
    const { entries } = this;
    const { sibling } = entries;
    if (sibling <= entries.at || sibling > entries.end) return false;
    entries.at = sibling;
    return true;
  }
}

/** A declaration: its offset in the unit, its name, and the scope that contains it. */
interface Declaration {
  offset: number;
  name: number;
  kind: number;
  scope: NamedScope | undefined;
}

/** Whether the entries of a unit are in a `.dwo` file. */
export const isSkeleton = ({ skeleton }: Unit): boolean => skeleton.has(AT.dwoName) || skeleton.has(AT.gnuDwoName);

const KINDS = Object.keys(KIND_NUMBER).length;
const OFFSET_MAX = 2 ** 32 / KINDS;
/** DW_LANG_C89, C, C99, C11, C17 and C23. */
const C_LANGUAGES = new Set([0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x3e]);
