import { ByteCursor, makeSection, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { SectionSource } from '../elf/debugSections.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** The parts of a package's sections that belong to one unit, indexed by section name without the suffix `.dwo`. */
export type Contributions = ReadonlyMap<string, { offset: number; sizeBytes: number }>;

/**
 * Reads `.debug_cu_index` or `.debug_tu_index` of a `.dwp` file (DWARF 5, section 7.3.5; version 2 is a GNU extension
 * to DWARF 4): a hash table that maps the IDs or signatures of units to the rows of a table of contributions.
 */
export function readPackageIndex(section: Section): Map<bigint, Contributions> {
  const units = new Map<bigint, Contributions>();
  if (section.bytes.length === 0) return units;
  const c = new ByteCursor(section);
  // In version 5, the version field is two bytes long and is followed by two zero bytes.
  const version = c.u32();
  const columnNames = COLUMNS[version];
  if (!columnNames) throw new MalformedData(section.name, symbolDamage.version(version));
  const [columnCount, unitCount, slotCount] = [c.u32(), c.u32(), c.u32()];
  const ids = c.subCursor(slotCount * 8);
  const rows = c.subCursor(slotCount * 4);
  const columns = c.subCursor(columnCount * 4);
  const offsets = c.subCursor(unitCount * columnCount * 4);
  const sizes = c.subCursor(unitCount * columnCount * 4);
  const names = Array.from({ length: columnCount }, () => columnNames[columns.u32()]);
  const table = Array.from({ length: unitCount }, () => {
    const cells = names.map((name) => ({ name, offset: offsets.u32(), sizeBytes: sizes.u32() }));
    return new Map(cells.flatMap(({ name, ...cell }) => (name === undefined ? [] : [[name, cell] as const])));
  });
  for (let slot = 0; slot < slotCount; slot++) {
    const id = ids.u64();
    // Rows are numbered from 1; 0 marks an empty slot.
    const row = table[rows.u32() - 1];
    if (row) units.set(id, row);
  }
  return units;
}

/** The sections of a package, reduced to the contributions of one unit. */
export class PackagedSections implements SectionSource {
  private readonly whole: SectionSource;
  private readonly contributions: Contributions;
  private readonly known = new Map<string, Section>();

  constructor(whole: SectionSource, contributions: Contributions) {
    this.whole = whole;
    this.contributions = contributions;
  }

  get(name: string): Section {
    let section = this.known.get(name);
    if (!section) this.known.set(name, (section = this.part(name)));
    return section;
  }

  all(name: string): Section[] {
    return [this.get(name)];
  }

  private part(name: string): Section {
    const section = this.whole.get(name);
    const contribution = this.contributions.get(name);
    // All units of a package share the string section.
    if (!contribution) return CONTRIBUTED.has(name) ? makeSection(section.name, new Uint8Array()) : section;
    const { offset, sizeBytes } = contribution;
    if (offset + sizeBytes > section.bytes.length) throw new MalformedData(section.name, symbolDamage.offsetOutside());
    return makeSection(section.name, section.bytes.subarray(offset, offset + sizeBytes));
  }
}

/** The names of the columns, indexed by version and column number (DW_SECT_*). */
const COLUMNS: Record<number, Record<number, string | undefined> | undefined> = {
  2: {
    1: '.debug_info',
    2: '.debug_types',
    3: '.debug_abbrev',
    4: '.debug_line.dwo',
    5: '.debug_loc',
    6: '.debug_str_offsets',
  },
  5: {
    1: '.debug_info',
    3: '.debug_abbrev',
    4: '.debug_line.dwo',
    5: '.debug_loclists',
    6: '.debug_str_offsets',
    8: '.debug_rnglists',
  },
};
const CONTRIBUTED = new Set(Object.values(COLUMNS).flatMap((names) => Object.values(names ?? {})));
