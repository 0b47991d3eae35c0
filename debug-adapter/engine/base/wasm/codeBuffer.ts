/**
 * A growing byte buffer with methods for WebAssembly's encodings (WebAssembly core specification, section 5.2): LEB128
 * integers, names and vectors. It also tracks how deeply blocks are nested, so that the relative depth of a branch can
 * be computed from its label.
 */
export class CodeBuffer {
  private bytes = new Uint8Array(1 << 12);
  length = 0;
  /** The number of blocks, loops and ifs that are open at the end of the buffer. */
  depth = 0;

  u8(value: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  /** Writes an unsigned 32-bit integer as LEB128. */
  u32(value: number): void {
    let rest = value >>> 0;
    do {
      const low = rest & 0x7f;
      rest >>>= 7;
      this.u8(rest ? low | 0x80 : low);
    } while (rest);
  }

  /** Writes a signed 32-bit integer as LEB128. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  /** Writes a signed 64-bit integer as LEB128. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && !(low & 0x40)) || (rest === -1n && low & 0x40)) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  name(text: string): void {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
  }

  append(from: Uint8Array): void {
    if (this.length + from.length > this.bytes.length) this.grow(from.length);
    this.bytes.set(from, this.length);
    this.length += from.length;
  }

  /** Returns a copy of all bytes written so far. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  private grow(need: number): void {
    const larger = new Uint8Array(this.bytes.length * 2 + need);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
