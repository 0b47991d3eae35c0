import { viewOf } from './bigEndian.ts';
import { ENTRY_BYTES } from './layout.ts';

/**
 * The entries of an L1 or L2 table in file format: 64-bit big-endian words (qcow2 specification, "Cluster mapping").
 * Bits 9-55 are the offset of a cluster, and bit 63 (COPIED) is set if that cluster's refcount is exactly one. In L2
 * tables, bit 62 marks a compressed cluster, and bit 0 marks a cluster that reads as zeroes. Entries are processed as
 * two 32-bit halves, because every guest disk request reads entries and BigInts would allocate memory.
 */
export class EntryTable {
  readonly bytes: Uint8Array;
  readonly entryBytes: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, entryBytes = ENTRY_BYTES) {
    this.bytes = bytes;
    this.entryBytes = entryBytes;
    this.view = viewOf(bytes);
  }

  get length(): number {
    return this.bytes.length / this.entryBytes;
  }

  isEmpty(index: number): boolean {
    return this.high(index) === 0 && this.low(index) === 0;
  }

  /** The cluster offset in bits 9 to 55 of an entry; 0 means unallocated. */
  offset(index: number): number {
    return (this.high(index) & 0x00ff_ffff) * 2 ** 32 + ((this.low(index) & 0xffff_fe00) >>> 0);
  }

  isCopied(index: number): boolean {
    return this.high(index) >>> 31 === 1;
  }

  isCompressed(index: number): boolean {
    return (this.high(index) & 0x4000_0000) !== 0;
  }

  readsAsZero(index: number): boolean {
    return (this.low(index) & 1) !== 0 && !this.isCompressed(index);
  }

  /**
   * The number of entries (at most `max`), starting at `first`, that refer to consecutive clusters in the file and have
   * the same flags.
   */
  contiguousEntries(first: number, max: number, clusterSizeBytes: number): number {
    const high = this.high(first);
    let low = this.low(first);
    let count = 1;
    // A run ends when the low word overflows, because the high word of the next entry differs. The next run starts
    // there.
    for (; count < max; count++) {
      low += clusterSizeBytes;
      if (this.low(first + count) !== low || this.high(first + count) !== high) break;
    }
    return count;
  }

  high(index: number): number {
    return this.view.getUint32(index * this.entryBytes);
  }

  low(index: number): number {
    return this.view.getUint32(index * this.entryBytes + 4);
  }

  /**
   * Only for extended L2 entries: two bitmaps with one bit per subcluster. `data` marks the subclusters with allocated
   * data, and `zero` marks those that read as zeroes.
   */
  subclusters(index: number): { data: number; zero: number } {
    const at = index * this.entryBytes + ENTRY_BYTES;
    return { data: this.view.getUint32(at + 4), zero: this.view.getUint32(at) };
  }

  setOffset(index: number, offset: number, { copied }: { copied: boolean }): void {
    const high = Math.floor(offset / 2 ** 32) | (copied ? 0x8000_0000 : 0);
    this.setWords(index, high, offset >>> 0);
  }

  setCopied(index: number, copied: boolean): void {
    const high = this.high(index);
    this.setWords(index, copied ? high | 0x8000_0000 : high & 0x7fff_ffff, this.low(index));
  }

  setEmpty(index: number): void {
    this.setWords(index, 0, 0);
  }

  /**
   * Makes the guest cluster read as zeroes, regardless of the backing file's contents. Such a guest cluster does not
   * occupy a cluster in the file. Version 3 only.
   */
  setZero(index: number): void {
    this.setWords(index, 0, 1);
  }

  protected setWords(index: number, high: number, low: number): void {
    this.view.setUint32(index * this.entryBytes, high);
    this.view.setUint32(index * this.entryBytes + 4, low);
  }
}
