import type { HostFile } from '../base/host.ts';
import type { BlkreplayFilter } from '../block/blkreplay.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import { DriveDigest } from '../block/driveDigest.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { SnapshotView } from '../block/qcow2/snapshotView.ts';
import { ScratchLayer, type ScratchMoment } from '../block/scratchLayer.ts';
import type { BaseDisk } from './driveStack.ts';

/**
 * One drive that can show other times. In the past the guest sees a snapshot's disk through a scratch layer, so what it
 * writes there touches nothing; the present's device waits aside, exactly as it was left.
 */
export interface DiskMoment {
  /** The overlay's snapshot that it stands on; undefined for power-on, when the base alone was there. */
  snapshot: string | undefined;
  /** What was written since; undefined for nothing. */
  scratch?: ScratchMoment;
}

export class TravelDisk {
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
  }

  /** Shows the disk as it was at a moment. A drive without a snapshot of its own shows its base. */
  show(moment: DiskMoment): void {
    if (this.filter.readOnly) return;
    this.shown = moment.snapshot;
    const lower = this.view(moment.snapshot)?.disk ?? this.base.base;
    this.layer ??= new ScratchLayer({ lower, scratch: this.openScratch() });
    if (moment.scratch) this.layer.restore(moment.scratch);
    else this.layer.reset(lower);
    const { layer } = this;
    this.filter.setDevice(layer, () => this.digestOf(layer));
  }

  /** What is shown now, to be shown again later. */
  capture(): DiskMoment {
    return { snapshot: this.shown, scratch: this.layer?.capture() };
  }

  /** Snapshots of these names are about to be deleted. */
  forget(names: readonly string[]): void {
    for (const name of names) this.views.delete(name);
  }

  close(): void {
    this.returnToPresent();
    if (this.ownsLayer) this.layer?.close();
  }

  private view(name: string | undefined): SnapshotView | undefined {
    if (name === undefined || !this.overlay) return undefined;
    let view = this.views.get(name);
    if (!view) this.views.set(name, (view = this.overlay.openSnapshot(name)));
    return view;
  }

  /** From the base's digest, so that only what differs from the base is read. */
  private digestOf(layer: ScratchLayer): DriveDigest {
    const inOverlay = this.view(this.shown)?.allocatedRanges() ?? [];
    return DriveDigest.from(this.base.baseDigest, layer, [...inOverlay, ...layer.writtenRanges()]);
  }
}
