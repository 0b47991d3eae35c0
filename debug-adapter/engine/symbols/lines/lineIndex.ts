import { MalformedData } from '../damage.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import { readLineHeader, type LineHeader } from '../dwarf/line.ts';
import type { CodeUnits } from '../functions/codeUnits.ts';
import type { LineLocation, SourceFile } from '../symbols.ts';
import { fileKey } from '../names/nameHash.ts';
import type { NameHints } from '../names/nameHints.ts';
import { LineTable } from './lineTable.ts';
import { matchPaths, reversedComponents } from './paths.ts';

/**
 * The line tables of all units. A unit's table is built and cached when an address or file in the unit is first looked
 * up.
 */
export class LineIndex {
  private readonly info: DebugInfo;
  private readonly codeUnits: CodeUnits;
  private readonly isInFile: (address: bigint) => boolean;
  private readonly report: (damage: MalformedData) => void;
  private readonly headers = new Map<Unit, LineHeader | undefined>();
  private readonly tables = new Map<Unit, LineTable | undefined>();
  private readonly hints: NameHints;
  private byPath: Map<string, FileUse> | undefined;
  private readonly byName = new Map<string, Map<string, FileUse>>();

  constructor(
    info: DebugInfo,
    options: {
      codeUnits: CodeUnits;
      hints: NameHints;
      isInFile: (address: bigint) => boolean;
      report: (damage: MalformedData) => void;
    },
  ) {
    this.info = info;
    this.codeUnits = options.codeUnits;
    this.hints = options.hints;
    this.isInFile = options.isInFile;
    this.report = options.report;
  }

  tableAt(pc: bigint): LineTable | undefined {
    const unit = this.codeUnits.at(pc);
    return unit && this.table(unit);
  }

  locationAt(pc: bigint): LineLocation | undefined {
    const table = this.tableAt(pc);
    const index = table?.indexAt(pc) ?? -1;
    if (!table || index < 0) return undefined;
    const { address, line, column, isStatement, file: number } = table.entries[index];
    const file = table.files[number] ?? UNKNOWN_FILE;
    return { file, line, column: column || undefined, isStatement, start: address, end: table.endOf(index) };
  }

  table(unit: Unit): LineTable | undefined {
    if (!this.tables.has(unit)) this.tables.set(unit, this.makeTable(unit));
    return this.tables.get(unit);
  }

  /** The source file that an entry's DW_AT_decl_file or DW_AT_call_file refers to. */
  fileOf(die: Die, attribute: number): SourceFile | undefined {
    const number = die.number(attribute);
    return number === undefined ? undefined : this.header(die.unit)?.files[number];
  }

  header(unit: Unit): LineHeader | undefined {
    if (!this.headers.has(unit))
      this.headers.set(
        unit,
        this.guarded(() => this.readHeader(unit)),
      );
    return this.headers.get(unit);
  }

  /** Every source file, with the units that use it. */
  get uses(): Map<string, FileUse> {
    this.byPath ??= this.collectUses(this.info.units);
    return this.byPath;
  }

  /**
   * Finds the source files that match a path from the user. Since the program may have been built elsewhere, two paths
   * match if one is a suffix of the other or if they share at least two trailing components. The longest common suffix
   * wins. Among suffixes of equal length, one with the same case wins. A bare `main.c` can therefore match several
   * files.
   */
  usesMatching(path: string): FileUse[] {
    const components = reversedComponents(path);
    const matches = [...this.usesNamed(components[0] ?? '').values()]
      .map((use) => ({ use, ...matchPaths(components, use.parts) }))
      .filter(({ use, parts }) => parts >= Math.min(2, components.length, use.parts.length) && parts > 0);
    const parts = matches.reduce((longest, match) => Math.max(longest, match.parts), 0);
    const best = matches.filter((match) => match.parts === parts);
    const exact = best.filter((match) => match.sameCase);
    return (exact.length > 0 ? exact : best).map(({ use }) => use);
  }

  /** The source files with a given name, in any folder. */
  private usesNamed(name: string): Map<string, FileUse> {
    if (this.byPath) return this.byPath;
    const key = fileKey(name);
    let uses = this.byName.get(key);
    if (!uses) {
      uses = this.collectUses(this.hints.unitsOf('file', name), ({ path }) => fileKey(path) === key);
      this.byName.set(key, uses);
    }
    return uses;
  }

  private collectUses(units: readonly Unit[], isWanted = (_: SourceFile): boolean => true): Map<string, FileUse> {
    const uses = new Map<string, FileUse>();
    for (const unit of units) {
      // Type units and partial units use the line table of another unit.
      if (unit.isTypeUnit || unit.skeleton.tag === TAG.partialUnit) continue;
      this.header(unit)?.files.forEach((file, number) => {
        if (!file || !isWanted(file)) return;
        let use = uses.get(file.path);
        if (!use) {
          use = { file, parts: reversedComponents(file.path), units: new Map() };
          uses.set(file.path, use);
        }
        // In version 5, the unit's own file is listed twice, under the numbers 0 and 1.
        use.units.set(unit, [...(use.units.get(unit) ?? []), number]);
      });
    }
    return uses;
  }

  private makeTable(unit: Unit): LineTable | undefined {
    const header = this.header(unit);
    const { bias } = this.info;
    return header && this.guarded(() => new LineTable(header, { bias, isInFile: this.isInFile }));
  }

  /** A type unit in a `.dwo` file uses a line table that is in the same file and contains only file names. */
  private readHeader(unit: Unit): LineHeader | undefined {
    const { skeleton, sections, compDir } = unit;
    const offset = skeleton.sectionOffset(AT.stmtList);
    if (offset === undefined) return undefined;
    const name = unit.isTypeUnit && unit.isSplit ? '.debug_line.dwo' : '.debug_line';
    return readLineHeader(sections, { name, offset, compDir, unitName: skeleton.text(AT.name) ?? '' });
  }

  private guarded<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
      return undefined;
    }
  }
}

export interface FileUse {
  file: SourceFile;
  parts: string[];
  /** The file's numbers in each unit. */
  units: Map<Unit, number[]>;
}

const UNKNOWN_FILE: SourceFile = { path: '??', name: '??', compDir: '' };
