import { assert } from '../base/assert.ts';
import type { HostFile } from '../base/host.ts';
import type { BlockDevice } from './blockDevice.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * A raw image: the bytes in the file are the bytes on the disk. A raw image that is open read-only can serve as an
 * overlay's immutable base image. The user must specify an image's format. It is never detected from the contents,
 * because a guest could write a qcow2 header to its raw disk and thereby name any file on the host as the backing file.
 * A partial last sector is padded with zeroes, as in QEMU, so that the guest sees only whole sectors.
 */
export class RawImage implements BlockDevice {
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  private readonly file: HostFile;

  constructor(file: HostFile, { writable = false }: { writable?: boolean } = {}) {
    this.file = file;
    this.name = file.name;
    this.lengthBytes = Math.ceil(file.length() / SECTOR_BYTES) * SECTOR_BYTES;
    this.readOnly = !writable;
  }

  read(offset: number, into: Uint8Array): void {
    this.checkRange(offset, into.length);
    const count = this.file.readAt(offset, into);
    into.fill(0, count);
  }

  write(offset: number, from: Uint8Array): void {
    assert(!this.readOnly, `${this.name} is read-only`);
    this.checkRange(offset, from.length);
    this.file.writeAt(offset, from);
  }

  /** Ranges that are already zero are not written, so that a sparse file stays sparse. */
  writeZeroes(offset: number, lengthBytes: number): void {
    const current = new Uint8Array(Math.min(lengthBytes, ZERO_CHUNK_BYTES));
    for (let offsetInRange = 0; offsetInRange < lengthBytes; offsetInRange += current.length) {
      const chunk = current.subarray(0, Math.min(current.length, lengthBytes - offsetInRange));
      this.read(offset + offsetInRange, chunk);
      if (chunk.some((byte) => byte !== 0)) this.write(offset + offsetInRange, chunk.fill(0));
    }
  }

  /**
   * Returns the whole range, because Node cannot find the holes in a sparse file (it has no SEEK_HOLE). The number of
   * allocated blocks does not help either: it can be zero for a file with data, because some file systems store small
   * or highly compressible files in their metadata.
   */
  dataRanges(offset: number, lengthBytes: number): ByteRange[] {
    return lengthBytes > 0 ? [{ offset, lengthBytes }] : [];
  }

  flush(): void {
    if (!this.readOnly) this.file.sync();
  }

  close(): void {
    this.file.close();
  }

  private checkRange(offset: number, lengthBytes: number): void {
    assert(offset >= 0 && offset + lengthBytes <= this.lengthBytes, `${this.name}: range outside the disk`);
  }
}

const SECTOR_BYTES = 512;
const ZERO_CHUNK_BYTES = 1 << 20;
