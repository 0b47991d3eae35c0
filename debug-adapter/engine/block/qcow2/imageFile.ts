import type { HostFile } from '../../base/host.ts';
import { imageCorrupt } from '../../../messages/block.ts';
import { CLUSTER_BITS_MAX } from './layout.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

/**
 * The file of a qcow2 image, with the two features that all structures need: reads that return zeroes past the end of
 * the file, and barriers. A barrier ensures that earlier writes are in the file before later ones. The order of the
 * calls suffices against a killed process; a power failure requires a sync, which is skipped if nothing was written
 * since the last one.
 */
export class ImageFile {
  readonly name: string;
  private readonly file: HostFile;
  private currentLengthBytes: number;
  private unsynced = false;

  constructor(file: HostFile) {
    this.name = file.name;
    this.file = file;
    this.currentLengthBytes = file.length();
  }

  get lengthBytes(): number {
    return this.currentLengthBytes;
  }

  /** Reads the file's length again after another writer changed it. */
  updateLength(): void {
    this.currentLengthBytes = this.file.length();
  }

  read(offset: number, into: Uint8Array): void {
    const count = this.file.readAt(offset, into);
    if (count < into.length) into.fill(0, count);
  }

  write(offset: number, from: Uint8Array): void {
    this.unsynced = true;
    this.file.writeAt(offset, from);
    if (offset + from.length > this.currentLengthBytes) this.currentLengthBytes = offset + from.length;
  }

  truncate(lengthBytes: number): void {
    this.unsynced = true;
    this.file.truncate(lengthBytes);
    this.currentLengthBytes = lengthBytes;
  }

  barrier({ durable }: { durable: boolean }): void {
    if (!durable || !this.unsynced) return;
    this.file.sync();
    this.unsynced = false;
  }

  close(): void {
    this.file.close();
  }

  /**
   * Reads a table that must start inside the file; `what` names it in messages. It may end past the end of the file,
   * because the last cluster of a file may be incomplete.
   */
  readTable(offset: number, lengthBytes: number, what: string): Uint8Array<ArrayBuffer> {
    // Detects a damaged length before allocating memory for it.
    this.checkAddresses(offset, lengthBytes, what);
    const bytes = new Uint8Array(lengthBytes);
    this.read(offset, bytes);
    return bytes;
  }

  /** Like `readTable`, for a table of at most one cluster, into existing memory. */
  readTableInto(offset: number, into: Uint8Array, what: string): void {
    this.checkAddresses(offset, into.length, what);
    this.read(offset, into);
  }

  corruptError(what: string, offset: number): Error {
    return imageCorrupt(this.name, what, offset);
  }

  private checkAddresses(offset: number, lengthBytes: number, what: string): void {
    if (offset >= this.currentLengthBytes) throw this.corruptError(imageDamage.startsPastEnd(what), offset);
    if (offset + lengthBytes > this.currentLengthBytes + CLUSTER_BYTES_MAX) {
      throw this.corruptError(imageDamage.endsPastEnd(what), offset);
    }
  }
}

const CLUSTER_BYTES_MAX = 2 ** CLUSTER_BITS_MAX;
