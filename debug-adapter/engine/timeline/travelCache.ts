import { type CachedSnapshot, SnapshotCache } from './snapshotCache.ts';
import type { RamSnapshot } from './ramSnapshots.ts';
import type { TravelBudget } from './travelBudget.ts';
import type { TravelDisk } from './travelDisk.ts';

/**
 * Manages the memory and scratch files that time travel uses for cached snapshots and for snapshots that a search holds
 * until it ends. Reports to the cache which RAM pages are in memory anyway.
 */
export class TravelCache {
  readonly cache: SnapshotCache;
  private disks: readonly TravelDisk[];
  private images: () => readonly (RamSnapshot | undefined)[];
  private scratchBytesMax: number;
  private held = new Set<CachedSnapshot>();

  /** `images` returns the RAM pages in use, except those of the snapshots being held. */
  constructor(options: {
    disks: readonly TravelDisk[];
    budget: TravelBudget;
    images: () => readonly (RamSnapshot | undefined)[];
  }) {
    this.disks = options.disks;
    this.images = options.images;
    this.scratchBytesMax = options.budget.scratchBytes;
    this.cache = new SnapshotCache(options.budget, {
      mapBytes: () => this.sum((disk) => disk.mapBytes),
      scratchExceeds: (limit) =>
        this.sum((disk) => disk.scratchBytes) > limit && this.sum((disk) => disk.capturedScratchBytes()) > limit,
      release: (snapshot) => this.releaseDisks(snapshot),
    });
  }

  /** The current cost of the cached snapshots, in the units of the budget. */
  get cost(): TravelBudget {
    const { bytes, count } = this.cache;
    return { memoryBytes: bytes, scratchBytes: this.sum((disk) => disk.scratchBytes), snapshots: count };
  }

  /**
   * Whether a snapshot of the live end can be captured. If the guest has written more to its disks than the scratch
   * files may store, the disks are no longer mirrored until the next snapshot in the overlays.
   */
  canCaptureLive(): boolean {
    const live = this.sum((disk) => disk.scratchBytes - disk.capturedScratchBytes());
    if (live > this.scratchBytesMax) for (const disk of this.disks) disk.stopMirror();
    return this.disks.every((disk) => disk.canCaptureLive);
  }

  /** Holds a snapshot until it is released; the cache cannot drop it. */
  hold(snapshot: CachedSnapshot): CachedSnapshot {
    this.held.add(snapshot);
    this.updateCharges();
    return snapshot;
  }

  release(snapshot: CachedSnapshot): void {
    this.held.delete(snapshot);
    this.releaseDisks(snapshot);
    this.updateCharges();
  }

  releaseHeld(): void {
    for (const snapshot of this.held) this.releaseDisks(snapshot);
    this.held.clear();
    this.updateCharges();
  }

  /** Call this whenever the set of RAM pages that are in memory outside the cache changes. */
  updateCharges(): void {
    const images = [...this.images(), ...[...this.held].map(({ ram }) => ram)];
    this.cache.setRamInUse(images.filter((image) => image !== undefined));
  }

  private releaseDisks({ disks }: CachedSnapshot): void {
    disks.forEach((disk, i) => this.disks[i].release(disk));
  }

  private sum(of: (disk: TravelDisk) => number): number {
    return this.disks.reduce((all, disk) => all + of(disk), 0);
  }
}
