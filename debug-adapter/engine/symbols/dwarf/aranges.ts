import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';

/** A range of code and the unit that it belongs to. */
export interface UnitRange {
  start: bigint;
  end: bigint;
  /** Offset of the unit in `.debug_info`. */
  unitOffset: number;
}

/**
 * Reads `.debug_aranges` (DWARF 5, section 6.1.2), an index from code addresses to units. With this index, the unit
 * that contains an address can be found without reading the units. Addresses do not include the load bias. Damaged sets
 * are omitted; callers read the ranges of missing units from the units themselves.
 */
export function readAranges(section: Section): UnitRange[] {
  const ranges: UnitRange[] = [];
  const cursor = new ByteCursor(section);
  try {
    while (!cursor.atEnd) readSet(cursor, ranges);
  } catch (error) {
    if (!(error instanceof MalformedData)) throw error;
  }
  return ranges;
}

function readSet(cursor: ByteCursor, ranges: UnitRange[]): void {
  const setStart = cursor.at;
  const { length, is64 } = cursor.unitLength();
  const c = cursor.subCursor(length);
  c.u16();
  const unitOffset = c.offset(is64);
  const addressBytes = c.u8();
  const segmentBytes = c.u8();
  if (addressBytes !== 8 || segmentBytes !== 0) return;
  // Tuples are aligned to their size, relative to the start of the set.
  c.skip((16 - ((c.at - setStart) % 16)) % 16);
  while (c.end - c.at >= 16) {
    const start = c.u64();
    const size = c.u64();
    if (size > 0n) ranges.push({ start, end: start + size, unitOffset });
  }
}
