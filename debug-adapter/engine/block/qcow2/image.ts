import { assert } from '../../base/assert.ts';
import type { HostCompression, HostFile } from '../../base/host.ts';
import type { BlockDevice } from '../blockDevice.ts';
import type { ByteRange } from '../byteRange.ts';
import { checkImage, type CheckResult } from './check.ts';
import { commit, markClean } from './commit.ts';
import { createImage, type CreateOptions } from './createImage.ts';
import { type DiskExtent, diskExtents } from './diskExtents.ts';
import type { ImageParts } from './imageParts.ts';
import { clusterSizeFor } from './layout.ts';
import { allocatedRanges, nonZeroRanges } from './allocatedRanges.ts';
import { makeEmpty } from './makeEmpty.ts';
import { type BackingName, openParts, refuseWriting, reloadParts } from './openParts.ts';
import { readGuest } from './readData.ts';
import { checkRoomForSnapshot } from './roomForSnapshot.ts';
import * as snapshots from './snapshots.ts';
import { createSnapshotFrom, type SnapshotDraft } from './snapshotDraft.ts';
import { openSnapshotView, type SnapshotView } from './snapshotView.ts';
import * as vmState from './vmState.ts';
import { writeGuest, zeroGuest } from './writeData.ts';

/**
 * A qcow2 image: the overlay of a drive, or any image that the user brings. It is a BlockDevice whose unallocated
 * parts show the backing device, and it holds VM state and internal snapshots that every other qcow2 program reads.
 *
 * What is durable: data and tables after `flush`, snapshot operations when they return. `writeBack` makes everything
 * written so far survive the end of this process, but not a power cut. Between these a crash of either sort loses only
 * what came later; it never damages what was there (see commit.ts).
 */
export class Qcow2Image implements BlockDevice {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #parts: ImageParts;

  private constructor(parts: ImageParts, { writable }: { writable: boolean }) {
    this.#parts = parts;
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
   * Opens an image. The caller opens the backing file, passes it in and closes it, or says how to open it. Opening for
   * writing repairs what a crash leaked.
   */
  static open(file: HostFile, options: OpenImage): Qcow2Image {
    return new Qcow2Image(openParts(file, options), options);
  }

  get lengthBytes(): number {
    return this.#parts.layout.diskLengthBytes;
  }

  get clusterSizeBytes(): number {
    return this.#parts.layout.clusterSizeBytes;
  }

  /** Of the file itself, not of the disk in it. */
  get fileBytes(): number {
    return this.#parts.file.lengthBytes;
  }

  /** As the file stores it: relative names are relative to this image's folder. */
  get backingFileName(): string | undefined {
    return this.#parts.header.backingFileName;
  }

  get backingFormat(): string | undefined {
    return this.#parts.header.backingFormat;
  }

  /** What unallocated parts show, as it was opened; undefined when the image stands on nothing. */
  get backing(): BlockDevice | undefined {
    return this.#parts.backing;
  }

  read(offset: number, into: Uint8Array): void {
    this.#checkRange(offset, into.length);
    readGuest(this.#parts, this.#parts.l1, offset, into);
  }

  write(offset: number, from: Uint8Array): void {
    this.#checkWritable();
    this.#checkRange(offset, from.length);
    writeGuest(this.#parts, offset, from);
  }

  writeZeroes(offset: number, lengthBytes: number): void {
    this.#checkWritable();
    this.#checkRange(offset, lengthBytes);
    zeroGuest(this.#parts, offset, lengthBytes);
  }

  /** As `writeZeroes`, but the range reads as zeroes on any other backing device, too. */
  writeLastingZeroes(offset: number, lengthBytes: number): void {
    this.#checkWritable();
    this.#checkRange(offset, lengthBytes);
    zeroGuest(this.#parts, offset, lengthBytes, false);
  }

  dataRanges(offset: number, lengthBytes: number): Generator<ByteRange> {
    this.#checkRange(offset, lengthBytes);
    return nonZeroRanges(this.#parts, this.#parts.l1, { offset, lengthBytes });
  }

  /** Two to four syncs when tables changed, one when only data did, none when nothing did. */
  flush(): void {
    if (!this.readOnly) commit(this.#parts, { durable: true });
  }

  /** Everything written so far survives the end of this process. One or two syncs when tables changed, else nothing. */
  writeBack(): void {
    if (!this.readOnly) commit(this.#parts, { durable: false });
  }

  /** Leaves a clean image whose active table maps the disk only. */
  close(): void {
    if (!this.readOnly) {
      vmState.unmapVmState(this.#parts);
      commit(this.#parts, { durable: true });
      markClean(this.#parts);
    }
    this.abandon();
  }

  /** Ends without writing anything more, as a killed process would: for an image that is thrown away. */
  abandon(): void {
    this.#parts.file.close();
    if (this.#parts.ownsBacking) this.#parts.backing?.close();
  }

  get snapshots(): SnapshotInfo[] {
    return this.#parts.snapshots.map(({ l1Offset: _, l1Entries: __, encoded: ___, ...info }) => info);
  }

  /** The disk and the VM state as they are now, under a name. Costs what changed since the last snapshot. */
  createSnapshot(snapshot: snapshots.NewSnapshot): void {
    this.#checkWritable();
    snapshots.createSnapshot(this.#parts, snapshot);
  }

  /** Throws what would keep a new snapshot from being taken after others are deleted; also when open read-only. */
  checkRoomForSnapshot(name: string, gone: readonly string[] = []): void {
    refuseWriting(this.#parts);
    checkRoomForSnapshot(this.#parts, name, gone);
  }

  deleteSnapshot(name: string): void {
    this.deleteSnapshots([name]);
  }

  /** Several at once cost hardly more than one. */
  deleteSnapshots(names: string[]): void {
    this.#checkWritable();
    snapshots.deleteSnapshots(this.#parts, names);
  }

  renameSnapshot(from: string, to: string): void {
    this.#checkWritable();
    snapshots.renameSnapshot(this.#parts, from, to);
  }

  /** Disk and VM state become the snapshot's; what they were is lost unless a snapshot holds it. */
  applySnapshot(name: string): void {
    this.#checkWritable();
    snapshots.applySnapshot(this.#parts, name);
  }

  /**
   * A snapshot of another state than the present one: `from`'s (of nothing, when undefined), changed by `fill`. The
   * active state is not touched. Costs what `fill` changes.
   */
  createSnapshotFrom(
    from: string | undefined,
    wanted: snapshots.NewSnapshot,
    fill: (draft: SnapshotDraft) => void,
  ): void {
    this.#checkWritable();
    createSnapshotFrom(this.#parts, { from, wanted, fill });
  }

  /** For an image open read-only: somebody else, in this process, has changed the file. Views stay valid. */
  reload(): void {
    assert(this.readOnly, 'what is open for writing knows its own changes');
    reloadParts(this.#parts);
  }

  /** A read-only view, valid until the snapshot is deleted or this image closes. */
  openSnapshot(name: string): SnapshotView {
    return openSnapshotView(this.#parts, name);
  }

  readVmState(offset: number, into: Uint8Array): void {
    vmState.readVmState(this.#parts, offset, into);
  }

  writeVmState(offset: number, from: Uint8Array): void {
    this.#checkWritable();
    vmState.writeVmState(this.#parts, offset, from);
  }

  writeVmStateClusters(clusters: readonly vmState.VmStateCluster[]): void {
    this.#checkWritable();
    vmState.writeVmStateClusters(this.#parts, clusters);
  }

  zeroVmState(offset: number, lengthBytes: number): void {
    this.#checkWritable();
    vmState.zeroVmState(this.#parts, offset, lengthBytes);
  }

  /** VM state that another program left in the active table goes; snapshots keep theirs. */
  unmapVmState(): void {
    this.#checkWritable();
    vmState.unmapVmState(this.#parts);
  }

  /** After opening: VM state of this snapshot becomes the active one, so that the next snapshot is incremental. */
  relinkVmState(snapshotName: string): void {
    this.#checkWritable();
    vmState.relinkVmState(this.#parts, snapshotName);
  }

  /** Where the disk does not show the backing device: the only places where it can differ from it. */
  allocatedRanges(): ByteRange[] {
    return allocatedRanges(this.#parts, this.#parts.l1, this.lengthBytes);
  }

  /** What each part of the disk is, or of a range of it, in order. Reads the tables, no data. */
  extents(range: ByteRange = { offset: 0, lengthBytes: this.lengthBytes }): Generator<DiskExtent> {
    this.#checkRange(range.offset, range.lengthBytes);
    return diskExtents(this.#parts, range);
  }

  /** The disk shows the backing device again. Snapshots stay. Atomic. */
  makeEmpty(): void {
    this.#checkWritable();
    makeEmpty(this.#parts);
  }

  /** Reads every table. An image open for writing is flushed first. */
  check(): CheckResult {
    return checkImage(this.#parts, { writable: !this.readOnly });
  }

  #checkWritable(): void {
    assert(!this.readOnly, `${this.name} is open read-only`);
  }

  #checkRange(offset: number, lengthBytes: number): void {
    assert(offset >= 0 && offset + lengthBytes <= this.lengthBytes, `${this.name}: range outside the disk`);
  }
}

export interface NewImage extends Omit<CreateOptions, 'clusterSizeBytes'> {
  /** As `clusterSizeFor` its length unless said. */
  clusterSizeBytes?: number;
  /** The opened backing file that `backing` names. */
  backingDevice?: BlockDevice;
  tableCacheBytes?: number;
}

export interface OpenImage {
  writable: boolean;
  backing?: BlockDevice;
  /** Instead: opens what the image names. The image closes it. */
  openBacking?: (name: BackingName) => BlockDevice | undefined;
  compression?: HostCompression;
  /** How much of the L2 tables stays in memory. */
  tableCacheBytes?: number;
}

export type { DiskExtent } from './diskExtents.ts';

/** A snapshot as the table lists it. */
export type SnapshotInfo = snapshots.NewSnapshot & { id: string; diskSizeBytes: number };
