import { assert } from '../../base/assert.ts';
import type { HostCompression, HostFile } from '../../base/host.ts';
import type { BlockDevice } from '../blockDevice.ts';
import type { ByteRange } from '../byteRange.ts';
import { checkImage, type CheckResult } from './check.ts';
import { commit, clearDirtyBit } from './commit.ts';
import { createImage, type CreateOptions } from './createImage.ts';
import { type DiskExtent, diskExtents } from './diskExtents.ts';
import type { ImageParts } from './imageParts.ts';
import { clusterSizeFor } from './layout.ts';
import { allocatedRanges, nonZeroRanges } from './allocatedRanges.ts';
import { makeEmpty } from './makeEmpty.ts';
import { type BackingFile, openParts, checkWritable, reloadParts } from './openParts.ts';
import { readGuest } from './readData.ts';
import { checkSnapshotSpace } from './checkSnapshotSpace.ts';
import * as snapshots from './snapshots.ts';
import { createSnapshotFrom, type SnapshotDraft } from './snapshotDraft.ts';
import type { SnapshotEntry } from './snapshotTable.ts';
import { openSnapshotView, type SnapshotView } from './snapshotView.ts';
import * as vmState from './vmState.ts';
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
  private readonly parts: ImageParts;
  private listed: { entries: readonly SnapshotEntry[]; snapshots: readonly SnapshotInfo[] } | undefined;

  private constructor(parts: ImageParts, { writable }: { writable: boolean }) {
    this.parts = parts;
    this.name = parts.file.name;
    this.readOnly = !writable;
  }

  /** Overwrites `file` with an empty image and opens it for writing. */
  static create(file: HostFile, options: NewImage): Qcow2Image {
    const { backingDevice, tableCacheBytes, ...rest } = options;
    createImage(file, { ...rest, clusterSizeBytes: options.clusterSizeBytes ?? clusterSizeFor(options.lengthBytes) });
    return Qcow2Image.open(file, { writable: true, backing: backingDevice, tableCacheBytes });
  }

  /**
   * Opens an image. The caller can pass an open backing device, which the caller must close, or a function that opens
   * the backing device. Opening an image for writing frees any clusters leaked in a crash.
   */
  static open(file: HostFile, options: OpenImage): Qcow2Image {
    const { sameFile } = options;
    const image = new Qcow2Image(openParts(file, options, sameFile && sameFile.parts.snapshots), options);
    if (sameFile) image.listed = sameFile.listed;
    return image;
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
      vmState.unmapVmState(this.parts);
      commit(this.parts, { durable: true });
      clearDirtyBit(this.parts);
    }
    this.closeWithoutWriting();
  }

  /** Closes the image without further writes, as if the process had been killed. For images that will be deleted. */
  closeWithoutWriting(): void {
    this.parts.file.close();
    if (this.parts.ownsBacking) this.parts.backing?.close();
  }

  /** The image's snapshots. There may be thousands, so the list and its elements are recreated only if they change. */
  get snapshots(): readonly SnapshotInfo[] {
    const { snapshots: entries } = this.parts;
    const before = this.listed;
    if (before?.entries === entries) return before.snapshots;
    const snapshots = entries.map((entry, i) => (entry === before?.entries[i] ? before.snapshots[i] : infoOf(entry)));
    this.listed = { entries, snapshots };
    return snapshots;
  }

  /**
   * Saves the current disk and VM state as a named snapshot. The cost depends on how much changed since the last
   * snapshot.
   */
  createSnapshot(snapshot: snapshots.NewSnapshot): void {
    this.checkWritable();
    snapshots.createSnapshot(this.parts, snapshot);
  }

  /**
   * Checks whether a snapshot could be created after the given ones have been deleted. If not, throws the error that
   * creating it would cause. Also works on a read-only image.
   */
  checkSnapshotSpace(name: string, gone: readonly string[] = []): void {
    checkWritable(this.parts);
    checkSnapshotSpace(this.parts, name, gone);
  }

  deleteSnapshot(name: string): void {
    this.deleteSnapshots([name]);
  }

  /** Deletes several snapshots. This costs hardly more than deleting a single snapshot. */
  deleteSnapshots(names: string[]): void {
    this.checkWritable();
    snapshots.deleteSnapshots(this.parts, names);
  }

  renameSnapshot(from: string, to: string): void {
    this.checkWritable();
    snapshots.renameSnapshot(this.parts, from, to);
  }

  /**
   * Makes the snapshot's disk and VM state the active state. The previous active state is lost unless another snapshot
   * contains it.
   */
  applySnapshot(name: string): void {
    this.checkWritable();
    snapshots.applySnapshot(this.parts, name);
  }

  /**
   * Creates a snapshot of a state that is not active: the state of snapshot `from` (or an empty state if undefined)
   * plus the changes made by `fill`. The active state stays unchanged. The cost depends on how much `fill` changes.
   */
  createSnapshotFrom(
    from: string | undefined,
    wanted: snapshots.NewSnapshot,
    fill: (draft: SnapshotDraft) => void,
  ): void {
    this.checkWritable();
    createSnapshotFrom(this.parts, { from, wanted, fill });
  }

  /**
   * Rereads the tables of a read-only image after this process has changed the file through another object. Snapshot
   * views stay valid.
   */
  reload(): void {
    assert(this.readOnly, 'only a read-only image can be reloaded');
    reloadParts(this.parts);
  }

  /** Opens a read-only view of a snapshot. The view is valid until the snapshot is deleted or this image is closed. */
  openSnapshot(name: string): SnapshotView {
    return openSnapshotView(this.parts, name);
  }

  readVmState(offset: number, into: Uint8Array): void {
    vmState.readVmState(this.parts, offset, into);
  }

  writeVmState(offset: number, from: Uint8Array): void {
    this.checkWritable();
    vmState.writeVmState(this.parts, offset, from);
  }

  writeVmStateClusters(clusters: readonly vmState.VmStateCluster[]): void {
    this.checkWritable();
    vmState.writeVmStateClusters(this.parts, clusters);
  }

  zeroVmState(offset: number, lengthBytes: number): void {
    this.checkWritable();
    vmState.zeroVmState(this.parts, offset, lengthBytes);
  }

  /** Removes VM state that another program left in the active table. Snapshots keep their VM state. */
  unmapVmState(): void {
    this.checkWritable();
    vmState.unmapVmState(this.parts);
  }

  /**
   * Called after the image is opened. Maps this snapshot's VM state in the active table again, so that the next
   * snapshot only needs to write what changed.
   */
  mapVmState(snapshotName: string): void {
    this.checkWritable();
    vmState.mapVmState(this.parts, snapshotName);
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
   * Atomically drops all clusters of the active disk, so that it has the same contents as the backing device. Snapshots
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

function infoOf({ l1Offset: _, l1Entries: __, encoded: ___, ...info }: SnapshotEntry): SnapshotInfo {
  return info;
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

/** A snapshot as listed in the snapshot table. */
export type SnapshotInfo = snapshots.NewSnapshot & { id: string; diskSizeBytes: number };
