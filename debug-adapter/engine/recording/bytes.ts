import { assert } from '../base/assert.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

/** A payload that violates the format. Users never see it: see `messages/recordingDamage.ts`. */
export class Malformed extends Error {
  override name = 'Malformed';
}

const encoder = new TextEncoder();
// `ignoreBOM` keeps a leading U+FEFF as a character, so that every name decodes to the text that was encoded.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Encodes values of the rrfile: little-endian fixed fields and varints (LEB128: seven bits per byte, the low ones
 * first; the top bit marks that more bytes follow). The buffer grows as necessary.
 */
export class ByteSink {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes so far: a view that the next write may invalidate. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** An exact integer from 0 to 2^53 - 1: 1 to 8 bytes. */
  varint(value: number): void {
    assert(value >= 0 && Number.isSafeInteger(value), 'a varint is an exact integer');
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** UTF-8, preceded by its length in bytes. */
  text(value: string): void {
    const utf8 = encoder.encode(value);
    this.varint(utf8.length);
    this.bytes(utf8);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/**
 * Decodes values of the rrfile. Checks every bound and throws `Malformed`, which the reader turns into a message with
 * the file's name, so that no input can make it read outside the payload or loop endlessly.
 */
export class ByteSource {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Where the next value is. */
  get offset(): number {
    return this.#at;
  }

  set offset(offset: number) {
    this.#at = offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw new Malformed(chunkFlaws.endsInValue());
    return this.#bytes[this.#at++];
  }

  varint(): number {
    let value = 0;
    // 8 bytes hold 56 bits; values that are not safe integers are refused below.
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
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  u64(): bigint {
    const at = this.#take(8);
    return this.#view.getBigUint64(at, true);
  }

  /** A view into the payload, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    return decodeText(this.bytes(this.varint()));
  }

  #take(length: number): number {
    if (length > this.remaining) throw new Malformed(chunkFlaws.endsInValue());
    const at = this.#at;
    this.#at += length;
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
