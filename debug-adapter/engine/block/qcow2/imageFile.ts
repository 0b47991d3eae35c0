import { type HostFile, type PendingSync, SYNCED } from '../../base/host.ts';
import { imageCorrupt } from '../../../messages/block.ts';
import { CLUSTER_BITS_MAX } from './layout.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

/**
 * The file of a qcow2 image, with two features that all other structures need: reads past the end of the file return
 * zeroes, and barriers ensure that earlier writes reach the file before later ones. The order of the calls alone is
 * enough if only the process is killed; protection against a power failure requires a sync. The sync is skipped if
 * nothing has been written since the last one.
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

  /** Updates the file's length after another object has changed the file. */
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

  /**
   * Starts a durable barrier. Undefined if the host cannot flush data without waiting. The barrier does not cover later
   * writes. They may reach stable storage before the earlier ones, so both orders must be safe.
   */
  startBarrier(): PendingSync | undefined {
    if (!this.unsynced) return SYNCED;
    const sync = this.file.startSync?.();
    if (sync) this.unsynced = false;
    return sync;
  }

  close(): void {
    this.file.close();
  }

  /**
   * Reads a table, which must start inside the file. `what` is the name of the table in messages. The table may extend
   * past the end of the file, because a file's last cluster may be incomplete.
   */
  readTable(offset: number, lengthBytes: number, what: string): Uint8Array<ArrayBuffer> {
    // This check detects a damaged length before memory is allocated for it.
    this.checkAddresses(offset, lengthBytes, what);
    const bytes = new Uint8Array(lengthBytes);
    this.read(offset, bytes);
    return bytes;
  }

  /** Like `readTable`, but reads a table of at most one cluster into existing memory. */
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
