import { type GuestAddress, PAGE_SIZE_BYTES } from '../../base/quantities.ts';
import type { GuestMemory } from '../devices/device.ts';

/**
 * Guest memory as seen by a semihosting call: addresses are virtual and are translated with the calling hart's current
 * page tables. If an address is outside RAM, `GuestMemoryError` is thrown before any byte is read or written.
 */
export class CallMemory {
  private ram: GuestMemory;
  private translate: (address: bigint) => GuestAddress | undefined;

  constructor(ram: GuestMemory, translate: (address: bigint) => GuestAddress | undefined) {
    this.ram = ram;
    this.translate = translate;
  }

  has(address: bigint, lengthBytes: number): boolean {
    return this.pageRanges(address, lengthBytes) !== undefined;
  }

  read(address: bigint, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    for (const { physical, from, end } of this.accessible(address, lengthBytes)) {
      this.ram.read(physical, bytes.subarray(from, end));
    }
    return bytes;
  }

  write(address: bigint, bytes: Uint8Array): void {
    for (const { physical, from, end } of this.accessible(address, bytes.length)) {
      this.ram.write(physical, bytes.subarray(from, end));
    }
  }

  word(address: bigint): bigint {
    return viewOf(this.read(address, 8)).getBigUint64(0, true);
  }

  writeWord(address: bigint, value: bigint): void {
    const bytes = new Uint8Array(8);
    viewOf(bytes).setBigUint64(0, value, true);
    this.write(address, bytes);
  }

  /**
   * The bytes up to the first zero byte; undefined if there is no zero byte in the first `lengthMax` bytes or before
   * the end of memory.
   */
  string(address: bigint, lengthMax: number): Uint8Array | undefined {
    for (let length = 0; length < lengthMax;) {
      const at = address + BigInt(length);
      const count = Math.min(leftInPage(at), lengthMax - length);
      if (!this.has(at, count)) return undefined;
      const end = this.read(at, count).indexOf(0);
      if (end >= 0) return this.read(address, length + end);
      length += count;
    }
    return undefined;
  }

  private accessible(address: bigint, lengthBytes: number): PageRange[] {
    const ranges = this.pageRanges(address, lengthBytes);
    if (!ranges) throw new GuestMemoryError();
    return ranges;
  }

  /** Returns one entry for each page of the range; undefined if any of the pages is not in RAM. */
  private pageRanges(address: bigint, lengthBytes: number): PageRange[] | undefined {
    const ranges: PageRange[] = [];
    for (let from = 0; from < lengthBytes;) {
      const at = BigInt.asUintN(64, address + BigInt(from));
      const end = Math.min(lengthBytes, from + leftInPage(at));
      const physical = this.translate(at);
      if (physical === undefined || !this.ram.contains(physical, end - from)) return undefined;
      ranges.push({ physical, from, end });
      from = end;
    }
    return ranges;
  }
}

/** The part of a range that lies within a single page. */
interface PageRange {
  physical: GuestAddress;
  from: number;
  end: number;
}

/** Thrown when the guest passes an address that is not in RAM. This is a guest error, not an internal error. */
export class GuestMemoryError extends Error {}

const leftInPage = (address: bigint): number => PAGE_SIZE_BYTES - Number(address & (BigInt(PAGE_SIZE_BYTES) - 1n));

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
