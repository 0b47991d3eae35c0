import type { HostFile } from '../../base/host.ts';
import { imageCorrupt } from '../../errors/block.ts';
import { CLUSTER_BITS_MAX } from './layout.ts';

/**
 * The file under a qcow2 image, with the two things all of its structures need: reads that see zeroes past the file's
 * end, and barriers. A barrier says "what was written before must be there before what is written after". Against a
 * killed process the order of the calls is enough; against a power cut it takes a sync, and a sync that would change
 * nothing is left out.
 */
export class ImageFile {
  readonly name: string;
  readonly #file: HostFile;
  #lengthBytes: number;
  #unsynced = false;

  constructor(file: HostFile) {
    this.name = file.name;
    this.#file = file;
    this.#lengthBytes = file.length();
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** The file may have another length than we know: somebody else wrote to it. */
  refresh(): void {
    this.#lengthBytes = this.#file.length();
  }

  read(offset: number, into: Uint8Array): void {
    const count = this.#file.readAt(offset, into);
    if (count < into.length) into.fill(0, count);
  }

  write(offset: number, from: Uint8Array): void {
    this.#unsynced = true;
    this.#file.writeAt(offset, from);
    if (offset + from.length > this.#lengthBytes) this.#lengthBytes = offset + from.length;
  }

  truncate(lengthBytes: number): void {
    this.#unsynced = true;
    this.#file.truncate(lengthBytes);
    this.#lengthBytes = lengthBytes;
  }

  barrier({ durable }: { durable: boolean }): void {
    if (!durable || !this.#unsynced) return;
    this.#file.sync();
    this.#unsynced = false;
  }

  close(): void {
    this.#file.close();
  }

  /**
   * Reads a table that must start inside the file; `what` names it for the user. It may end past the file's end, since
   * the last cluster of a file need not be there in full.
   */
  readTable(offset: number, lengthBytes: number, what: string): Uint8Array<ArrayBuffer> {
    this.#checkStart(offset, what);
    // So that a damaged length is found before memory is taken for it.
    if (offset + lengthBytes > this.#lengthBytes + CLUSTER_BYTES_MAX) {
      throw this.corrupt(`${what} ends past the file's end`, offset);
    }
    const bytes = new Uint8Array(lengthBytes);
    this.read(offset, bytes);
    return bytes;
  }

  /** The same for a table of no more than a cluster, into memory that is there. */
  readTableInto(offset: number, into: Uint8Array, what: string): void {
    this.#checkStart(offset, what);
    this.read(offset, into);
  }

  corrupt(what: string, offset: number): Error {
    return imageCorrupt(this.name, what, offset);
  }

  #checkStart(offset: number, what: string): void {
    if (offset >= this.#lengthBytes) throw this.corrupt(`${what} lies past the file's end`, offset);
  }
}

const CLUSTER_BYTES_MAX = 2 ** CLUSTER_BITS_MAX;
