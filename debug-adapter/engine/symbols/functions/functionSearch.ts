import type { Abbreviation } from '../dwarf/abbrev.ts';
import { AT, FORM, TAG } from '../dwarf/constants.ts';
import type { FormSizes } from '../dwarf/forms.ts';
import type { Unit } from '../dwarf/info.ts';
import { allBytes, bytesOnce } from '../elf/fileBytes.ts';
import { EntryReader, NAME } from '../names/entryReader.ts';
import { keyEnd } from '../names/nameHash.ts';
import { ProgramTable } from '../names/programTable.ts';
import { LINKAGE_NAME, type ScanProgram, stepsOf } from '../names/scanProgram.ts';

/** The entry of an inlined call. */
export interface InlinedEntry {
  /** The offset of the entry in the section. */
  offset: number;
  /** The key of the inlined function's entry. */
  origin: number;
  /** The nesting depth; 1 if the call is not inside another inlined call. */
  depth: number;
}

/** The entries in a unit that a search for functions with a given name must check. */
export interface UnitMatches {
  /** The offsets of functions that have the name, or whose name the search cannot determine. */
  functions: number[];
  /** All inlined calls in the unit. */
  inlined: InlinedEntry[];
  /** Whether any variable or parameter in the unit has a location list. */
  hasLocationLists: boolean;
}

/**
 * Finds functions and inlined calls in units. Reads the entries of a unit in sequence, which takes about 10 ms per
 * megabyte. The entries are not kept in memory, because a function may be inlined in hundreds of units.
 */
export class FunctionSearch {
  private readonly key: Uint8Array;
  private readonly programs = new Map<Uint8Array, ProgramTable<SearchProgram>>();

  /** `key` is the last component of a name: see `nameKey`. */
  constructor(key: string) {
    this.key = new TextEncoder().encode(key);
  }

  /** Undefined if the unit's entries cannot be read in sequence, because a form is unknown. */
  search(unit: Unit): UnitMatches | undefined {
    // If the unit is a skeleton, this replaces it with the unit in its .dwo file.
    void unit.root;
    const abbreviations = unit.sections.get('.debug_abbrev');
    let programs = this.programs.get(abbreviations.bytes);
    if (!programs) this.programs.set(abbreviations.bytes, (programs = new ProgramTable(abbreviations, searchProgram)));
    programs.select(unit.abbreviationOffset, unit, false);
    const entries = new EntryReader(bytesOnce(unit.section, unit.start, unit.end), unit.firstDie - unit.start);
    return this.read(unit, entries, programs);
  }

  private read(unit: Unit, entries: EntryReader, programs: ProgramTable<SearchProgram>): UnitMatches | undefined {
    const matches: UnitMatches = { functions: [], inlined: [], hasLocationLists: false };
    const named = new Set<number>();
    /** Pairs of offsets: a function, and the entry that it completes. */
    const completions: number[] = [];
    const unitKey = unit.keyBase + unit.start;
    const inlineDepths: number[] = [];
    const isNamed = this.nameTest(unit, entries);
    let depth = 0;
    while (entries.at < entries.end) {
      const offset = entries.at;
      const code = entries.leb();
      if (code === 0) {
        if (--depth <= 0) break;
        continue;
      }
      const program = programs.get(code);
      if (!program) return undefined;
      entries.read(program);
      const { role } = program;
      let inlineDepth = depth > 0 ? inlineDepths[depth - 1] : 0;
      if (role === ROLE.function) {
        inlineDepth = 0;
        const { origin, farOrigin, nameKind } = entries;
        // If an entry has no name or origin, or its origin is in another unit, its name is not known here.
        const isNameless = nameKind === NAME.none && origin < 0;
        if (isNameless || farOrigin >= 0 || (nameKind !== NAME.none && isNamed())) named.add(offset);
        else if (origin >= 0) completions.push(offset, origin);
      } else if (role === ROLE.inlined) {
        inlineDepth++;
        const { origin, farOrigin } = entries;
        const key = origin >= 0 ? unitKey + origin : farOrigin >= 0 ? unit.infoKeyBase + farOrigin : -1;
        if (key >= 0) matches.inlined.push({ offset: unit.start + offset, origin: key, depth: inlineDepth });
      }
      matches.hasLocationLists ||= program.hasLocationList;
      if (program.hasChildren) inlineDepths[depth++] = inlineDepth;
      else if (depth === 0) break;
    }
    addCompletions(named, completions);
    matches.functions = [...named].sort((a, b) => a - b).map((offset) => unit.start + offset);
    return matches;
  }

  /**
   * Returns a function that tests whether the current entry has the name. The results are cached by the name's offset
   * in `.debug_str`.
   */
  private nameTest(unit: Unit, entries: EntryReader): () => boolean {
    const { sections } = unit;
    const known = new Map<number, boolean>();
    const test = (bytes: Uint8Array, offset: number) => {
      let isSame = known.get(offset);
      if (isSame === undefined) known.set(offset, (isSame = this.isKeyAt(bytes, offset)));
      return isSame;
    };
    const strings = allBytes(sections.get('.debug_str'));
    const lineStrings = allBytes(sections.get('.debug_line_str'));
    return () => {
      const { nameKind, nameOffset } = entries;
      if (nameKind === NAME.inStrings) return test(strings, nameOffset);
      // The results for names in the next two forms are not cached.
      if (nameKind === NAME.inLineStrings) return this.isKeyAt(lineStrings, nameOffset);
      if (nameKind === NAME.here) return this.isKeyAt(entries.bytes, nameOffset);
      const offset = stringOffset(unit, nameOffset);
      return offset === undefined || test(strings, offset);
    };
  }

  private isKeyAt(bytes: Uint8Array, offset: number): boolean {
    const { key } = this;
    for (let i = 0; i < key.length; i++) if (bytes[offset + i] !== key[i]) return false;
    const after = bytes[offset + key.length];
    if (after === 0) return true;
    const end = bytes.indexOf(0, offset);
    return end > offset && keyEnd(bytes, offset, end) === offset + key.length;
  }
}

/**
 * Adds the functions that complete one of the functions in `named`. This takes several rounds, because an entry can
 * refer to one that follows it.
 */
function addCompletions(named: Set<number>, completions: readonly number[]): void {
  for (let round = 0; round < CHAIN_MAX; round++) {
    const sizeBefore = named.size;
    for (let i = 0; i < completions.length; i += 2) if (named.has(completions[i + 1])) named.add(completions[i]);
    if (named.size === sizeBefore) return;
  }
}

/** DW_FORM_strx: the offset in `.debug_str`; undefined if the index is outside the table. */
function stringOffset(unit: Unit, index: number): number | undefined {
  const { bytes, load } = unit.sections.get('.debug_str_offsets');
  const base = unit.base(AT.strOffsetsBase) ?? (unit.version < 5 ? 0 : unit.is64 ? 16 : 8);
  const at = base + index * (unit.is64 ? 8 : 4);
  if (!(at + 4 <= bytes.length)) return undefined;
  load?.(at, at + 4);
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

interface SearchProgram extends Pick<ScanProgram, 'steps' | 'hasChildren'> {
  role: (typeof ROLE)[keyof typeof ROLE];
  hasLocationList: boolean;
}

function searchProgram(abbreviation: Abbreviation, sizes: FormSizes): SearchProgram | undefined {
  const { tag, names, forms, hasChildren } = abbreviation;
  const role = tag === TAG.subprogram ? ROLE.function : tag === TAG.inlinedSubroutine ? ROLE.inlined : ROLE.other;
  const name = role !== ROLE.function ? undefined : names.includes(AT.name) ? AT.name : LINKAGE_NAME;
  const steps = stepsOf(abbreviation, sizes, { name, hasOrigin: role !== ROLE.other });
  const location = tag === TAG.variable || tag === TAG.formalParameter ? forms[names.indexOf(AT.location)] : undefined;
  const hasLocationList =
    location === FORM.secOffset ||
    location === FORM.loclistx ||
    (sizes.version < 4 && (location === FORM.data4 || location === FORM.data8));
  return steps && { steps, role, hasChildren, hasLocationList };
}

const ROLE = { other: 0, function: 1, inlined: 2 } as const;
/** The same limit as in `Die.withOrigins`. */
const CHAIN_MAX = 8;
