import { MalformedData } from './damage.ts';
import type { FileBytes } from './elf/fileBytes.ts';
import { symbolDamage } from '../../messages/symbolDamage.ts';

/**
 * Reads little-endian values sequentially from one section. Every read checks the section's bounds and throws
 * MalformedData if it would go past the end, so a parser can handle arbitrary bytes without further checks. A cursor is
 * a small object: create one for each position to read from.
 */
export class ByteCursor {
  readonly section: Section;
  at: number;
  readonly end: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  /** The end of the bytes that were loaded for this cursor. */
  private loadedEnd: number;

  constructor(section: Section, at = 0, end = section.bytes.length) {
    this.section = section;
    this.bytes = section.bytes;
    this.view = section.view;
    if (!(at >= 0 && at <= end && end <= section.bytes.length))
      throw new MalformedData(section.name, symbolDamage.offsetOutside());
    this.at = at;
    this.end = end;
    this.loadedEnd = section.load ? at : end;
  }

  get atEnd(): boolean {
    return this.at >= this.end;
  }

  /** Advances by `count` bytes and returns the previous offset. */
  skip(count: number): number {
    const at = this.at;
    if (!(count >= 0 && count <= this.end - at))
      throw new MalformedData(this.section.name, symbolDamage.valuePastEnd());
    this.at = at + count;
    return at;
  }

  /** Like `skip`, but also loads the bytes so that they can be read. */
  private take(count: number): number {
    const at = this.skip(count);
    if (this.at > this.loadedEnd) {
      this.section.load?.(at, this.at);
      this.loadedEnd = this.at;
    }
    return at;
  }

  u8(): number {
    return this.bytes[this.take(1)];
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u24(): number {
    return this.u16() | (this.u8() << 16);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  i8(): number {
    return this.view.getInt8(this.take(1));
  }

  i16(): number {
    return this.view.getInt16(this.take(2), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  /** A 1-, 2-, 4- or 8-byte unsigned integer. */
  unsigned(sizeBytes: number): bigint {
    if (sizeBytes === 8) return this.u64();
    if (sizeBytes === 4) return BigInt(this.u32());
    if (sizeBytes === 2) return BigInt(this.u16());
    if (sizeBytes === 1) return BigInt(this.u8());
    throw new MalformedData(this.section.name, symbolDamage.numberSize(sizeBytes));
  }

  /** A 4-byte or 8-byte section offset (DWARF 5, section 7.4: 32-bit and 64-bit formats). */
  offset(is64: boolean): number {
    return is64 ? this.toSafeInteger(this.u64()) : this.u32();
  }

  /**
   * An unsigned LEB128 number (DWARF 5, section 7.6). Callers use the result as a count, code or offset, so a value
   * above 2^53 means that the file is damaged.
   */
  uleb(): number {
    let result = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
      if (scale > 2 ** 70) throw new MalformedData(this.section.name, symbolDamage.lebTooLong());
    }
    if (result > Number.MAX_SAFE_INTEGER) throw new MalformedData(this.section.name, symbolDamage.lebTooLarge());
    return result;
  }

  sleb(): number {
    const value = this.slebBig();
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new MalformedData(this.section.name, symbolDamage.lebTooLarge());
    return number;
  }

  ulebBig(): bigint {
    return BigInt.asUintN(64, readLeb(this).value);
  }

  slebBig(): bigint {
    const { value, bits, negative } = readLeb(this);
    return BigInt.asIntN(64, negative ? value - (1n << bits) : value);
  }

  skipLeb(): void {
    while (this.u8() >= 0x80);
  }

  /** Reads a zero-terminated UTF-8 string and skips the zero byte. */
  string(): string {
    const end = endOfString(this.section, this.at, this.end);
    const text = decodeText(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  skipString(): void {
    this.at = endOfString(this.section, this.at, this.end) + 1;
  }

  block(lengthBytes: number): Uint8Array {
    const at = this.take(lengthBytes);
    return this.bytes.subarray(at, at + lengthBytes);
  }

  /** Returns a cursor over the next bytes, and advances this cursor past them. */
  subCursor(lengthBytes: number): ByteCursor {
    const at = this.skip(lengthBytes);
    return new ByteCursor(this.section, at, at + lengthBytes);
  }

  /** A copy of this cursor: same offset, same end. */
  clone(): ByteCursor {
    return new ByteCursor(this.section, this.at, this.end);
  }

  /** The length of a unit and whether it uses the 64-bit format (DWARF 5, section 7.4). */
  unitLength(): { length: number; is64: boolean } {
    const first = this.u32();
    if (first < 0xffff_fff0) return { length: first, is64: false };
    if (first !== 0xffff_ffff) throw new MalformedData(this.section.name, symbolDamage.unitLength());
    return { length: this.toSafeInteger(this.u64()), is64: true };
  }

  toSafeInteger(value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new MalformedData(this.section.name, symbolDamage.numberTooLarge());
    return number;
  }
}

/** A section's bytes, and the name that messages use for it. */
export interface Section extends FileBytes {
  readonly name: string;
  readonly view: DataView;
}

export function makeSection(name: string, contents: Uint8Array | FileBytes): Section {
  const { bytes, load, readOnce } = 'bytes' in contents ? contents : ({ bytes: contents } as FileBytes);
  return { name, bytes, load, readOnce, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

function readLeb(cursor: ByteCursor): { value: bigint; bits: bigint; negative: boolean } {
  let value = 0n;
  let bits = 0n;
  for (;;) {
    const byte = cursor.u8();
    value |= BigInt(byte & 0x7f) << bits;
    bits += 7n;
    if (byte < 0x80) return { value, bits, negative: (byte & 0x40) !== 0 };
    // A 64-bit value takes at most 10 bytes in LEB128. Assemblers add at most a few bytes of padding.
    if (bits > 140n) throw new MalformedData(cursor.section.name, symbolDamage.lebTooLong());
  }
}

/** The offset of the zero byte that ends a string. */
function endOfString({ name, bytes, load }: Section, at: number, end: number): number {
  let from = at;
  for (let pieceBytes = SHORT_STRING_BYTES; ; pieceBytes *= 2) {
    const to = load ? Math.min(from + pieceBytes, end) : end;
    load?.(from, to);
    const found = bytes.subarray(from, to).indexOf(0);
    if (found >= 0) return from + found;
    if (to >= end) throw new MalformedData(name, symbolDamage.stringUnterminated());
    from = to;
  }
}

const SHORT_STRING_BYTES = 64;

const decoder = new TextDecoder();

/**
 * Decodes UTF-8. Nearly all names are short ASCII strings, which this loop decodes several times faster than
 * TextDecoder.
 */
function decodeText(bytes: Uint8Array): string {
  if (bytes.length > 64) return decoder.decode(bytes);
  let text = '';
  for (const byte of bytes) {
    if (byte >= 0x80) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
