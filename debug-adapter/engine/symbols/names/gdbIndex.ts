import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** A name in `.gdb_index` or in `.debug_pubnames` and its variants. */
export interface QualifiedEntry {
  /** `ns::Box::area` */
  name: string;
  kind: SymbolKind;
  /** The offset of the unit in `.debug_info`, or the signature of a type unit. */
  unit: number | bigint;
}

/** The kind of a symbol in an index; `unknown` if the index does not specify it. */
export type SymbolKind = 'unknown' | 'type' | 'variable' | 'function' | 'other';

/** An index of the names in a set of units. */
export interface QualifiedIndex {
  version: number;
  /** The offsets of the units in the index. */
  units: readonly number[];
  entries(): Generator<QualifiedEntry>;
}

/**
 * Reads the header of `.gdb_index`, which gdb and linkers write (gdb manual, "Index Section Format", versions 7 to 9).
 * Returns undefined for older versions, whose symbols have no kinds. Throws MalformedData.
 */
export function readGdbIndex(section: Section): QualifiedIndex | undefined {
  const c = new ByteCursor(section);
  const version = c.u32();
  if (version < 7 || version > 9) return undefined;
  const [unitsAt, typesAt, addressesAt, symbolsAt] = [c.u32(), c.u32(), c.u32(), c.u32()];
  // Version 9 adds the shortcut table, which precedes the constant pool.
  const shortcutsAt = version >= 9 ? c.u32() : undefined;
  const poolAt = c.u32();
  const units = numbers(new ByteCursor(section, unitsAt, typesAt), UNIT_BYTES, (part) => {
    const offset = part.toSafeInteger(part.u64());
    part.skip(8);
    return offset;
  });
  const typeUnits = numbers(new ByteCursor(section, typesAt, addressesAt), TYPE_UNIT_BYTES, (part) => {
    part.skip(16);
    return part.u64();
  });
  const symbols = new ByteCursor(section, symbolsAt, shortcutsAt ?? poolAt);
  const pool = new ByteCursor(section, poolAt);
  return { version, units, entries: () => entriesOf({ units: [...units, ...typeUnits], symbols, pool }) };
}

function* entriesOf(index: {
  units: readonly (number | bigint)[];
  symbols: ByteCursor;
  pool: ByteCursor;
}): Generator<QualifiedEntry> {
  const { units, pool } = index;
  const table = index.symbols;
  const symbols = table.clone();
  const slotCount = Math.floor((table.end - table.at) / SLOT_BYTES);
  if ((slotCount & (slotCount - 1)) !== 0) throw new MalformedData(table.section.name, symbolDamage.offsetOutside());
  const isUsed = (slot: number) => isZero(table.section.bytes, table.at + slot * SLOT_BYTES) === false;
  // Several symbols may share a list of units, but damaged offsets could refer to a long list many times.
  let remaining = LIST_ENTRIES_PER_BYTE * (pool.end - pool.at);
  for (let slot = 0; slot < slotCount; slot++) {
    const [nameAt, listAt] = [symbols.u32(), symbols.u32()];
    if (nameAt === 0 && listAt === 0) continue;
    const list = pool.clone();
    list.skip(listAt);
    const count = list.u32();
    remaining -= count;
    if (remaining < 0) throw new MalformedData(list.section.name, symbolDamage.offsetOutside());
    const name = pool.clone();
    name.skip(nameAt);
    const text = name.string();
    if (!isReachable(text, { slot, slotCount, isUsed })) {
      throw new MalformedData(table.section.name, symbolDamage.wrongHash());
    }
    for (let i = 0; i < count; i++) {
      const value = list.u32();
      const unit = units[value & 0xff_ffff];
      if (unit === undefined) throw new MalformedData(list.section.name, symbolDamage.noUnit());
      yield { name: text, kind: kindOf(value >>> 28), unit };
    }
  }
}

/** Whether a lookup of a name in the hash table reaches the name's slot. If it does not, the index is damaged. */
function isReachable(
  name: string,
  { slot, slotCount, isUsed }: { slot: number; slotCount: number; isUsed: (slot: number) => boolean },
): boolean {
  let hash = 0;
  for (const char of encoder.encode(name)) {
    const isUpper = char >= 0x41 && char <= 0x5a;
    hash = (Math.imul(hash, 67) + (isUpper ? char + 0x20 : char) - 113) >>> 0;
  }
  const mask = slotCount - 1;
  const step = (Math.imul(hash, 17) & mask) | 1;
  for (let at = hash & mask, tries = 0; tries < slotCount; at = (at + step) & mask, tries++) {
    if (at === slot) return true;
    if (!isUsed(at)) return false;
  }
  return false;
}

function isZero(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < SLOT_BYTES; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

const encoder = new TextEncoder();

/** The kind of symbol that the three lowest bits of a number specify. */
export const kindOf = (value: number): SymbolKind => KINDS[value & 7] ?? 'other';

function numbers<T>(c: ByteCursor, sizeBytes: number, read: (c: ByteCursor) => T): T[] {
  const found: T[] = [];
  while (c.end - c.at >= sizeBytes) found.push(read(c));
  return found;
}

const KINDS: SymbolKind[] = ['unknown', 'type', 'variable', 'function', 'other'];
const UNIT_BYTES = 16;
const TYPE_UNIT_BYTES = 24;
const SLOT_BYTES = 8;
const LIST_ENTRIES_PER_BYTE = 4;
