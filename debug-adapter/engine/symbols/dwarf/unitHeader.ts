import type { ByteCursor } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { SectionSource } from '../elf/debugSections.ts';
import { UNIT } from './constants.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * Reads a unit header (DWARF 5, section 7.5.1) and moves the cursor to the next unit. Returns undefined if the unit's
 * version is not supported.
 */
export function readUnitHeader(cursor: ByteCursor, location: UnitLocation): UnitHeader | undefined {
  const start = cursor.at;
  const { length, is64 } = cursor.unitLength();
  const c = cursor.subCursor(length);
  const version = c.u16();
  if (version < 2 || version > 5) return undefined;
  let type: number = location.isTypes ? UNIT.type : UNIT.compile;
  let addressBytes: number;
  let abbreviationOffset: number;
  if (version >= 5) {
    type = c.u8();
    addressBytes = c.u8();
    abbreviationOffset = c.offset(is64);
  } else {
    abbreviationOffset = c.offset(is64);
    addressBytes = c.u8();
  }
  if (addressBytes !== 8) throw new MalformedData(cursor.section.name, symbolDamage.addressSize(addressBytes));
  const hasSignature = type === UNIT.type || type === UNIT.splitType;
  const signature = hasSignature ? c.u64() : undefined;
  const typeOffset = hasSignature ? c.offset(is64) : 0;
  const dwoId = type === UNIT.skeleton || type === UNIT.splitCompile ? c.u64() : undefined;
  const header = { ...location, start, end: c.end, version, is64, addressBytes, type, signature, typeOffset, dwoId };
  return { ...header, firstDie: c.at, abbreviationOffset };
}

/** The section that contains a unit, and the numbers from which the keys of its entries are formed. */
export interface UnitLocation {
  sections: SectionSource;
  /** The number that is added to the offsets of entries to form their keys. */
  keyBase: number;
  infoKeyBase: number;
  isTypes: boolean;
  isSplit: boolean;
}

/** The fields of a unit's header, and the unit's location. */
export interface UnitHeader extends UnitLocation {
  start: number;
  end: number;
  version: number;
  is64: boolean;
  addressBytes: number;
  type: number;
  signature: bigint | undefined;
  typeOffset: number;
  dwoId: bigint | undefined;
  firstDie: number;
  abbreviationOffset: number;
  /** Whether to read a skeleton as it is, without the entries in its `.dwo` file. */
  isSkeleton?: boolean;
}
