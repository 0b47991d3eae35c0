import { MalformedData } from '../damage.ts';
import { AT } from '../dwarf/constants.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import { lineFileNames, type ReadText } from '../dwarf/line.ts';
import { stringIn } from '../dwarf/str.ts';
import { allBytes, bytesOnce } from '../elf/fileBytes.ts';
import { fileKey, KIND_NUMBER, keyEnd, type NameKind } from './nameHash.ts';
import { type IndexedName, type IndexedNames, readIndexedNames } from './indexedNames.ts';
import { NameTableBuilder, type NameTable } from './nameTable.ts';
import { decodeNameTable } from './nameTableFile.ts';
import { isSkeleton, UnitScan } from './unitScan.ts';

/**
 * Determines which units may define a name, so that a lookup need not read all units. The table comes from the host or,
 * if an index in the file lists all names of the requested kind, from that index. Otherwise, the table is created on
 * first use, which takes about 10 ms per megabyte of debug information.
 */
export class NameHints {
  private readonly info: DebugInfo;
  private table: NameTable | undefined;
  /**
   * The table that was built from the indexes in the file; undefined if the indexes cannot be used, `unread` before
   * they are read.
   */
  private indexed: { table: NameTable; kinds: ReadonlySet<NameKind> } | undefined | 'unread' = 'unread';

  /** `index` comes from `createSymbolIndex`; a damaged index is ignored. */
  constructor(info: DebugInfo, index?: Uint8Array) {
    this.info = info;
    // Decode it now, so that the first lookup is as fast as later ones.
    this.table = index && decodeNameTable(index, info.units.length);
  }

  /** The units that may define a name or use a source file, in ascending order of their keys. */
  unitsOf(kind: NameKind, name: string): Unit[] {
    const { units } = this.info;
    return this.tableFor(kind)
      .unitsOf(kind, name)
      .flatMap((index) => units[index] ?? []);
  }

  private tableFor(kind: NameKind): NameTable {
    if (this.table) return this.table;
    if (this.indexed === 'unread') this.indexed = indexedTable(this.info);
    if (this.indexed?.kinds.has(kind)) return this.indexed.table;
    this.table = scanNames(this.info);
    return this.table;
  }
}

/** Builds a name table with the help of the indexes in a file; undefined if the indexes cover too few units. */
export function indexedTable(info: DebugInfo): { table: NameTable; kinds: ReadonlySet<NameKind> } | undefined {
  const builder = new NameTableBuilder();
  const indexed = readIndexedNames(info, builder);
  if (!indexed) return undefined;
  const sizeOf = ({ start, end }: Unit) => end - start;
  const total = info.units.reduce((sum, unit) => sum + sizeOf(unit), 0);
  const covered = [...indexed.byUnit.keys()].reduce((sum, index) => sum + sizeOf(info.units[index]), 0);
  // The units that the indexes do not cover are scanned a second time if a name of another kind is looked up later.
  return covered * 2 < total ? undefined : { table: tableOf(info, builder, indexed), kinds: indexed.kinds };
}

/** Adds the source files of units to a name table. A line table that several units share is read once. */
class FileScan {
  private readonly info: DebugInfo;
  private readonly builder: NameTableBuilder;
  private readonly known = new Map<string, number>();
  private readonly tables = new Map<number, number[]>();
  /** The strings read so far from each section, cached because thousands of units include the same headers. */
  private readonly texts = { '.debug_str': new Map<number, string>(), '.debug_line_str': new Map<number, string>() };

  constructor(info: DebugInfo, builder: NameTableBuilder) {
    this.info = info;
    this.builder = builder;
  }

  /** A unit whose line table is damaged counts as a unit without source files. */
  add(unit: Unit, index: number): void {
    const { skeleton } = unit;
    const offset = skeleton.sectionOffset(AT.stmtList);
    if (offset === undefined || unit.isTypeUnit) return;
    const files = this.tables.get(offset) ?? this.read(offset);
    this.tables.set(offset, files);
    const unitName = skeleton.text(AT.name);
    for (const file of unitName === undefined ? files : [...files, this.nameOf(unitName)]) {
      this.builder.add(file, index, KIND_NUMBER.file);
    }
  }

  private read(offset: number): number[] {
    try {
      return lineFileNames(this.info.sections, offset, this.readText).map((name) => this.nameOf(name));
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      return [];
    }
  }

  private readonly readText: ReadText = (section, offset) => {
    let text = this.texts[section].get(offset);
    if (text === undefined) {
      text = stringIn(this.info.sections, section, offset);
      this.texts[section].set(offset, text);
    }
    return text;
  };

  private nameOf(path: string): number {
    let name = this.known.get(path);
    if (name === undefined) {
      const key = encoder.encode(fileKey(path));
      name = this.builder.nameOf(key, 0, key.length, KIND_NUMBER.file);
      this.known.set(path, name);
    }
    return name;
  }
}

/** Creates the table of a file's names. Damaged and split units count as units that may define any name. */
export function scanNames(info: DebugInfo): NameTable {
  return tableOf(info, new NameTableBuilder(), undefined);
}

/** Builds a table from the names in `indexed`, and scans the other units. */
function tableOf(info: DebugInfo, builder: NameTableBuilder, indexed: IndexedNames | undefined): NameTable {
  const { sections } = info;
  const scan = new UnitScan(builder, {
    abbreviations: sections.get('.debug_abbrev'),
    strings: allBytes(sections.get('.debug_str')),
    lineStrings: allBytes(sections.get('.debug_line_str')),
    stringOffsets: allBytes(sections.get('.debug_str_offsets')),
  });
  const files = new FileScan(info, builder);
  info.units.forEach((unit, index) => {
    try {
      const names = indexed?.byUnit.get(index);
      if (names) {
        addIndexed(builder, index, names);
        return files.add(unit, index);
      }
      // The entries of a skeleton unit are in a .dwo file, which has its own strings.
      const isHere = !isSkeleton(unit) && unit.sections === sections;
      if (isHere) scan.scan(unit, index, bytesOnce(unit.section, unit.start, unit.end));
      else builder.addUnreadable(index);
      files.add(unit, index);
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      builder.addUnreadable(index);
    }
  });
  for (const { unit, kind, offset } of scan.farOrigins) {
    const name = nameAt(info, offset);
    if (name) builder.add(builder.nameOf(name, 0, keyEnd(name, 0, name.length), kind), unit, kind);
  }
  return builder.finish();
}

function addIndexed(builder: NameTableBuilder, unit: number, names: readonly IndexedName[]): void {
  for (const { name, kind, scope } of names) {
    builder.add(name, unit, kind);
    if (scope) builder.addScoped(name, unit, scope);
  }
}

function nameAt(info: DebugInfo, offset: number): Uint8Array | undefined {
  try {
    const { name } = info.dieAt(offset);
    return name === undefined ? undefined : encoder.encode(name);
  } catch (error) {
    if (!(error instanceof MalformedData)) throw error;
    return undefined;
  }
}

const encoder = new TextEncoder();
