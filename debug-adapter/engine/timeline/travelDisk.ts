import type { HostFile } from '../base/host.ts';
import type { BlkreplayFilter } from '../block/blkreplay.ts';
import type { ByteRange } from '../block/byteRange.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import { DriveDigest } from '../block/driveDigest.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { SnapshotDraft } from '../block/qcow2/snapshotDraft.ts';
import type { SnapshotView } from '../block/qcow2/snapshotView.ts';
import { ScratchLayer } from '../block/scratchLayer.ts';
import type { SlotMap } from '../block/slotMap.ts';
import type { BaseDisk } from './driveStack.ts';

/**
 * One drive that can show other times. In the past the guest sees a snapshot's disk through a scratch layer, so what it
 * writes there touches nothing; the present's device waits aside, exactly as it was left.
 */
export interface DiskMoment {
  /** The overlay's snapshot that it stands on; undefined for power-on, when the base alone was there. */
  snapshot: string | undefined;
  /** Where what was written since is; undefined for nothing. To be given up by `release`. */
  slots?: SlotMap;
}

const COPY_BYTES_MAX = 1 << 16;
/** Each has a table of the snapshot's: for those that a user goes to and fro between. */
const VIEWS_MAX = 4;

export class TravelDisk {
  readonly driveId: string;
  private filter: BlkreplayFilter;
  private base: BaseDisk;
  private overlay: Qcow2Image | undefined;
  private openScratch: () => HostFile;
  private layer: ScratchLayer | undefined;
  private ownsLayer: boolean;
  private views = new Map<string, SnapshotView>();
  private shown: string | undefined;
  private present: { device: BlockDevice; digest: DriveDigest } | undefined;

  constructor(options: {
    filter: BlkreplayFilter;
    base: BaseDisk;
    /** Keeps the drive's snapshots; undefined when it has none. */
    overlay?: Qcow2Image;
    openScratch: () => HostFile;
    /** What a replay shows from its start; stays its opener's to close. */
    shown?: { layer: ScratchLayer; snapshot: string | undefined };
  }) {
    this.driveId = options.filter.id;
    this.filter = options.filter;
    this.base = options.base;
    this.overlay = options.overlay;
    this.openScratch = options.openScratch;
    this.layer = options.shown?.layer;
    this.shown = options.shown?.snapshot;
    this.ownsLayer = options.shown === undefined;
  }

  /** Puts the present aside. */
  leavePresent(): void {
    this.present = { device: this.filter.device, digest: this.filter.driveDigest };
  }

  returnToPresent(): void {
    if (!this.present) return;
    this.filter.setDevice(this.present.device, this.present.digest);
    this.present = undefined;
    // What the guest wrote in its past is shown no more.
    this.layer?.reset(this.base.base);
  }

  /** Shows the disk as it was at a moment. A drive without a snapshot of its own shows its base. */
  show(moment: DiskMoment): void {
    if (this.filter.readOnly) return;
    this.shown = moment.snapshot;
    const lower = this.view(moment.snapshot)?.disk ?? this.base.base;
    this.layer ??= new ScratchLayer({ lower, scratch: this.openScratch() });
    if (moment.slots) this.layer.restore({ lower, slots: moment.slots });
    else this.layer.reset(lower);
    const { layer } = this;
    this.filter.setDevice(layer, () => this.digestOf(layer));
  }

  /** What is shown now, to be shown again later. */
  capture(): DiskMoment {
    return { snapshot: this.shown, slots: this.layer?.capture().slots };
  }

  /** What was captured is not needed any more. */
  release({ slots }: DiskMoment): void {
    if (slots) this.layer?.release(slots);
  }

  /** What the maps of captured states take in memory. */
  get mapBytes(): number {
    return this.layer?.mapBytes ?? 0;
  }

  /** What the scratch file holds. */
  get scratchBytes(): number {
    return this.layer?.scratchBytes ?? 0;
  }

  /** The part of it that captured states alone refer to. Costs a look at each written region. */
  capturedScratchBytes(): number {
    return this.layer?.capturedScratchBytes() ?? 0;
  }

  /** Brings a draft from a snapshot at or after the one that is shown up to what is shown now. */
  writeTo(draft: SnapshotDraft): void {
    const { layer } = this;
    if (!layer) return;
    // One for all: snapshots taken often leave no garbage that the allocator keeps.
    const buffer = new Uint8Array(COPY_BYTES_MAX);
    for (const { offset, lengthBytes, isZero } of layer.writtenExtents()) {
      if (isZero) draft.zeroDisk(offset, lengthBytes);
      else copyTo(draft, layer, { offset, lengthBytes, buffer });
    }
  }

  /** Whether what is shown stands on one of these snapshots. */
  standsOn(names: readonly string[]): boolean {
    return this.shown !== undefined && names.includes(this.shown);
  }

  /** Snapshots of these names are deleted. */
  forget(names: readonly string[]): void {
    for (const name of names) this.views.delete(name);
  }

  renamed(from: string, to: string): void {
    const view = this.views.get(from);
    if (view) this.views.set(to, view);
    this.views.delete(from);
    if (this.shown === from) this.shown = to;
  }

  close(): void {
    if (this.ownsLayer) this.layer?.close();
  }

  private view(name: string | undefined): SnapshotView | undefined {
    if (name === undefined || !this.overlay) return undefined;
    const view = this.views.get(name) ?? this.overlay.openSnapshot(name);
    // The one that was looked at last is the last to go.
    this.views.delete(name);
    this.views.set(name, view);
    if (this.views.size > VIEWS_MAX) this.views.delete(this.views.keys().next().value!);
    return view;
  }

  /** From the base's digest, so that only what differs from the base is read. */
  private digestOf(layer: ScratchLayer): DriveDigest {
    const inOverlay = this.view(this.shown)?.allocatedRanges() ?? [];
    return DriveDigest.from(this.base.baseDigest, layer, [
      ...(this.base.ownRanges ?? []),
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
