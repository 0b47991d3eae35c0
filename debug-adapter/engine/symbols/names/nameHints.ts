import { MalformedData } from '../damage.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import { keyEnd, type NameKind } from './nameHash.ts';
import { NameTableBuilder, type NameTable } from './nameTable.ts';
import { UnitScan } from './unitScan.ts';

/**
 * Tells which units may define a name, so that a lookup does not read all units. The table is created on first use,
 * which takes about 10 ms per megabyte of debug information, unless the host has provided it.
 */
export class NameHints {
  private readonly info: DebugInfo;
  private table: NameTable | undefined;

  constructor(info: DebugInfo, table?: NameTable) {
    this.info = info;
    this.table = table;
  }

  /** The units that may define a name, in ascending order of their keys. */
  unitsOf(kind: NameKind, name: string): Unit[] {
    this.table ??= scanNames(this.info);
    const { units } = this.info;
    return this.table.unitsOf(kind, name).flatMap((index) => units[index] ?? []);
  }
}

/** Creates the table of a file's names. Damaged and split units count as units that may define any name. */
export function scanNames(info: DebugInfo): NameTable {
  const { sections } = info;
  const builder = new NameTableBuilder();
  const scan = new UnitScan(builder, {
    strings: sections.get('.debug_str').bytes,
    lineStrings: sections.get('.debug_line_str').bytes,
    stringOffsets: sections.get('.debug_str_offsets').bytes,
  });
  info.units.forEach((unit, index) => {
    try {
      // The entries of a skeleton unit are in a .dwo file, which has its own strings.
      if (unit.root.unit.sections === sections) scan.scan(unit, index, unit.section.bytes, unit.start);
      else builder.addUnreadable(index);
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
