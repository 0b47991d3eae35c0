import { ByteCursor } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import { AT } from './constants.ts';
import type { Die } from './die.ts';
import type { Unit } from './info.ts';
import { BASE_SELECTION, indexedList } from './ranges.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * The location expression that an attribute specifies for `pc`: either the attribute's own expression, or one from a
 * list in `.debug_loclists` (DWARF 5, section 7.29) or `.debug_loc` (DWARF 4, section 2.6.2). Undefined if the object
 * has no location at `pc`.
 */
export function locationAt(die: Die, attribute: number, pc: bigint): Uint8Array | undefined {
  const value = die.value(attribute);
  const { unit } = die;
  if (!value) return undefined;
  if (value.kind === 'block') return value.bytes;
  if (value.kind === 'listIndex') {
    const offset = indexedList(unit, '.debug_loclists', { base: AT.loclistsBase, index: value.index });
    return findInList(unit, offset, pc);
  }
  const offset = die.sectionOffset(attribute);
  if (offset === undefined) return undefined;
  if (unit.version >= 5) return findInList(unit, offset, pc);
  return unit.isSplit ? findInSplitList(unit, offset, pc) : findInOldList(unit, offset, pc);
}

/** Whether an attribute's location depends on the pc. */
export function hasLocationList(die: Die, attribute: number): boolean {
  const kind = die.value(attribute)?.kind;
  return kind === 'listIndex' || (kind !== undefined && die.sectionOffset(attribute) !== undefined);
}

function findInList(unit: Unit, offset: number, pc: bigint): Uint8Array | undefined {
  const c = new ByteCursor(unit.sections.get('.debug_loclists'), offset);
  let base = unit.baseAddress;
  let fallback: Uint8Array | undefined;
  const address = () => unit.info.biased(c.u64());
  const indexed = () => unit.addressOfIndex(c.uleb());
  for (;;) {
    const kind = c.u8();
    let start: bigint;
    let end: bigint;
    if (kind === LLE.endOfList) return fallback;
    if (kind === LLE.baseAddress || kind === LLE.baseAddressx) {
      base = kind === LLE.baseAddress ? address() : indexed();
      continue;
    }
    if (kind === LLE.defaultLocation) {
      fallback = c.block(c.uleb());
      continue;
    }
    if (kind === LLE.offsetPair) [start, end] = [base + c.ulebBig(), base + c.ulebBig()];
    else if (kind === LLE.startEnd) [start, end] = [address(), address()];
    else if (kind === LLE.startxEndx) [start, end] = [indexed(), indexed()];
    else if (kind === LLE.startLength) end = (start = address()) + c.ulebBig();
    else if (kind === LLE.startxLength) end = (start = indexed()) + c.ulebBig();
    else throw new MalformedData('.debug_loclists', symbolDamage.listEntry(kind));
    const expression = c.block(c.uleb());
    if (start <= pc && pc < end) return expression;
  }
}

function findInOldList(unit: Unit, offset: number, pc: bigint): Uint8Array | undefined {
  const c = new ByteCursor(unit.sections.get('.debug_loc'), offset);
  let base = unit.baseAddress;
  for (;;) {
    const start = c.u64();
    const end = c.u64();
    if (start === 0n && end === 0n) return undefined;
    if (start === BASE_SELECTION) {
      base = unit.info.biased(end);
      continue;
    }
    const expression = c.block(c.u16());
    if (base + start <= pc && pc < base + end) return expression;
  }
}

/** Searches a GNU location list in `.debug_loc.dwo`, the format for split units in DWARF 4. */
function findInSplitList(unit: Unit, offset: number, pc: bigint): Uint8Array | undefined {
  const c = new ByteCursor(unit.sections.get('.debug_loc'), offset);
  const indexed = () => unit.addressOfIndex(c.uleb());
  let base = unit.baseAddress;
  for (;;) {
    const kind = c.u8();
    let start: bigint;
    let end: bigint;
    if (kind === GNU_LLE.endOfList) return undefined;
    if (kind === GNU_LLE.baseAddress) {
      base = indexed();
      continue;
    }
    if (kind === GNU_LLE.startEnd) [start, end] = [indexed(), indexed()];
    else if (kind === GNU_LLE.startLength) end = (start = indexed()) + BigInt(c.u32());
    else if (kind === GNU_LLE.offsetPair) [start, end] = [base + BigInt(c.u32()), base + BigInt(c.u32())];
    else throw new MalformedData('.debug_loc.dwo', symbolDamage.listEntry(kind));
    const expression = c.block(c.u16());
    if (start <= pc && pc < end) return expression;
  }
}

const GNU_LLE = { endOfList: 0, baseAddress: 1, startEnd: 2, startLength: 3, offsetPair: 4 };

const LLE = {
  endOfList: 0,
  baseAddressx: 1,
  startxEndx: 2,
  startxLength: 3,
  offsetPair: 4,
  defaultLocation: 5,
  baseAddress: 6,
  startEnd: 7,
  startLength: 8,
};
