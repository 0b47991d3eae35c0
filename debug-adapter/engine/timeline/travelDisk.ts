import type { HostFile } from '../base/host.ts';
import type { BlkreplayFilter } from '../block/blkreplay.ts';
import type { ByteRange } from '../block/byteRange.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import { DriveDigest } from '../block/driveDigest.ts';
import type { SnapshotDraft } from '../block/qcow2/snapshotDraft.ts';
import type { SnapshotView } from '../block/qcow2/snapshotView.ts';
import { LateFile } from '../block/lateFile.ts';
import { MirroredDevice } from '../block/mirroredDevice.ts';
import { ScratchLayer } from '../block/scratchLayer.ts';
import type { SlotMap } from '../block/slotMap.ts';
import type { BaseDisk } from './driveStack.ts';
import type { SnapshotId } from './snapshotInfo.ts';

/** The state of a disk at a position. */
export interface DiskState {
  /**
   * The overlay snapshot that the state is based on; undefined for the state at power-on, which is based on the base
   * image.
   */
  snapshot: SnapshotId | undefined;
  /** The writes since that snapshot; undefined if there are none. Must be freed with `release`. */
  slots?: SlotMap;
}

/** Opens the drive's disk as stored in a snapshot. */
export type OpenSnapshot = (id: SnapshotId) => SnapshotView;

const COPY_BYTES_MAX = 1 << 16;
/**
 * The maximum number of open views, each of which has an L1 table in memory. This is enough for a user who switches
 * back and forth between a few snapshots.
 */
const VIEWS_MAX = 4;

/**
 * A drive that can show its past disk states. In the history, the guest sees a snapshot's disk through a scratch layer,
 * which receives its writes; the snapshot and the live end's device stay unchanged. At the live end, the same layer can
 * mirror the guest's writes, so that disk states can be captured there as well.
 */
export class TravelDisk {
  readonly driveId: string;
  private filter: BlkreplayFilter;
  private base: BaseDisk;
  private openSnapshot: OpenSnapshot | undefined;
  private openScratch: () => HostFile;
  private layer: ScratchLayer | undefined;
  private ownsLayer: boolean;
  private views = new Map<SnapshotId, SnapshotView>();
  private currentSnapshot: SnapshotId | undefined;
  private copyBuffer: Uint8Array | undefined;
  private liveEnd: { device: BlockDevice; digest: DriveDigest; mirror: DiskState | undefined } | undefined;

  constructor(options: {
    filter: BlkreplayFilter;
    base: BaseDisk;
    /** Undefined if the drive has no snapshots. */
    openSnapshot?: OpenSnapshot;
    openScratch: () => HostFile;
    /** A replay's initial disk; the caller closes it. */
    currentSnapshot?: { layer: ScratchLayer; snapshot: SnapshotId | undefined };
  }) {
    this.driveId = options.filter.id;
    this.filter = options.filter;
    this.base = options.base;
    this.openSnapshot = options.openSnapshot;
    this.openScratch = options.openScratch;
    this.layer = options.currentSnapshot?.layer;
    this.currentSnapshot = options.currentSnapshot?.snapshot;
    this.ownsLayer = options.currentSnapshot === undefined;
  }

  /**
   * Called at the live end, immediately after this snapshot has been taken there. From now on, the guest's writes are
   * also stored in the scratch layer, on top of the snapshot.
   */
  startMirror(snapshot: SnapshotId): void {
    if (this.filter.readOnly) return;
    this.stopMirror();
    const layer = this.loadLayer({ snapshot });
    const { device, driveDigest } = this.filter;
    this.filter.setDevice(new MirroredDevice(device, layer, () => this.stopMirror()), driveDigest);
  }

  /** Whether `capture` works at the live end. */
  get canCaptureLive(): boolean {
    return this.filter.readOnly || this.isMirroring;
  }

  /** Saves the drive's device and digest at the live end. */
  leaveLiveEnd(): void {
    const { device, driveDigest } = this.filter;
    this.liveEnd = { device, digest: driveDigest, mirror: this.isMirroring ? this.capture() : undefined };
  }

  returnToLiveEnd(): void {
    if (!this.liveEnd) return;
    const { device, digest, mirror } = this.liveEnd;
    this.filter.setDevice(device, digest);
    this.liveEnd = undefined;
    // Discards the guest's writes in the history.
    if (!mirror) return this.layer?.reset(this.base.base);
    this.loadLayer(mirror);
    this.release(mirror);
  }

  /** Stops mirroring the live end. States captured so far remain valid. */
  stopMirror(): void {
    if (this.liveEnd) {
      if (this.liveEnd.mirror) this.release(this.liveEnd.mirror);
      this.liveEnd = { ...this.liveEnd, device: withoutMirror(this.liveEnd.device), mirror: undefined };
    } else if (this.filter.device instanceof MirroredDevice) {
      this.filter.setDevice(this.filter.device.device, this.filter.driveDigest);
      this.layer?.reset(this.base.base);
    }
  }

  /** Switches the drive to a disk state. A drive without snapshots shows its base. */
  show(state: DiskState): void {
    if (this.filter.readOnly) return;
    const layer = this.loadLayer(state);
    this.filter.setDevice(layer, () => this.digestOf(layer));
  }

  /** Captures the current disk state. */
  capture(): DiskState {
    return { snapshot: this.currentSnapshot, slots: this.layer?.capture().slots };
  }

  /** Frees a captured state. */
  release({ slots }: DiskState): void {
    if (slots) this.layer?.release(slots);
  }

  /** The memory used by the block maps of captured states, in bytes. */
  get mapBytes(): number {
    return this.layer?.mapBytes ?? 0;
  }

  /** The space in use in the scratch file, in bytes. */
  get scratchBytes(): number {
    return this.layer?.scratchBytes ?? 0;
  }

  /** The space in the scratch file that only captured states use, in bytes. Visits every written region. */
  capturedScratchBytes(): number {
    return this.layer?.capturedScratchBytes() ?? 0;
  }

  /** Updates a draft to match the current disk state. The draft must be based on the shown snapshot or a later one. */
  writeTo(draft: SnapshotDraft): void {
    const { layer } = this;
    if (!layer) return;
    // Reuse a single buffer, so that frequent snapshots create no garbage.
    const buffer = (this.copyBuffer ??= new Uint8Array(COPY_BYTES_MAX));
    for (const { offset, lengthBytes, isZero } of layer.writtenExtents()) {
      if (isZero) draft.zeroDisk(offset, lengthBytes);
      else copyTo(draft, layer, { offset, lengthBytes, buffer });
    }
  }

  /** Whether the shown state is based on one of these snapshots. */
  isBasedOn(ids: readonly SnapshotId[]): boolean {
    return this.currentSnapshot !== undefined && ids.includes(this.currentSnapshot);
  }

  /** Closes the views of deleted snapshots. */
  forget(ids: readonly SnapshotId[]): void {
    const mirrored = this.liveEnd ? this.liveEnd.mirror?.snapshot : this.currentSnapshot;
    if (this.isMirroring && mirrored !== undefined && ids.includes(mirrored)) this.stopMirror();
    for (const id of ids) this.views.delete(id);
  }

  close(): void {
    if (this.ownsLayer) this.layer?.close();
  }

  /** Whether the layer mirrors the disk of the live end, even while the machine is in its history. */
  private get isMirroring(): boolean {
    return this.liveEnd ? this.liveEnd.mirror !== undefined : this.filter.device instanceof MirroredDevice;
  }

  /** Makes the scratch layer contain a disk state. */
  private loadLayer({ snapshot, slots }: DiskState): ScratchLayer {
    this.currentSnapshot = snapshot;
    const lower = this.view(snapshot)?.disk ?? this.base.base;
    // In a short session, most guests write nothing, so the scratch file is created only when it is needed.
    this.layer ??= new ScratchLayer({ lower, scratch: new LateFile(lower.name, this.openScratch) });
    if (slots) this.layer.restore({ lower, slots });
    else this.layer.reset(lower);
    return this.layer;
  }

  private view(id: SnapshotId | undefined): SnapshotView | undefined {
    if (id === undefined || !this.openSnapshot) return undefined;
    const view = this.views.get(id) ?? this.openSnapshot(id);
    // Move the view to the end of the map, so that the least recently used one is evicted.
    this.views.delete(id);
    this.views.set(id, view);
    if (this.views.size > VIEWS_MAX) this.views.delete(this.views.keys().next().value!);
    return view;
  }

  /** Derives the digest from the base's digest, so that only ranges that differ from the base are read. */
  private digestOf(layer: ScratchLayer): DriveDigest {
    const inOverlay = this.view(this.currentSnapshot)?.allocatedRanges() ?? [];
    return DriveDigest.from(this.base.baseDigest, layer, [
      ...(this.base.imageRanges ?? []),
      ...inOverlay,
      ...layer.writtenRanges(),
    ]);
  }
}

function copyTo(
  draft: SnapshotDraft,
  layer: ScratchLayer,
  { offset, lengthBytes, buffer }: ByteRange & { buffer: Uint8Array },
): void {
  for (let done = 0; done < lengthBytes;) {
    const piece = buffer.subarray(0, Math.min(lengthBytes - done, buffer.length));
    layer.read(offset + done, piece);
    draft.setDisk(offset + done, piece);
    done += piece.length;
  }
}

const withoutMirror = (device: BlockDevice): BlockDevice => (device instanceof MirroredDevice ? device.device : device);
