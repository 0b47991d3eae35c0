import { assert } from '../../base/assert.ts';
import type { HostCompression, HostFile } from '../../base/host.ts';
import type { BlockDevice } from '../blockDevice.ts';
import type { ByteRange } from '../byteRange.ts';
import { ImageVmState } from './imageVmState.ts';
import { checkImage, type CheckResult } from './check.ts';
import { commit, clearDirtyBit } from './commit.ts';
import { createImage, type CreateOptions } from './createImage.ts';
import { type DiskExtent, diskExtents } from './diskExtents.ts';
import type { ImageParts } from './imageParts.ts';
import { ImageSnapshots } from './imageSnapshots.ts';
import { clusterSizeFor } from './layout.ts';
import { allocatedRanges, nonZeroRanges } from './allocatedRanges.ts';
import { makeEmpty } from './makeEmpty.ts';
import { type BackingFile, openParts, reloadParts } from './openParts.ts';
import { readGuest } from './readData.ts';
import { unmapVmState } from './vmState.ts';
import { writeGuest, zeroGuest } from './writeData.ts';

/**
 * A qcow2 image: a drive's overlay, or another image that the user opened. It is a BlockDevice whose unallocated parts
 * are read from the backing device. It also contains VM state and internal snapshots, in a form that all qcow2 programs
 * can read.
 *
 * After `flush`, all data and tables are durable. A snapshot operation is durable when it returns. After `writeBack`,
 * all earlier writes survive the end of this process, but not necessarily a power failure. A crash loses only later
 * writes and never damages earlier writes (see commit.ts).
 */
export class Qcow2Image implements BlockDevice {
  readonly name: string;
  readonly readOnly: boolean;
  readonly snapshots: ImageSnapshots;
  readonly vmState: ImageVmState;
  private readonly parts: ImageParts;

  private constructor(parts: ImageParts, { writable, sameFile }: OpenImage) {
    this.parts = parts;
    this.name = parts.file.name;
    this.readOnly = !writable;
    this.snapshots = new ImageSnapshots(parts, { writable, sameFile: sameFile?.snapshots });
    this.vmState = new ImageVmState(parts, { writable });
  }

  /** Overwrites `file` with an empty image and opens it for writing. */
  static create(file: HostFile, options: NewImage): Qcow2Image {
    const { backingDevice, tableCacheBytes, ...rest } = options;
    createImage(file, { ...rest, clusterSizeBytes: options.clusterSizeBytes ?? clusterSizeFor(options.lengthBytes) });
    return Qcow2Image.open(file, { writable: true, backing: backingDevice, tableCacheBytes });
  }

  /**
   * Opens an image. The caller can pass an open backing device, which the caller must close, or a function that opens
   * the backing device. Opening an image for writing frees any clusters leaked by a crash.
   */
  static open(file: HostFile, options: OpenImage): Qcow2Image {
    const { sameFile } = options;
    return new Qcow2Image(openParts(file, options, sameFile && sameFile.parts.snapshots), options);
  }

  get lengthBytes(): number {
    return this.parts.layout.diskLengthBytes;
  }

  get clusterSizeBytes(): number {
    return this.parts.layout.clusterSizeBytes;
  }

  /** The length of the image file, as opposed to the length of the disk that it contains. */
  get fileBytes(): number {
    return this.parts.file.lengthBytes;
  }

  /** The name stored in the header. A relative name is relative to this image's folder. */
  get backingFileName(): string | undefined {
    return this.parts.header.backingFileName;
  }

  get backingFormat(): string | undefined {
    return this.parts.header.backingFormat;
  }

  /** The backing device; undefined if the image has no backing file. */
  get backing(): BlockDevice | undefined {
    return this.parts.backing;
  }

  read(offset: number, into: Uint8Array): void {
    this.checkRange(offset, into.length);
    readGuest(this.parts, this.parts.l1, offset, into);
  }

  write(offset: number, from: Uint8Array): void {
    this.checkWritable();
    this.checkRange(offset, from.length);
    writeGuest(this.parts, offset, from);
  }

  writeZeroes(offset: number, lengthBytes: number): void {
    this.checkWritable();
    this.checkRange(offset, lengthBytes);
    zeroGuest(this.parts, offset, lengthBytes);
  }

  /** Like `writeZeroes`, but the range will read as zeroes even if the backing file is replaced later. */
  writeZeroesOverBacking(offset: number, lengthBytes: number): void {
    this.checkWritable();
    this.checkRange(offset, lengthBytes);
    zeroGuest(this.parts, offset, lengthBytes, false);
  }

  dataRanges(offset: number, lengthBytes: number): Generator<ByteRange> {
    this.checkRange(offset, lengthBytes);
    return nonZeroRanges(this.parts, this.parts.l1, { offset, lengthBytes });
  }

  /**
   * Makes all earlier writes durable. Needs two to four syncs if tables have changed, one if only data has changed, and
   * none if nothing has changed.
   */
  flush(): void {
    if (!this.readOnly) commit(this.parts, { durable: true });
  }

  /**
   * Ensures that all earlier writes survive the end of this process. Needs one or two syncs if tables have changed,
   * otherwise none.
   */
  writeBack(): void {
    if (!this.readOnly) commit(this.parts, { durable: false });
  }

  /** Closes the image cleanly, after removing VM state from the active table. */
  close(): void {
    if (!this.readOnly) {
      unmapVmState(this.parts);
      commit(this.parts, { durable: true });
      clearDirtyBit(this.parts);
    }
    this.closeWithoutWriting();
  }

  /**
   * Closes the image without further writes, as if the process had been killed. Used for images that will be deleted.
   */
  closeWithoutWriting(): void {
    this.parts.file.close();
    if (this.parts.ownsBacking) this.parts.backing?.close();
  }

  /**
   * Rereads the tables of a read-only image after this process has changed the file through another object. Snapshot
   * views stay valid.
   */
  reload(): void {
    assert(this.readOnly, 'only a read-only image can be reloaded');
    reloadParts(this.parts);
  }

  /** The allocated parts of the disk. All other parts are identical to the backing device. */
  allocatedRanges(): ByteRange[] {
    return allocatedRanges(this.parts, this.parts.l1, this.lengthBytes);
  }

  /** The extents of the disk, or of a range of it, in order. Reads the tables but no data. */
  extents(range: ByteRange = { offset: 0, lengthBytes: this.lengthBytes }): Generator<DiskExtent> {
    this.checkRange(range.offset, range.lengthBytes);
    return diskExtents(this.parts, range);
  }

  /**
   * Atomically drops all clusters of the active disk, which then has the same contents as the backing device. Snapshots
   * are kept.
   */
  makeEmpty(): void {
    this.checkWritable();
    makeEmpty(this.parts);
  }

  /** Checks the image's refcounts, which requires reading every table. An image open for writing is flushed first. */
  check(): CheckResult {
    return checkImage(this.parts, { writable: !this.readOnly });
  }

  private checkWritable(): void {
    assert(!this.readOnly, `${this.name} is open read-only`);
  }

  private checkRange(offset: number, lengthBytes: number): void {
    assert(offset >= 0 && offset + lengthBytes <= this.lengthBytes, `${this.name}: range outside the disk`);
  }
}

export interface NewImage extends Omit<CreateOptions, 'clusterSizeBytes'> {
  /** Defaults to `clusterSizeFor(lengthBytes)`. */
  clusterSizeBytes?: number;
  /** The open device for the backing file named by `backing`. */
  backingDevice?: BlockDevice;
  tableCacheBytes?: number;
}

export interface OpenImage {
  writable: boolean;
  backing?: BlockDevice;
  /**
   * Alternative to `backing`: a function that opens the backing file named in the image. The image closes that device.
   */
  openBacking?: (name: BackingFile) => BlockDevice | undefined;
  compression?: HostCompression;
  /** Another open image of the same file, whose snapshot list is reused. */
  sameFile?: Qcow2Image;
  /** The maximum size of the L2 table cache. */
  tableCacheBytes?: number;
}

export type { DiskExtent } from './diskExtents.ts';
export type { SnapshotInfo, SnapshotKey } from './imageSnapshots.ts';
