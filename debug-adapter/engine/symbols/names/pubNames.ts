import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';
import { kindOf, type QualifiedEntry } from './gdbIndex.ts';

/** The names of one unit in a section such as `.debug_pubnames`. */
export interface PubNames {
  /** The offset of the unit in `.debug_info`. */
  unit: number;
  entries(): Generator<QualifiedEntry>;
}

/**
 * Reads `.debug_pubnames` and `.debug_pubtypes` (DWARF 4, section 6.1.1), or their GNU variants, whose entries have a
 * byte for the kind of the name. Throws MalformedData.
 */
export function readPubNames(section: Section): PubNames[] {
  const isGnu = section.name.startsWith('.debug_gnu_');
  const sets: PubNames[] = [];
  const cursor = new ByteCursor(section);
  while (!cursor.atEnd) {
    const { length, is64 } = cursor.unitLength();
    const c = cursor.subCursor(length);
    const version = c.u16();
    if (version !== 2) throw new MalformedData(section.name, symbolDamage.version(version));
    const unit = c.offset(is64);
    c.offset(is64);
    sets.push({ unit, entries: () => entriesOf(c.clone(), { unit, is64, isGnu }) });
  }
  return sets;
}

function* entriesOf(
  c: ByteCursor,
  { unit, is64, isGnu }: { unit: number; is64: boolean; isGnu: boolean },
): Generator<QualifiedEntry> {
  while (!c.atEnd) {
    if (c.offset(is64) === 0) return;
    // Bits 4 to 6 contain the kind; bit 7 is set for a static name.
    const kind = isGnu ? kindOf(c.u8() >>> 4) : 'unknown';
    yield { name: c.string(), kind, unit };
  }
}
