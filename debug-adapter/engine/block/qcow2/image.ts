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
 * A qcow2 image: the overlay of a drive, or another image of the user. It is a BlockDevice whose unallocated parts
 * come from the backing device. It contains VM state and internal snapshots that all qcow2 programs can read.
 *
 * Durability: data and tables after `flush`, snapshot operations when they return. `writeBack` makes all earlier
 * writes survive the end of this process, but not a power failure. A crash loses only later writes and never damages
 * earlier ones (see commit.ts).
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
   * Opens an image. The caller either opens and closes the backing device, or passes a function that opens it.
   * Opening for writing frees clusters that a crash leaked.
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

  /** The length of the image file, not of the disk in it. */
  get fileBytes(): number {
    return this.parts.file.lengthBytes;
  }

  /** The stored name; a relative name is relative to this image's folder. */
  get backingFileName(): string | undefined {
    return this.parts.header.backingFileName;
  }

  get backingFormat(): string | undefined {
    return this.parts.header.backingFormat;
  }

  /** The backing device passed at opening; undefined without a backing file. */
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

  /** Like `writeZeroes`, but the range reads as zeroes even after the backing file is replaced. */
  writeZeroesOverBacking(offset: number, lengthBytes: number): void {
    this.checkWritable();
    this.checkRange(offset, lengthBytes);
    zeroGuest(this.parts, offset, lengthBytes, false);
  }

  dataRanges(offset: number, lengthBytes: number): Generator<ByteRange> {
    this.checkRange(offset, lengthBytes);
    return nonZeroRanges(this.parts, this.parts.l1, { offset, lengthBytes });
  }

  /** Costs two to four syncs if tables changed, one if only data did, and none if nothing did. */
  flush(): void {
    if (!this.readOnly) commit(this.parts, { durable: true });
  }

  /**
   * Makes all earlier writes survive the end of this process. Costs one or two syncs if tables changed, otherwise
   * nothing.
   */
  writeBack(): void {
    if (!this.readOnly) commit(this.parts, { durable: false });
  }

  /** Leaves a clean image whose active table maps only the disk. */
  close(): void {
    if (!this.readOnly) {
      vmState.unmapVmState(this.parts);
      commit(this.parts, { durable: true });
      clearDirtyBit(this.parts);
    }
    this.closeWithoutWriting();
  }

  /** Closes without further writes, like a killed process: for an image that will be deleted. */
  closeWithoutWriting(): void {
    this.parts.file.close();
    if (this.parts.ownsBacking) this.parts.backing?.close();
  }

  /** There may be thousands: each is the same object as long as it does not change, and so is the list. */
  get snapshots(): readonly SnapshotInfo[] {
    const { snapshots: entries } = this.parts;
    const before = this.listed;
    if (before?.entries === entries) return before.snapshots;
    const snapshots = entries.map((entry, i) => (entry === before?.entries[i] ? before.snapshots[i] : infoOf(entry)));
    this.listed = { entries, snapshots };
    return snapshots;
  }

  /** Saves the current disk and VM state under a name. The cost depends on what changed since the last snapshot. */
  createSnapshot(snapshot: snapshots.NewSnapshot): void {
    this.checkWritable();
    snapshots.createSnapshot(this.parts, snapshot);
  }

  /** Throws the error that a new snapshot would cause once others are deleted; also works on a read-only image. */
  checkSnapshotSpace(name: string, gone: readonly string[] = []): void {
    checkWritable(this.parts);
    checkSnapshotSpace(this.parts, name, gone);
  }

  deleteSnapshot(name: string): void {
    this.deleteSnapshots([name]);
  }

  /** Deleting several at once costs hardly more than one. */
  deleteSnapshots(names: string[]): void {
    this.checkWritable();
    snapshots.deleteSnapshots(this.parts, names);
  }

  renameSnapshot(from: string, to: string): void {
    this.checkWritable();
    snapshots.renameSnapshot(this.parts, from, to);
  }

  /**
   * Makes the snapshot's disk and VM state the active state; the previous active state is lost unless a snapshot
   * contains it.
   */
  applySnapshot(name: string): void {
    this.checkWritable();
    snapshots.applySnapshot(this.parts, name);
  }

  /**
   * Creates a snapshot of a state other than the active one: that of snapshot `from` (or an empty one if undefined),
   * changed by `fill`. The active state stays unchanged. The cost depends on what `fill` changes.
   */
  createSnapshotFrom(
    from: string | undefined,
    wanted: snapshots.NewSnapshot,
    fill: (draft: SnapshotDraft) => void,
  ): void {
    this.checkWritable();
    createSnapshotFrom(this.parts, { from, wanted, fill });
  }

  /** Reloads a read-only image after this process has changed its file through another object. Views stay valid. */
  reload(): void {
    assert(this.readOnly, 'what is open for writing knows its own changes');
    reloadParts(this.parts);
  }

  /** A read-only view, valid until the snapshot is deleted or this image is closed. */
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

  /** Removes VM state that another program left in the active table; snapshots keep theirs. */
  unmapVmState(): void {
    this.checkWritable();
    vmState.unmapVmState(this.parts);
  }

  /**
   * After opening: maps this snapshot's VM state in the active table again, so that the next snapshot is incremental.
   */
  mapVmState(snapshotName: string): void {
    this.checkWritable();
    vmState.mapVmState(this.parts, snapshotName);
  }

  /** The allocated parts of the disk, the only parts that can differ from the backing device. */
  allocatedRanges(): ByteRange[] {
    return allocatedRanges(this.parts, this.parts.l1, this.lengthBytes);
  }

  /** The extents of the disk or of a range of it, in order. Reads the tables but no data. */
  extents(range: ByteRange = { offset: 0, lengthBytes: this.lengthBytes }): Generator<DiskExtent> {
    this.checkRange(range.offset, range.lengthBytes);
    return diskExtents(this.parts, range);
  }

  /** Drops all clusters of the active disk, atomically, so that it shows the backing device. Snapshots stay. */
  makeEmpty(): void {
    this.checkWritable();
    makeEmpty(this.parts);
  }

  /** Reads every table. Flushes an image open for writing first. */
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
  /** The opened backing file that `backing` names. */
  backingDevice?: BlockDevice;
  tableCacheBytes?: number;
}

export interface OpenImage {
  writable: boolean;
  backing?: BlockDevice;
  /** Alternative to `backing`: opens the backing file that the image names. The image closes it. */
  openBacking?: (name: BackingFile) => BlockDevice | undefined;
  compression?: HostCompression;
  /** An open image of the same file, whose list of snapshots is reused. */
  sameFile?: Qcow2Image;
  /** The maximum size of the L2 table cache. */
  tableCacheBytes?: number;
}

export type { DiskExtent } from './diskExtents.ts';

/** A snapshot as listed in the snapshot table. */
export type SnapshotInfo = snapshots.NewSnapshot & { id: string; diskSizeBytes: number };
