import { ByteCursor } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { AddressRange } from '../symbols.ts';
import { AT } from './constants.ts';
import type { Die } from './die.ts';
import type { Unit } from './info.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * The code ranges of an entry: DW_AT_low_pc and DW_AT_high_pc, or a list in `.debug_rnglists` (DWARF 5, section 7.25)
 * or `.debug_ranges` (DWARF 4, section 7.24). The ranges are kept in file order, because a function is entered at the
 * start of its first range. Empty ranges are omitted.
 */
export function rangesOf(die: Die): AddressRange[] {
  const value = die.value(AT.ranges);
  const { unit } = die;
  if (!value) return lowToHigh(die);
  const ranges =
    value.kind === 'listIndex'
      ? readRangeList(unit, indexedList(unit, '.debug_rnglists', { base: AT.rnglistsBase, index: value.index }))
      : readRangesAt(unit, die.sectionOffset(AT.ranges));
  return ranges.filter(({ start, end }) => start < end);
}

function lowToHigh(die: Die): AddressRange[] {
  const start = die.address(AT.lowPc);
  const high = die.value(AT.highPc);
  if (start === undefined || !high) return [];
  // DWARF 4, section 2.17.2: a constant DW_AT_high_pc is an offset from DW_AT_low_pc.
  const end = high.kind === 'constant' ? start + high.value : die.address(AT.highPc);
  return end !== undefined && end > start ? [{ start, end }] : [];
}

function readRangesAt(unit: Unit, offset: number | undefined): AddressRange[] {
  if (offset === undefined) return [];
  return unit.version >= 5 ? readRangeList(unit, offset) : readOldRanges(unit, unit.rangesBase + offset);
}

/**
 * The offset of the list with a given index. The unit's base attribute points to the offset table, which follows the
 * section's header.
 */
export function indexedList(
  unit: Unit,
  section: '.debug_rnglists' | '.debug_loclists',
  { base, index }: { base: number; index: number },
): number {
  const start = unit.base(base) ?? (unit.is64 ? 20 : 12);
  const cursor = new ByteCursor(unit.sections.get(section), start);
  cursor.skip(index * (unit.is64 ? 8 : 4));
  return start + cursor.offset(unit.is64);
}

function readRangeList(unit: Unit, offset: number): AddressRange[] {
  const c = new ByteCursor(unit.sections.get('.debug_rnglists'), offset);
  const ranges: AddressRange[] = [];
  let base = unit.baseAddress;
  const address = () => unit.info.biased(c.u64());
  const indexed = () => unit.addressOfIndex(c.uleb());
  const add = (start: bigint, end: bigint) => ranges.push({ start, end });
  const addLength = (start: bigint) => add(start, start + c.ulebBig());
  for (;;) {
    const kind = c.u8();
    if (kind === RLE.endOfList) return ranges;
    else if (kind === RLE.offsetPair) add(base + c.ulebBig(), base + c.ulebBig());
    else if (kind === RLE.startLength) addLength(address());
    else if (kind === RLE.startEnd) add(address(), address());
    else if (kind === RLE.baseAddress) base = address();
    else if (kind === RLE.baseAddressx) base = indexed();
    else if (kind === RLE.startxEndx) add(indexed(), indexed());
    else if (kind === RLE.startxLength) addLength(indexed());
    else throw new MalformedData('.debug_rnglists', symbolDamage.listEntry(kind));
  }
}

function readOldRanges(unit: Unit, offset: number): AddressRange[] {
  const c = new ByteCursor(unit.sections.get('.debug_ranges'), offset);
  const ranges: AddressRange[] = [];
  let base = unit.baseAddress;
  for (;;) {
    const start = c.u64();
    const end = c.u64();
    if (start === 0n && end === 0n) return ranges;
    if (start === BASE_SELECTION) base = unit.info.biased(end);
    else ranges.push({ start: base + start, end: base + end });
  }
}

/** The start value that marks a base address selection entry (DWARF 4, section 2.17.3). */
export const BASE_SELECTION = 0xffff_ffff_ffff_ffffn;

const RLE = {
  endOfList: 0,
  baseAddressx: 1,
  startxEndx: 2,
  startxLength: 3,
  offsetPair: 4,
  baseAddress: 5,
  startEnd: 6,
  startLength: 7,
};
