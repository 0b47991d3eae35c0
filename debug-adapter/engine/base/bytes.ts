import { assert } from './assert.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

/**
 * Thrown for a payload that violates the format. Users never see this error itself: it is first converted to a message
 * (see `messages/recordingDamage.ts`).
 */
export class Malformed extends Error {
  override name = 'Malformed';
}

const encoder = new TextEncoder();
// `ignoreBOM` preserves a U+FEFF at the start of a name, so that every name decodes to the string that was encoded.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Encodes binary data, such as the values in a recording file, as fixed-size little-endian fields and varints. A varint
 * is encoded in LEB128: each byte contains seven bits of the number, the lowest bits first, and its top bit is set if
 * more bytes follow. The buffer grows if necessary.
 */
export class ByteWriter {
  private buffer: Uint8Array<ArrayBuffer>;
  private dataView: DataView;
  private usedBytes = 0;

  constructor(capacityBytes = 256) {
    this.buffer = new Uint8Array(capacityBytes);
    this.dataView = new DataView(this.buffer.buffer);
  }

  get length(): number {
    return this.usedBytes;
  }

  /** A view of the bytes written so far. The next write may invalidate the view. */
  view(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.usedBytes);
  }

  clear(): void {
    this.usedBytes = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.usedBytes++] = value;
  }

  /** Writes an integer from 0 to 2^53 - 1, which takes 1 to 8 bytes. */
  varint(value: number): void {
    assert(value >= 0 && Number.isSafeInteger(value), 'a varint is an exact integer');
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.usedBytes++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.usedBytes++] = rest;
  }

  u32(value: number): void {
    this.reserve(4);
    this.dataView.setUint32(this.usedBytes, value, true);
    this.usedBytes += 4;
  }

  u64(value: bigint): void {
    this.reserve(8);
    this.dataView.setBigUint64(this.usedBytes, value, true);
    this.usedBytes += 8;
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.usedBytes);
    this.usedBytes += value.length;
  }

  /** Writes a string as UTF-8, preceded by its length in bytes. */
  text(value: string): void {
    const utf8 = encoder.encode(value);
    this.varint(utf8.length);
    this.bytes(utf8);
  }

  private reserve(more: number): void {
    const needed = this.usedBytes + more;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.usedBytes));
    this.buffer = grown;
    this.dataView = new DataView(grown.buffer);
  }
}

/**
 * Decodes the values in a recording file. Every bound is checked, so that no input can cause a read outside the payload
 * or an endless loop. Throws `Malformed` for invalid data; the recording's reader converts this error to a message that
 * names the file.
 */
export class ByteReader {
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.buffer.length;
  }

  /** The offset of the next value. */
  get offset(): number {
    return this.at;
  }

  set offset(offset: number) {
    this.at = offset;
  }

  get remaining(): number {
    return this.buffer.length - this.at;
  }

  byte(): number {
    if (this.at >= this.buffer.length) throw new Malformed(chunkFlaws.endsInValue());
    return this.buffer[this.at++];
  }

  varint(): number {
    let value = 0;
    // Eight bytes encode 56 bits, so the value might not be a safe integer. Such a value is rejected below.
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new Malformed(chunkFlaws.numberTooLarge());
  }

  u32(): number {
    const at = this.take(4);
    return this.view.getUint32(at, true);
  }

  u64(): bigint {
    const at = this.take(8);
    return this.view.getBigUint64(at, true);
  }

  /** Returns a view into the payload, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  text(): string {
    return decodeText(this.bytes(this.varint()));
  }

  private take(length: number): number {
    if (length > this.remaining) throw new Malformed(chunkFlaws.endsInValue());
    const at = this.at;
    this.at += length;
    return at;
  }
}

/** Decodes UTF-8; throws `Malformed` for invalid UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Malformed(chunkFlaws.textNotUtf8());
  }
}
