import type { Section } from '../byteCursor.ts';
import type { CompanionFile, FindCompanion } from '../companions.ts';
import { MalformedData } from '../damage.ts';
import type { DebugSections, SectionSource } from '../elf/debugSections.ts';
import { type Contributions, PackagedSections, readPackageIndex } from './packageIndex.ts';

/** The name and location of a split unit's file, as specified by its skeleton unit. */
export interface SplitName {
  /** DW_AT_dwo_name. */
  name: string;
  compDir: string;
  id: bigint | undefined;
}

/**
 * The files with the entries of split units (DWARF 5, section 7.3.2; a GNU extension to DWARF 4): one `.dwo` file for
 * each unit, or a `.dwp` package that contains all units. A file is opened when one of its units is first needed.
 */
export class SplitFiles {
  private readonly main: DebugSections;
  private readonly find: FindCompanion;
  private readonly open: (file: CompanionFile) => DebugSections | undefined;
  private readonly report: (damage: MalformedData) => void;
  private readonly onMissing: (name: string) => void;
  private readonly files = new Map<string, SectionSource | undefined>();
  private readonly packaged = new Map<Contributions, SectionSource>();
  private package: Package | undefined;
  private packageWasSought = false;

  constructor(options: {
    main: DebugSections;
    find: FindCompanion;
    open: (file: CompanionFile) => DebugSections | undefined;
    report: (damage: MalformedData) => void;
    /** Called if a file was not found. */
    onMissing: (name: string) => void;
  }) {
    this.main = options.main;
    this.find = options.find;
    this.open = options.open;
    this.report = options.report;
    this.onMissing = options.onMissing;
  }

  /** The sections with the entries of a skeleton unit; undefined if there are none. */
  sectionsOf(
    { name, compDir, id }: SplitName,
    accepts: (sections: SectionSource) => boolean,
  ): SectionSource | undefined {
    const contributions = id === undefined ? undefined : this.openedPackage()?.units.get(id);
    if (contributions) return this.packagedSections(contributions);
    let found: SectionSource | undefined;
    this.find({ kind: 'split', name, compDir }, (file) => {
      const sections = this.opened(file);
      if (sections && accepts(sections)) found = sections;
      return found !== undefined;
    });
    if (!found) this.onMissing(name);
    return found;
  }

  /** The sections of each type unit in the package. */
  packagedTypes(): SectionSource[] {
    return [...(this.openedPackage()?.types.values() ?? [])].map((type) => this.packagedSections(type));
  }

  private packagedSections(contributions: Contributions): SectionSource {
    let sections = this.packaged.get(contributions);
    if (!sections) {
      sections = new PackagedSections(this.package!.sections, contributions);
      this.packaged.set(contributions, sections);
    }
    return sections;
  }

  private openedPackage(): Package | undefined {
    // The addresses of split units are in .debug_addr, so a program without this section has no split units with code.
    if (this.packageWasSought || !this.main.has('.debug_addr')) return this.package;
    this.packageWasSought = true;
    this.find({ kind: 'package' }, (file) => {
      this.package = this.readPackage(file);
      return this.package !== undefined;
    });
    return this.package;
  }

  private readPackage(file: CompanionFile): Package | undefined {
    const sections = this.open(file);
    if (!sections) return undefined;
    try {
      const units = readPackageIndex(sections.get('.debug_cu_index'));
      const types = readPackageIndex(sections.get('.debug_tu_index'));
      return { sections: new DwoSections(this.main, sections), units, types };
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
      return undefined;
    }
  }

  private opened(file: CompanionFile): SectionSource | undefined {
    if (!this.files.has(file.name)) {
      const sections = this.open(file);
      this.files.set(file.name, sections && new DwoSections(this.main, sections));
    }
    return this.files.get(file.name);
  }
}

interface Package {
  sections: SectionSource;
  units: ReadonlyMap<bigint, Contributions>;
  types: ReadonlyMap<bigint, Contributions>;
}

/**
 * Provides the sections of a `.dwo` file under the names of the program's sections that they complete. Sections with
 * relocated data (addresses, DWARF 4 range lists and line tables) are in the program itself.
 */
class DwoSections implements SectionSource {
  private readonly main: DebugSections;
  private readonly dwo: DebugSections;

  constructor(main: DebugSections, dwo: DebugSections) {
    this.main = main;
    this.dwo = dwo;
  }

  get(name: string): Section {
    if (IN_PROGRAM.has(name)) return this.main.get(name);
    return this.dwo.get(name.endsWith('.dwo') ? name : `${name}.dwo`);
  }

  /** Each type unit can be in its own section. */
  all(name: string): Section[] {
    return this.dwo.all(`${name}.dwo`);
  }
}

const IN_PROGRAM = new Set(['.debug_addr', '.debug_ranges', '.debug_line', '.debug_line_str']);
