import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import { allBytes } from '../elf/fileBytes.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** An entry of `.debug_names`. */
export interface DebugNamesEntry {
  /** Where the name starts and ends in `.debug_str`. */
  nameOffset: number;
  nameEnd: number;
  tag: number;
  /** The offset of the unit in `.debug_info`, or the signature of a type unit in another file. */
  unit: number | bigint;
  /**
   * The offset of the entry that contains this one; `none` if that entry is not in the index, undefined if the index
   * does not specify parents.
   */
  parent: number | 'none' | undefined;
  /** The offset of this entry from the first entry of its table. An entry's `parent` is such an offset. */
  offset: number;
}

/** One table of `.debug_names`. Each object file contributes one table; some linkers merge the tables. */
export interface DebugNamesTable {
  /** The offsets of the compilation units whose names are in the table. */
  units: readonly number[];
  /** The offsets of the type units in this file whose names are in the table. */
  localTypeUnits: readonly number[];
  /** The augmentation string: `LLVM0700` in a table from LLVM, `GDB` in one from gdb, or empty. */
  augmentation: string;
  entries(): Generator<DebugNamesEntry>;
}

/**
 * Reads the headers of the tables in `.debug_names` (DWARF 5, section 6.1.1). Throws MalformedData. `strings` is
 * `.debug_str`, which contains the names. Each name is checked against its hash in the table.
 */
export function readDebugNames(section: Section, strings: Section): DebugNamesTable[] {
  const tables: DebugNamesTable[] = [];
  const cursor = new ByteCursor(section);
  while (!cursor.atEnd) {
    const { length, is64 } = cursor.unitLength();
    tables.push(new Table(cursor.subCursor(length), { is64, strings: allBytes(strings) }));
  }
  return tables;
}

class Table implements DebugNamesTable {
  readonly units: readonly number[];
  readonly augmentation: string;
  private readonly is64: boolean;
  readonly localTypeUnits: readonly number[];
  private readonly foreignTypeUnits: readonly bigint[];
  private readonly strings: Uint8Array;
  private readonly nameCount: number;
  /** Undefined if the table has no hashes. */
  private readonly hashes: ByteCursor | undefined;
  private readonly stringOffsets: ByteCursor;
  private readonly entryOffsets: ByteCursor;
  private readonly abbreviations: ReadonlyMap<number, Abbreviation>;
  private readonly pool: ByteCursor;

  constructor(c: ByteCursor, { is64, strings }: { is64: boolean; strings: Uint8Array }) {
    this.strings = strings;
    const version = c.u16();
    if (version !== 5) throw new MalformedData(c.section.name, symbolDamage.version(version));
    c.skip(2);
    const [unitCount, localCount, foreignCount, bucketCount, nameCount] = [c.u32(), c.u32(), c.u32(), c.u32(), c.u32()];
    const abbreviationBytes = c.u32();
    const augmentationBytes = c.u32();
    this.augmentation = text(c.block(augmentationBytes));
    // The string is padded to a multiple of four bytes; some producers do not include the padding in its length.
    c.skip((4 - (augmentationBytes % 4)) % 4);
    const offsetBytes = is64 ? 8 : 4;
    const offsets = (count: number) => {
      const part = c.subCursor(count * offsetBytes);
      return Array.from({ length: count }, () => part.offset(is64));
    };
    this.is64 = is64;
    this.units = offsets(unitCount);
    this.localTypeUnits = offsets(localCount);
    const signatures = c.subCursor(foreignCount * 8);
    this.foreignTypeUnits = Array.from({ length: foreignCount }, () => signatures.u64());
    c.skip(bucketCount * 4);
    this.hashes = bucketCount > 0 ? c.subCursor(nameCount * 4) : undefined;
    this.nameCount = nameCount;
    this.stringOffsets = c.subCursor(nameCount * offsetBytes);
    this.entryOffsets = c.subCursor(nameCount * offsetBytes);
    this.abbreviations = readAbbreviations(c.subCursor(abbreviationBytes));
    this.pool = c.subCursor(c.end - c.at);
  }

  *entries(): Generator<DebugNamesEntry> {
    const { is64, nameCount, pool } = this;
    const [names, offsets, hashes] = [this.stringOffsets.clone(), this.entryOffsets.clone(), this.hashes?.clone()];
    const start = pool.at;
    // The number of entries is limited, because damaged offsets could refer to the same entries many times.
    let remaining = pool.end - start;
    for (let name = 0; name < nameCount; name++) {
      const nameOffset = names.offset(is64);
      const nameEnd = this.endOfName(nameOffset);
      if (hashes && !isHash(hashes.u32(), this.strings.subarray(nameOffset, nameEnd))) {
        throw new MalformedData(pool.section.name, symbolDamage.wrongHash());
      }
      const c = pool.clone();
      c.skip(offsets.offset(is64));
      for (;;) {
        if (--remaining < 0) throw new MalformedData(c.section.name, symbolDamage.offsetOutside());
        const offset = c.at - start;
        const code = c.uleb();
        if (code === 0) break;
        yield { ...this.entry(c, code), nameOffset, nameEnd, offset };
      }
    }
  }

  private endOfName(offset: number): number {
    const end = offset < this.strings.length ? this.strings.indexOf(0, offset) : -1;
    if (end < 0) throw new MalformedData(this.pool.section.name, symbolDamage.stringUnterminated());
    return end;
  }

  private entry(c: ByteCursor, code: number): Pick<DebugNamesEntry, 'tag' | 'unit' | 'parent'> {
    const abbreviation = this.abbreviations.get(code);
    if (!abbreviation) throw new MalformedData(c.section.name, symbolDamage.noAbbreviation(code));
    let [compileUnit, typeUnit]: (number | undefined)[] = [];
    let parent: DebugNamesEntry['parent'];
    const { tag, attributes } = abbreviation;
    for (let i = 0; i < attributes.length; i += 2) {
      const [index, form] = [attributes[i], attributes[i + 1]];
      const value = valueOf(c, form);
      if (index === INDEX.compileUnit) compileUnit = value;
      else if (index === INDEX.typeUnit) typeUnit = value;
      else if (index === INDEX.parent) parent = form === FLAG_PRESENT ? 'none' : value;
    }
    return { tag, parent, unit: this.unitOf(c, compileUnit, typeUnit) };
  }

  /**
   * The unit of an entry. A type unit in another file is represented by its compilation unit, if the entry specifies
   * one. If there is only one compilation unit, entries may omit it.
   */
  private unitOf(c: ByteCursor, compileUnit: number | undefined, typeUnit: number | undefined): number | bigint {
    const { units, localTypeUnits, foreignTypeUnits } = this;
    const local = typeUnit === undefined ? undefined : localTypeUnits[typeUnit];
    const foreign = typeUnit === undefined ? undefined : foreignTypeUnits[typeUnit - localTypeUnits.length];
    const compile = units[compileUnit ?? (units.length === 1 ? 0 : -1)];
    const unit = local ?? compile ?? foreign;
    if (unit === undefined) throw new MalformedData(c.section.name, symbolDamage.noUnit());
    return unit;
  }
}

interface Abbreviation {
  tag: number;
  /** Pairs of a DW_IDX_* number and a form. */
  attributes: readonly number[];
}

function readAbbreviations(c: ByteCursor): Map<number, Abbreviation> {
  const abbreviations = new Map<number, Abbreviation>();
  while (!c.atEnd) {
    const code = c.uleb();
    if (code === 0) break;
    const tag = c.uleb();
    const attributes: number[] = [];
    for (;;) {
      const [index, form] = [c.uleb(), c.uleb()];
      if (index === 0 && form === 0) break;
      attributes.push(index, form);
    }
    abbreviations.set(code, { tag, attributes });
  }
  return abbreviations;
}

/** The value of an attribute. Attributes have constant or reference forms (section 6.1.1.3). */
function valueOf(c: ByteCursor, form: number): number {
  switch (form) {
    case FLAG_PRESENT:
      return 1;
    case 0x0b: // DW_FORM_data1
    case 0x11: // DW_FORM_ref1
    case 0x0c: // DW_FORM_flag
      return c.u8();
    case 0x05: // DW_FORM_data2
    case 0x12: // DW_FORM_ref2
      return c.u16();
    case 0x06: // DW_FORM_data4
    case 0x13: // DW_FORM_ref4
      return c.u32();
    case 0x07: // DW_FORM_data8
    case 0x14: // DW_FORM_ref8
    case 0x20: // DW_FORM_ref_sig8
      c.skip(8);
      return 0;
    case 0x0f: // DW_FORM_udata
    case 0x15: // DW_FORM_ref_udata
      return c.uleb();
    default:
      throw new MalformedData(c.section.name, symbolDamage.form(form));
  }
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 16)).replace(/\0.*$/s, '');
}

/**
 * Whether a number is the hash of a name (section 7.33): DJB's hash of the name in lower case. Names with non-ASCII
 * characters are not checked, because that would require Unicode's table for case folding.
 */
function isHash(hash: number, name: Uint8Array): boolean {
  let computed = 5381;
  for (const byte of name) {
    if (byte >= 0x80) return true;
    const isUpper = byte >= 0x41 && byte <= 0x5a;
    computed = (Math.imul(computed, 33) + (isUpper ? byte + 0x20 : byte)) >>> 0;
  }
  return computed === hash;
}

/** DW_IDX_* (section 7.19). */
const INDEX = { compileUnit: 1, typeUnit: 2, parent: 4 };
const FLAG_PRESENT = 0x19;
