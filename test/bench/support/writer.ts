/** Appends little-endian numbers to a buffer that grows. */
export class Writer {
  private buffer = new Uint8Array(1 << 16);
  private view = new DataView(this.buffer.buffer);
  length = 0;

  u8(value: number): this {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  u64(value: number): this {
    const at = this.reserve(8);
    this.view.setBigUint64(at, BigInt(value), true);
    return this;
  }

  /** Appends an ASCII string with a terminating zero. */
  text(value: string): this {
    for (const char of value) this.u8(char.charCodeAt(0));
    return this.u8(0);
  }

  /** Overwrites a 32-bit number. */
  patch(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(count: number): number {
    const at = this.length;
    if (at + count > this.buffer.length) {
      const larger = new Uint8Array(this.buffer.length * 2);
      larger.set(this.buffer);
      this.buffer = larger;
      this.view = new DataView(larger.buffer);
    }
    this.length = at + count;
    return at;
  }
}
