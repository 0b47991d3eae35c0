import type { HostFile } from '../../debug-adapter/engine/base/host.ts';

/**
 * A HostFile in memory that counts the calls to it and can limit its length, so that a test can check how many file
 * calls a request takes and what happens on a full disk.
 */
export class MemoryFile implements HostFile {
  readonly name: string;
  readonly calls = { reads: 0, writes: 0, syncs: 0, bytesWritten: 0 };
  /** A write beyond this length throws, as on a full disk. */
  lengthMax = Infinity;
  /** The number of writes and syncs that succeed before all later ones throw, as on a broken disk. */
  changesLeft = Infinity;
  isClosed = false;
  private bytes: Uint8Array;
  private usedBytes: number;

  constructor(name: string, bytes: Uint8Array = new Uint8Array(0)) {
    this.name = name;
    this.bytes = bytes.slice();
    this.usedBytes = bytes.length;
  }

  /** A copy of the file's contents. */
  contents(): Uint8Array {
    return this.bytes.slice(0, this.usedBytes);
  }

  readAt(offset: number, into: Uint8Array): number {
    this.calls.reads++;
    const count = Math.max(0, Math.min(into.length, this.usedBytes - offset));
    if (count > 0) into.set(this.bytes.subarray(offset, offset + count));
    return count;
  }

  writeAt(offset: number, from: Uint8Array): void {
    this.countChange();
    this.calls.writes++;
    this.calls.bytesWritten += from.length;
    this.reserve(offset + from.length);
    this.bytes.set(from, offset);
    this.usedBytes = Math.max(this.usedBytes, offset + from.length);
  }

  length(): number {
    return this.usedBytes;
  }

  truncate(length: number): void {
    this.reserve(length);
    this.bytes.fill(0, Math.min(length, this.usedBytes));
    this.usedBytes = length;
  }

  sync(): void {
    this.countChange();
    this.calls.syncs++;
  }

  close(): void {
    this.isClosed = true;
  }

  private countChange(): void {
    if (this.changesLeft <= 0) throw new Error(`${this.name}: IO error`);
    this.changesLeft--;
  }

  private reserve(length: number): void {
    if (length > this.lengthMax) throw new Error(`${this.name}: no space left`);
    if (length <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(length, this.bytes.length * 2, 65536));
    grown.set(this.bytes.subarray(0, this.usedBytes));
    this.bytes = grown;
  }
}
