import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { DebugSections, SectionSource } from '../elf/debugSections.ts';
import { AbbreviationTable } from './abbrev.ts';
import { indexedAddress } from './addr.ts';
import { AT, TAG, UNIT } from './constants.ts';
import { Die } from './die.ts';
import type { FormSizes } from './forms.ts';
import type { Language } from '../language.ts';
import type { SplitFiles } from './splitFiles.ts';
import { stringIn } from './str.ts';
import { readUnitHeader, type UnitHeader, type UnitLocation } from './unitHeader.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * The units of `.debug_info` (DWARF 5, section 7.5). Only the unit headers are read up front; a unit's entries are read
 * on demand. Each entry has a key: its offset, plus the base of its section. Every section with entries has a different
 * base: `.debug_info`, DWARF 4's `.debug_types`, and the sections in the supplementary file and in `.dwo` and `.dwp`
 * files.
 */
export class DebugInfo {
  readonly sections: DebugSections;
  readonly bias: bigint;
  readonly report: (damage: MalformedData) => void;
  private readonly supplementary: SectionSource | undefined;
  private readonly splitFiles: SplitFiles | undefined;
  private readonly abbreviationTables = new Map<Section, Map<number, AbbreviationTable>>();
  private readUnits: Unit[] | undefined;
  /** The key ranges of the units in this file and in the supplementary file. */
  private ranges: UnitRange[] = [];
  /** The key ranges of the units in `.dwo` and `.dwp` files, in ascending order. */
  private readonly splitUnits: UnitRange[] = [];
  private readonly splitFileCache = new Map<SectionSource, SplitFile>();
  private nextSplitKey = SPLIT_KEY;
  private bySignature: Map<bigint, number> | undefined;

  constructor(
    sections: DebugSections,
    options: {
      bias: bigint;
      report: (damage: MalformedData) => void;
      /** The sections of the supplementary file. */
      supplementary?: SectionSource;
      splitFiles?: SplitFiles;
    },
  ) {
    this.sections = sections;
    this.bias = options.bias;
    this.report = options.report;
    this.supplementary = options.supplementary;
    this.splitFiles = options.splitFiles;
  }

  /**
   * All units, in ascending order of their keys. A unit of a `.dwo` file is represented by the skeleton that it
   * completes.
   */
  get units(): readonly Unit[] {
    this.readUnits ??= this.collectUnits();
    return this.readUnits;
  }

  /** The units of `.debug_info`, indexed by their offsets there. */
  unitsByOffset(): Map<number, Unit> {
    void this.units;
    return new Map(this.ranges.filter(({ start }) => start < TYPES_KEY).map(({ start, unit }) => [start, unit]));
  }

  private collectUnits(): Unit[] {
    const { sections, supplementary } = this;
    const main = { sections, infoKeyBase: 0, isSplit: false };
    const units = [
      ...this.headers(sections.get('.debug_info'), { ...main, keyBase: 0, isTypes: false }),
      ...this.headers(sections.get('.debug_types'), { ...main, keyBase: TYPES_KEY, isTypes: true }),
    ];
    if (supplementary) {
      const location = { sections: supplementary, keyBase: SUPPLEMENTARY_KEY, infoKeyBase: SUPPLEMENTARY_KEY };
      units.push(...this.headers(supplementary.get('.debug_info'), { ...location, isTypes: false, isSplit: false }));
    }
    this.ranges = units.map(rangeOf);
    return [...units, ...this.packagedTypes()];
  }

  private packagedTypes(): Unit[] {
    try {
      return (
        this.splitFiles?.packagedTypes().flatMap((sections) => this.readSplit(sections).map(({ unit }) => unit)) ?? []
      );
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
      return [];
    }
  }

  /** The language of the first unit that specifies a language other than assembly. */
  get mainLanguage(): Language {
    const hasTypes = ({ root, language }: Unit) => root.has(AT.language) && language !== 'assembly';
    return this.units.find(hasTypes)?.language ?? 'other';
  }

  dieAt(key: number): Die {
    const unit = this.unitHolding(key);
    const die = unit?.die(key - unit.keyBase);
    if (!die) throw new MalformedData('.debug_info', symbolDamage.noEntry());
    return die;
  }

  /** An entry in the supplementary file, by its offset there; undefined if the file is missing. */
  supplementaryDie(offset: number): Die | undefined {
    return this.supplementary && this.dieAt(SUPPLEMENTARY_KEY + offset);
  }

  /** A string in the supplementary file. */
  supplementaryText(offset: number): string | undefined {
    return this.supplementary && stringIn(this.supplementary, '.debug_str', offset);
  }

  /** The entry of the type with this signature, which is in a type unit (DW_FORM_ref_sig8). */
  dieBySignature(signature: bigint): Die {
    if (!this.bySignature) {
      this.bySignature = new Map();
      for (const unit of this.units) this.addSignature(unit);
      for (const { unit } of this.splitUnits) this.addSignature(unit);
    }
    const key = this.bySignature.get(signature);
    if (key === undefined) throw new MalformedData('.debug_info', symbolDamage.typeUnitMissing());
    return this.dieAt(key);
  }

  abbreviations(section: Section, offset: number): AbbreviationTable {
    let tables = this.abbreviationTables.get(section);
    if (!tables) this.abbreviationTables.set(section, (tables = new Map<number, AbbreviationTable>()));
    let table = tables.get(offset);
    if (!table) tables.set(offset, (table = new AbbreviationTable(section, offset)));
    return table;
  }

  /** Converts an address in the file to a guest address. */
  biased(address: bigint): bigint {
    return BigInt.asUintN(64, address + this.bias);
  }

  /**
   * Finds the unit that completes a skeleton, and the type units in the same file. From then on, the entries of the
   * unit that was found belong to `successor`. Returns undefined if the unit is missing.
   */
  splitUnitOf(skeleton: Unit, successor: Unit): SplitUnit | undefined {
    const { root, dwoId: id, compDir } = skeleton;
    const name = root.text(AT.dwoName) ?? root.text(AT.gnuDwoName);
    if (!this.splitFiles || name === undefined) return undefined;
    const accepts = (candidate: SectionSource) => this.splitFile(candidate).units.has(id);
    const sections = this.splitFiles.sectionsOf({ name, compDir, id }, accepts);
    const file = sections && this.splitFile(sections);
    const range = file?.units.get(id);
    if (!file || !range) return undefined;
    const { unit } = range;
    range.unit = successor;
    // A unit completes only one skeleton, and type units are returned only once for each file.
    file.units.delete(id);
    return { unit, typeUnits: file.typeUnits.splice(0) };
  }

  private splitFile(sections: SectionSource): SplitFile {
    let file = this.splitFileCache.get(sections);
    if (!file) {
      const ranges = this.readSplit(sections);
      const compileUnits = ranges.filter(({ unit }) => !unit.isTypeUnit);
      const typeUnits = ranges.map(({ unit }) => unit).filter(({ isTypeUnit }) => isTypeUnit);
      file = { units: new Map(compileUnits.map((range) => [range.unit.dwoId, range])), typeUnits };
      this.splitFileCache.set(sections, file);
    }
    return file;
  }

  /** Reads the unit headers of a `.dwo` file or of one unit in a package. */
  private readSplit(sections: SectionSource): UnitRange[] {
    const units: Unit[] = [];
    for (const name of ['.debug_info', '.debug_types']) {
      for (const section of sections.all(name)) {
        const base = this.nextSplitKey;
        const isTypes = name === '.debug_types';
        units.push(...this.headers(section, { sections, isTypes, keyBase: base, infoKeyBase: base, isSplit: true }));
        this.nextSplitKey += section.bytes.length;
      }
    }
    const ranges = units.map(rangeOf);
    for (const range of ranges) this.splitUnits.push(range);
    if (this.bySignature) for (const unit of units) this.addSignature(unit);
    return ranges;
  }

  private addSignature({ signature, typeKey }: Unit): void {
    if (signature !== undefined && !this.bySignature!.has(signature)) this.bySignature!.set(signature, typeKey);
  }

  private headers(section: Section, location: UnitLocation): Unit[] {
    const units: Unit[] = [];
    const cursor = new ByteCursor(section);
    try {
      while (!cursor.atEnd) {
        const header = readUnitHeader(cursor, location);
        if (header) units.push(new Unit(this, section, header));
      }
    } catch (error) {
      // Keep the units that precede the damaged data.
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
    }
    return units;
  }

  private unitHolding(key: number): Unit | undefined {
    const ranges = this.units && key >= SPLIT_KEY ? this.splitUnits : this.ranges;
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle].start <= key) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low - 1];
    return range && key < range.end ? range.unit : undefined;
  }
}

/** The key range of a unit's entries; `end` is exclusive. */
interface UnitRange {
  start: number;
  end: number;
  unit: Unit;
}

const rangeOf = (unit: Unit): UnitRange => ({
  ...{ start: unit.keyBase + unit.start, end: unit.keyBase + unit.end },
  unit,
});

/** The units of a `.dwo` file that do not yet belong to a skeleton. */
interface SplitFile {
  /** The compilation units, indexed by ID. */
  units: Map<bigint | undefined, UnitRange>;
  typeUnits: Unit[];
}

/** A unit that completes a skeleton, and the type units in the same file. */
export interface SplitUnit {
  unit: Unit;
  typeUnits: readonly Unit[];
}

/**
 * A compilation, partial or type unit: its header fields and the attributes of its root entry. A skeleton unit, whose
 * entries are in a `.dwo` file, becomes the unit in that file when its root is first read.
 */
export class Unit implements FormSizes {
  readonly info: DebugInfo;
  sections!: SectionSource;
  section!: Section;
  keyBase!: number;
  start!: number;
  end!: number;
  version!: number;
  is64!: boolean;
  addressBytes!: number;
  /** Offset of the root entry. */
  firstDie!: number;
  private header!: UnitHeader;
  private rootDie: Die | undefined;
  private skeletonRoot: Die | undefined;
  private splitTypeUnits: readonly Unit[] = [];

  constructor(info: DebugInfo, section: Section, header: UnitHeader) {
    this.info = info;
    this.useHeader(header, section);
  }

  get type(): number {
    return this.header.type;
  }

  get signature(): bigint | undefined {
    return this.header.signature;
  }

  /** In a type unit, the key of the entry that describes the type. */
  get typeKey(): number {
    return this.keyBase + this.start + this.header.typeOffset;
  }

  get abbreviationOffset(): number {
    return this.header.abbreviationOffset;
  }

  /** The base of keys for references to `.debug_info` of the same file (DW_FORM_ref_addr). */
  get infoKeyBase(): number {
    return this.header.infoKeyBase;
  }

  /** Whether the entries are in a `.dwo` or `.dwp` file. */
  get isSplit(): boolean {
    return this.header.isSplit;
  }

  /** The root entry. For a skeleton unit, the root entry in the `.dwo` file, if it was found. */
  get root(): Die {
    this.rootDie ??= this.openRoot();
    return this.rootDie;
  }

  /**
   * The root entry in the program itself: it has the code ranges, the line table and the base addresses. It differs
   * from `root` only for a skeleton unit. Reading this property does not open the `.dwo` file.
   */
  get skeleton(): Die {
    this.skeletonRoot ??= this.readSkeleton();
    return this.skeletonRoot;
  }

  /** The type units in the same `.dwo` file. */
  get typeUnits(): readonly Unit[] {
    return this.root.unit.splitTypeUnits;
  }

  get isTypeUnit(): boolean {
    return this.type === UNIT.type || this.type === UNIT.splitType;
  }

  /** The ID that a skeleton unit shares with the unit that completes it. */
  get dwoId(): bigint | undefined {
    return this.header.dwoId ?? this.root.constant(AT.gnuDwoId);
  }

  /** The entry at an offset in the section; undefined for the null entry that ends a list of children. */
  die(offset: number): Die | undefined {
    this.rootDie ??= this.openRoot();
    return this.entry(offset);
  }

  get abbreviations(): AbbreviationTable {
    return this.info.abbreviations(this.sections.get('.debug_abbrev'), this.abbreviationOffset);
  }

  /**
   * The language of the source (DW_AT_language). Partial units from `dwz` may lack this attribute; they use the
   * language of the program.
   */
  get language(): Language {
    const code = this.root.number(AT.language);
    if (code === undefined && this.root.tag === TAG.partialUnit) return this.info.mainLanguage;
    return LANGUAGES.get(code ?? 0) ?? 'other';
  }

  get compDir(): string {
    return this.skeleton.text(AT.compDir) ?? this.root.text(AT.compDir) ?? '';
  }

  /** The unit's DW_AT_low_pc, the base of addresses in range and location lists. */
  get baseAddress(): bigint {
    return this.skeleton.address(AT.lowPc) ?? 0n;
  }

  /** The base of DW_AT_ranges in the entries of a split unit (a GNU extension to DWARF 4). */
  get rangesBase(): number {
    return this.isSplit ? (this.skeleton.sectionOffset(AT.gnuRangesBase) ?? 0) : 0;
  }

  addressOfIndex(index: number): bigint {
    const { skeleton } = this;
    const given = skeleton.sectionOffset(AT.addrBase) ?? skeleton.sectionOffset(AT.gnuAddrBase);
    const base = given ?? (this.version < 5 ? 0 : ADDR_HEADER_BYTES);
    return this.info.biased(indexedAddress(this.sections, { base, index }));
  }

  base(name: number): number | undefined {
    return this.root.sectionOffset(name);
  }

  private entry(offset: number): Die | undefined {
    if (offset < this.firstDie) throw new MalformedData(this.section.name, symbolDamage.referenceToHeader());
    const cursor = new ByteCursor(this.section, offset, this.end);
    const code = cursor.uleb();
    if (code === 0) return undefined;
    return new Die(this, offset, this.abbreviations.get(code), cursor);
  }

  private firstEntry(): Die {
    const die = this.entry(this.firstDie);
    if (!die) throw new MalformedData(this.section.name, symbolDamage.unitEmpty());
    return die;
  }

  private readSkeleton(): Die {
    const die = this.firstEntry();
    if (this.isSplit || this.header.isSkeleton || !(die.has(AT.dwoName) || die.has(AT.gnuDwoName))) return die;
    return new Unit(this.info, this.section, { ...this.header, isSkeleton: true }).root;
  }

  private openRoot(): Die {
    const { skeleton } = this;
    if (skeleton.unit === this) return skeleton;
    const split = this.info.splitUnitOf(skeleton.unit, this);
    if (!split) return this.firstEntry();
    this.useHeader(split.unit.header, split.unit.section);
    this.splitTypeUnits = split.typeUnits;
    return this.firstEntry();
  }

  private useHeader(header: UnitHeader, section: Section): void {
    this.header = header;
    this.sections = header.sections;
    this.section = section;
    this.keyBase = header.keyBase;
    this.start = header.start;
    this.end = header.end;
    this.version = header.version;
    this.is64 = header.is64;
    this.addressBytes = header.addressBytes;
    this.firstDie = header.firstDie;
  }
}

// The bases: the numbers that are added to the offsets of entries to form their keys. They are larger than any offset.
const TYPES_KEY = 2 ** 48;
const SUPPLEMENTARY_KEY = 2 ** 49;
/** The first base for sections of `.dwo` files; each further section gets the next free base. */
const SPLIT_KEY = 2 ** 50;
const ADDR_HEADER_BYTES = 8;

/** Language codes (DWARF 5, section 7.12, and the codes registered since then). 0x9000 is Rust before DWARF 5. */
const LANGUAGES = new Map<number, Language>([
  ...[0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x3e].map((code) => [code, 'c'] as const),
  ...[0x04, 0x19, 0x1a, 0x21, 0x2a, 0x2b, 0x3a].map((code) => [code, 'c++'] as const),
  ...[0x1c, 0x9000].map((code) => [code, 'rust'] as const),
  ...[0x31, 0x8001].map((code) => [code, 'assembly'] as const),
]);
