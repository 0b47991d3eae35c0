import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { DebugSections } from '../elf/debugSections.ts';
import { AbbreviationTable } from './abbrev.ts';
import { indexedAddress } from './addr.ts';
import { AT, UNIT } from './constants.ts';
import { Die } from './die.ts';
import type { FormSizes } from './forms.ts';
import type { Language } from '../language.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * The units of `.debug_info` (DWARF 5, section 7.5). Only the unit headers are read up front; a unit's entries are read
 * on demand. Each entry has a key: its offset, plus `TYPES_KEY` for entries in DWARF 4's `.debug_types`.
 */
export class DebugInfo {
  readonly sections: DebugSections;
  readonly bias: bigint;
  readonly report: (damage: MalformedData) => void;
  private readonly abbreviationTables = new Map<number, AbbreviationTable>();
  private readUnits: Unit[] | undefined;
  private bySignature: Map<bigint, number> | undefined;

  constructor(sections: DebugSections, options: { bias: bigint; report: (damage: MalformedData) => void }) {
    this.sections = sections;
    this.bias = options.bias;
    this.report = options.report;
  }

  /** All units, in ascending order of their keys. */
  get units(): readonly Unit[] {
    this.readUnits ??= [...this.headers('.debug_info', 0), ...this.headers('.debug_types', TYPES_KEY)];
    return this.readUnits;
  }

  dieAt(key: number): Die {
    const unit = this.unitHolding(key);
    const die = unit?.die(key - unit.keyBase);
    if (!die) throw new MalformedData('.debug_info', symbolDamage.noEntry());
    return die;
  }

  /** The type entry of a type unit (DW_FORM_ref_sig8). */
  dieBySignature(signature: bigint): Die {
    this.bySignature ??= new Map(
      this.units.flatMap((unit) => (unit.signature === undefined ? [] : [[unit.signature, unit.typeKey]])),
    );
    const key = this.bySignature.get(signature);
    if (key === undefined) throw new MalformedData('.debug_info', symbolDamage.typeUnitMissing());
    return this.dieAt(key);
  }

  abbreviations(offset: number): AbbreviationTable {
    let table = this.abbreviationTables.get(offset);
    if (!table) {
      table = new AbbreviationTable(this.sections.get('.debug_abbrev'), offset);
      this.abbreviationTables.set(offset, table);
    }
    return table;
  }

  /** Converts an address in the file to a guest address. */
  biased(address: bigint): bigint {
    return BigInt.asUintN(64, address + this.bias);
  }

  private headers(name: string, keyBase: number): Unit[] {
    const units: Unit[] = [];
    const cursor = new ByteCursor(this.sections.get(name));
    try {
      while (!cursor.atEnd) {
        const unit = readUnitHeader(this, cursor, keyBase);
        if (unit) units.push(unit);
      }
    } catch (error) {
      // Keep the units that precede the damaged data.
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
    }
    return units;
  }

  private unitHolding(key: number): Unit | undefined {
    const units = this.units;
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (units[middle].keyBase + units[middle].start <= key) low = middle + 1;
      else high = middle;
    }
    const unit = units[low - 1];
    return unit && key < unit.keyBase + unit.end ? unit : undefined;
  }
}

/** A compilation, partial or type unit: its header fields and the attributes of its root entry. */
export class Unit implements FormSizes {
  readonly info: DebugInfo;
  readonly section: Section;
  readonly keyBase: number;
  readonly start: number;
  readonly end: number;
  readonly version: number;
  readonly is64: boolean;
  readonly addressBytes: number;
  readonly type: number;
  readonly signature: bigint | undefined;
  /** In a type unit, the key of the entry that describes the type. */
  readonly typeKey: number;
  /** Offset of the root entry. */
  readonly firstDie: number;
  private readonly abbreviationOffset: number;
  private rootDie: Die | undefined;

  constructor(info: DebugInfo, section: Section, header: UnitHeader) {
    this.info = info;
    this.section = section;
    this.keyBase = header.keyBase;
    this.start = header.start;
    this.end = header.end;
    this.version = header.version;
    this.is64 = header.is64;
    this.addressBytes = header.addressBytes;
    this.type = header.type;
    this.signature = header.signature;
    this.typeKey = header.keyBase + header.start + header.typeOffset;
    this.firstDie = header.firstDie;
    this.abbreviationOffset = header.abbreviationOffset;
  }

  get root(): Die {
    this.rootDie ??= this.die(this.firstDie);
    if (!this.rootDie) throw new MalformedData(this.section.name, symbolDamage.unitEmpty());
    return this.rootDie;
  }

  /** The entry at an offset in the section; undefined for the null entry that ends a list of children. */
  die(offset: number): Die | undefined {
    if (offset < this.firstDie) throw new MalformedData(this.section.name, symbolDamage.referenceToHeader());
    const cursor = new ByteCursor(this.section, offset, this.end);
    const code = cursor.uleb();
    if (code === 0) return undefined;
    return new Die(this, offset, this.abbreviations.get(code), cursor);
  }

  get abbreviations(): AbbreviationTable {
    return this.info.abbreviations(this.abbreviationOffset);
  }

  /** The language of the source (DW_AT_language). */
  get language(): Language {
    return LANGUAGES.get(this.root.number(AT.language) ?? 0) ?? 'other';
  }

  get compDir(): string {
    return this.root.text(AT.compDir) ?? '';
  }

  /** The unit's DW_AT_low_pc, the base of addresses in range and location lists. */
  get baseAddress(): bigint {
    return this.root.address(AT.lowPc) ?? 0n;
  }

  addressOfIndex(index: number): bigint {
    const base = this.base(AT.addrBase) ?? this.base(AT.gnuAddrBase) ?? ADDR_HEADER_BYTES;
    return this.info.biased(indexedAddress(this.info.sections, { base, index }));
  }

  base(name: number): number | undefined {
    return this.root.sectionOffset(name);
  }
}

interface UnitHeader {
  keyBase: number;
  start: number;
  end: number;
  version: number;
  is64: boolean;
  addressBytes: number;
  type: number;
  signature: bigint | undefined;
  typeOffset: number;
  firstDie: number;
  abbreviationOffset: number;
}

/** Reads a unit header and moves the cursor to the next unit; undefined for an unsupported version. */
function readUnitHeader(info: DebugInfo, cursor: ByteCursor, keyBase: number): Unit | undefined {
  const start = cursor.at;
  const { length, is64 } = cursor.unitLength();
  const c = cursor.subCursor(length);
  const version = c.u16();
  if (version < 2 || version > 5) return undefined;
  let type: number = keyBase === 0 ? UNIT.compile : UNIT.type;
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
  if (type === UNIT.skeleton || type === UNIT.splitCompile) c.skip(8);
  const header = { keyBase, start, end: c.end, version, is64, addressBytes, type, signature, typeOffset };
  return new Unit(info, cursor.section, { ...header, firstDie: c.at, abbreviationOffset });
}

/** Added to the offsets of entries in `.debug_types` to form their keys. It is larger than any section offset. */
export const TYPES_KEY = 2 ** 48;
const ADDR_HEADER_BYTES = 8;

/** Language codes (DWARF 5, section 7.12, and the codes registered since then). 0x9000 is Rust before DWARF 5. */
const LANGUAGES = new Map<number, Language>([
  ...[0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x3e].map((code) => [code, 'c'] as const),
  ...[0x04, 0x19, 0x1a, 0x21, 0x2a, 0x2b, 0x3a].map((code) => [code, 'c++'] as const),
  ...[0x1c, 0x9000].map((code) => [code, 'rust'] as const),
  ...[0x31, 0x8001].map((code) => [code, 'assembly'] as const),
]);
