import { xxh64 } from '../../../debug-adapter/engine/base/xxhash64.ts';
import type { SnapshotRam } from '../../../debug-adapter/engine/timeline/ramSnapshots.ts';

const PAGE_BYTES = 4096;
const PAGES = 8;

/** 32 KiB of RAM at BASE, with the per-page dirty marks that snapshots need. */
export class ToyRam implements SnapshotRam {
  static readonly BASE = 0x8000_0000n;
  readonly pageCount = PAGES;
  private bytes = new Uint8Array(PAGES * PAGE_BYTES);
  private dirty = new Set<number>();
  private onRestore: () => void;

  /** `onRestore` is called when a snapshot is restored. */
  constructor(onRestore: () => void) {
    this.onRestore = onRestore;
  }

  contains(address: number, lengthBytes: number): boolean {
    const offset = address - Number(ToyRam.BASE);
    return offset >= 0 && offset + lengthBytes <= this.bytes.length;
  }

  read(address: bigint, lengthBytes: number): Uint8Array {
    const offset = Number(address - ToyRam.BASE);
    return this.bytes.slice(offset, offset + lengthBytes);
  }

  write(address: bigint, bytes: Uint8Array): void {
    const offset = Number(address - ToyRam.BASE);
    this.bytes.set(bytes, offset);
    for (let at = offset; at < offset + bytes.length; at++) this.dirty.add(Math.floor(at / PAGE_BYTES));
  }

  /** A 32-bit word at an offset. */
  word(offset: number): number {
    const { bytes } = this;
    return bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24);
  }

  setWord(offset: number, word: number): void {
    this.write(ToyRam.BASE + BigInt(offset), Uint8Array.of(word, word >> 8, word >> 16, word >> 24));
  }

  digest(): bigint {
    return xxh64(this.bytes);
  }

  forEachDirtyPage(visit: (page: number, bytes: Uint8Array) => void): void {
    for (const page of [...this.dirty].sort((a, b) => a - b)) visit(page, this.page(page));
  }

  clearSnapshotMarks(): void {
    this.dirty.clear();
  }

  restorePage(page: number, contents: Uint8Array): boolean {
    this.onRestore();
    const current = this.page(page);
    if (current.every((byte, i) => byte === contents[i])) return false;
    current.set(contents);
    this.dirty.add(page);
    return true;
  }

  private page(page: number): Uint8Array {
    return this.bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  }
}
