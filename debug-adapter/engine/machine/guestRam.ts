import { assert } from '../base/assert.ts';
import { type GuestAddress, PAGE_SIZE_BYTES } from '../base/quantities.ts';
import { hashIn } from '../base/hashMemory.ts';
import type { Hart } from './cpu/hart.ts';
import {
  HASH_CONSTANTS,
  PAGE_DIRTY_SNAPSHOT,
  PAGE_DIRTY_TLB,
  PAGE_FLAGS,
  RAM,
  RAM_BASE,
  WATCHED_WORDS,
  WATCHED_WORDS_PAGE_BYTES,
} from './cpu/layout.ts';
import { Watchpoints } from './watcher.ts';
import type { GuestMemory } from './devices/device.ts';

/**
 * Access to guest RAM for all code outside the harts: devices, loaders, snapshots and digests. Writes mark pages dirty
 * and discard decoded code, exactly as the harts' own writes do.
 */
export class GuestRam implements GuestMemory {
  readonly base: GuestAddress = RAM_BASE;
  readonly lengthBytes: number;
  private hart: Hart;
  private bytes: Uint8Array;
  private words: Int32Array;
  private view: DataView;
  private flags: Uint8Array;
  private digestSum = 0n;

  constructor(hart: Hart) {
    const { memory, memoryBytes } = hart;
    hashIn(memory, HASH_CONSTANTS);
    this.hart = hart;
    this.lengthBytes = memoryBytes;
    this.bytes = new Uint8Array(memory.buffer, RAM, memoryBytes);
    this.words = wordsOf(this.bytes);
    this.view = new DataView(memory.buffer, RAM, memoryBytes);
    this.flags = new Uint8Array(memory.buffer, PAGE_FLAGS, memoryBytes / PAGE_SIZE_BYTES);
  }

  contains(address: GuestAddress, lengthBytes: number): boolean {
    const offset = address - this.base;
    return offset >= 0 && lengthBytes >= 0 && offset + lengthBytes <= this.lengthBytes;
  }

  read(address: GuestAddress, into: Uint8Array): void {
    const offset = this.offsetOf(address, into.length);
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  bytesAt(address: GuestAddress, lengthBytes: number): Uint8Array {
    const offset = this.offsetOf(address, lengthBytes);
    return this.bytes.subarray(offset, offset + lengthBytes);
  }

  write(address: GuestAddress, from: Uint8Array): void {
    const offset = this.offsetOf(address, from.length);
    this.touch(offset, from.length);
    this.bytes.set(from, offset);
  }

  readU16(address: GuestAddress): number {
    return this.view.getUint16(this.offsetOf(address, 2), true);
  }

  readU32(address: GuestAddress): number {
    return this.view.getUint32(this.offsetOf(address, 4), true);
  }

  /** Reads all 64 bits of a value such as a page table entry; `readU64` is exact only below 2^53. */
  readBigU64(address: GuestAddress): bigint {
    return this.view.getBigUint64(this.offsetOf(address, 8), true);
  }

  readU64(address: GuestAddress): number {
    const offset = this.offsetOf(address, 8);
    const value = this.view.getUint32(offset, true) + this.view.getUint32(offset + 4, true) * 0x1_0000_0000;
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }

  writeU8(address: GuestAddress, value: number): void {
    const offset = this.offsetOf(address, 1);
    this.touch(offset, 1);
    this.view.setUint8(offset, value);
  }

  writeU16(address: GuestAddress, value: number): void {
    const offset = this.offsetOf(address, 2);
    this.touch(offset, 2);
    this.view.setUint16(offset, value, true);
  }

  writeU32(address: GuestAddress, value: number): void {
    const offset = this.offsetOf(address, 4);
    this.touch(offset, 4);
    this.view.setUint32(offset, value, true);
  }

  /** Creates the `Watchpoints` object for this RAM. The machine owns the only instance. */
  createWatchpoints(): Watchpoints {
    const { buffer } = this.hart.memory;
    const watchedWords = new Uint8Array(buffer, WATCHED_WORDS, this.pageCount * WATCHED_WORDS_PAGE_BYTES);
    return new Watchpoints({ ram: this.bytes, pageFlags: this.flags, watchedWords });
  }

  // --- digest and snapshots ------------------------------------------------------------------------------------------

  /** The digest of all RAM. Only the pages written since the last call are hashed again. */
  digest(): bigint {
    this.digestSum = BigInt.asUintN(64, this.digestSum + this.hart.core.digestRam());
    this.hart.core.flushWrites();
    return this.digestSum;
  }

  /** Calls `visit` for each page written since `clearSnapshotMarks`, in ascending order, with a view of its bytes. */
  forEachDirtyPage(visit: (page: number, bytes: Uint8Array) => void): void {
    const { pageCount } = this;
    const next = (page: number): number => this.hart.core.nextFlagged(page, PAGE_DIRTY_SNAPSHOT);
    for (let page = next(0); page < pageCount; page = next(page + 1)) visit(page, this.page(page));
  }

  clearSnapshotMarks(): void {
    this.hart.core.clearPageFlags(PAGE_DIRTY_SNAPSHOT | PAGE_DIRTY_TLB);
    this.hart.core.flushWrites();
  }

  /** A view of one page, valid until the next write. */
  page(page: number): Uint8Array {
    return this.bytes.subarray(page * PAGE_SIZE_BYTES, (page + 1) * PAGE_SIZE_BYTES);
  }

  get pageCount(): number {
    return this.flags.length;
  }

  /**
   * Restores a page's contents. If the contents are already the same, writes nothing and returns false, so that decoded
   * code remains valid.
   */
  restorePage(page: number, contents: Uint8Array): boolean {
    if (isEqual(this.words, page * PAGE_WORDS, wordsOf(contents), 0)) return false;
    this.write(this.base + page * PAGE_SIZE_BYTES, contents);
    return true;
  }

  /** Fills RAM with zeroes, as at power-on. */
  clear(): void {
    const zeroes = new Uint8Array(PAGE_SIZE_BYTES);
    for (let page = 0; page < this.pageCount; page++) {
      if (!isZero(this.words, page * PAGE_WORDS)) this.write(this.base + page * PAGE_SIZE_BYTES, zeroes);
    }
  }

  private offsetOf(address: GuestAddress, lengthBytes: number): number {
    assert(this.contains(address, lengthBytes), 'the range is in RAM');
    return address - this.base;
  }

  /** Calls the core's `touch` page by page, because `touch` accepts only a range within one page. */
  private touch(offset: number, lengthBytes: number): void {
    const { core } = this.hart;
    const end = offset + lengthBytes;
    for (let at = offset; at < end;) {
      const pageEnd = Math.min(end, at - (at % PAGE_SIZE_BYTES) + PAGE_SIZE_BYTES);
      core.touch(at, pageEnd - at);
      at = pageEnd;
    }
  }
}

const PAGE_WORDS = PAGE_SIZE_BYTES / 4;

/**
 * Returns the bytes as 32-bit words, because comparing words is five times as fast as comparing bytes. 64-bit words are
 * not used, because their values would be bigints.
 */
function wordsOf(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(buffer, byteOffset, length / 4);
}

function isZero(words: Int32Array, from: number): boolean {
  for (let i = from; i < from + PAGE_WORDS; i++) {
    if (words[i] !== 0) return false;
  }
  return true;
}

/**
 * Whether a page of `a` equals a page of `b`, given the index of each page's first word. This is a separate function so
 * that the JavaScript engine optimizes it.
 */
function isEqual(a: Int32Array, from: number, b: Int32Array, at: number): boolean {
  for (let i = 0; i < PAGE_WORDS; i++) {
    if (a[from + i] !== b[at + i]) return false;
  }
  return true;
}
