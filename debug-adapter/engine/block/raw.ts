import { assert } from '../base/assert.ts';
import type { HostFile } from '../base/host.ts';
import type { BlockDevice } from './blockDevice.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * A raw image: the disk's bytes are the file's bytes. Opened read-only it is the base under an overlay, which never
 * changes. The format is what the user said; it is never guessed from the contents, because a guest can write a qcow2
 * header into its raw disk and so make a guesser open other files.
 *
 * A file that ends inside a sector is read as if zeroes filled that sector (as QEMU does): the guest sees whole
 * sectors.
 */
export class RawImage implements BlockDevice {
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  readonly #file: HostFile;

  constructor(file: HostFile, { writable = false }: { writable?: boolean } = {}) {
    this.#file = file;
    this.name = file.name;
    this.lengthBytes = Math.ceil(file.length() / SECTOR_BYTES) * SECTOR_BYTES;
    this.readOnly = !writable;
  }

  read(offset: number, into: Uint8Array): void {
    this.#checkRange(offset, into.length);
    const count = this.#file.readAt(offset, into);
    into.fill(0, count);
  }

  write(offset: number, from: Uint8Array): void {
    assert(!this.readOnly, `${this.name} is read-only`);
    this.#checkRange(offset, from.length);
    this.#file.writeAt(offset, from);
  }

  /** Zeroes that are there already are not written: a sparse file stays one. */
  writeZeroes(offset: number, lengthBytes: number): void {
    const now = new Uint8Array(Math.min(lengthBytes, ZERO_CHUNK_BYTES));
    for (let done = 0; done < lengthBytes; done += now.length) {
      const piece = now.subarray(0, Math.min(now.length, lengthBytes - done));
      this.read(offset + done, piece);
      if (piece.some((byte) => byte !== 0)) this.write(offset + done, piece.fill(0));
    }
  }

  /**
   * All of it: where a sparse file has holes is not to be learned from Node. Neither is that there is nothing else from a
   * file that takes no blocks: file systems also keep small or compressed files so.
   */
  dataRanges(offset: number, lengthBytes: number): ByteRange[] {
    return lengthBytes > 0 ? [{ offset, lengthBytes }] : [];
  }

  flush(): void {
    if (!this.readOnly) this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }

  #checkRange(offset: number, lengthBytes: number): void {
    assert(offset >= 0 && offset + lengthBytes <= this.lengthBytes, `${this.name}: range outside the disk`);
  }
}

const SECTOR_BYTES = 512;
const ZERO_CHUNK_BYTES = 1 << 20;
