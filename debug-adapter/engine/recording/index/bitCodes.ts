import type { ByteWriter } from '../../base/bytes.ts';

/**
 * Exp-Golomb codes, which are short for numbers near 2^k and not much longer than necessary for all others. The code
 * for `value` is the binary number `value + 2^k`, preceded by one zero for each of its bits above the lowest k + 1.
 * Bits are packed from the highest to the lowest bit of each byte.
 */
export class BitWriter {
  private readonly to: ByteWriter;
  private pending = 0;
  private pendingBits = 0;

  constructor(to: ByteWriter) {
    this.to = to;
  }

  write(value: number, k: number): void {
    const number = value + 2 ** k;
    const bits = bitLength(number);
    const codeLength = 2 * bits - k - 1;
    // A short code, as most are, is written as one number, whose highest bits are the leading zeros of the code.
    if (codeLength <= 24) return this.bits(number, codeLength);
    for (let zeros = bits - k - 1; zeros > 0; zeros -= 8) this.bits(0, Math.min(8, zeros));
    for (let left = bits; left > 0;) {
      const part = Math.min(8, left);
      left -= part;
      this.bits(Math.floor(number / 2 ** left) % 2 ** part, part);
    }
  }

  /** Pads the last byte with zeros. */
  finish(): void {
    if (this.pendingBits > 0) this.bits(0, 8 - this.pendingBits);
  }

  /** Writes up to 24 bits. */
  private bits(value: number, count: number): void {
    this.pending = (this.pending << count) | value;
    this.pendingBits += count;
    while (this.pendingBits >= 8) {
      this.pendingBits -= 8;
      this.to.byte((this.pending >>> this.pendingBits) & 0xff);
    }
    this.pending &= 0xff;
  }
}

/** The length of a code in bits. */
export function codeBits(value: number, k: number): number {
  return 2 * bitLength(value + 2 ** k) - k - 1;
}

/** Decodes Exp-Golomb codes. Codes that extend past the end of the data have arbitrary values. */
export class BitReader {
  private readonly bytes: Uint8Array;
  private at: number;

  /** `offset` is in bytes. */
  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes;
    this.at = offset * 8;
  }

  read(k: number): number {
    const { bytes } = this;
    const byte = this.at >>> 3;
    const window =
      ((bytes[byte] << 24) | (bytes[byte + 1] << 16) | (bytes[byte + 2] << 8) | bytes[byte + 3]) << (this.at & 7);
    const zeros = Math.clz32(window);
    const bits = 2 * zeros + 1 + k;
    // The window contains at least 25 bits of the data.
    if (bits > 25) return this.readLong(k);
    this.at += bits;
    return (window >>> (32 - bits)) - (1 << k);
  }

  private readLong(k: number): number {
    let zeros = 0;
    while (zeros < ZEROS_MAX && this.bit() === 0) zeros++;
    let number = 1;
    for (let left = zeros + k; left > 0; left--) number = number * 2 + this.bit();
    return number - 2 ** k;
  }

  private bit(): number {
    const bit = (this.bytes[this.at >>> 3] >>> (7 - (this.at & 7))) & 1;
    this.at++;
    return bit;
  }
}

/** The maximum number of zeros at the start of a code, for numbers up to 2^42. */
const ZEROS_MAX = 43;

function bitLength(number: number): number {
  if (number < 2 ** 32) return 32 - Math.clz32(number);
  return 64 - Math.clz32(Math.floor(number / 2 ** 32));
}
