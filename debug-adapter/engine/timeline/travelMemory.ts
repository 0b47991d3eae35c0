import { type MemorySnapshot, MemorySnapshots } from './memorySnapshots.ts';
import type { RamImage } from './ramImages.ts';
import type { TravelBudget } from './travelBudget.ts';
import type { TravelDisk } from './travelDisk.ts';

/**
 * What looking back keeps in memory and in scratch files: the cached snapshots, and those that a search holds until it
 * ends. Tells the cache which pictures of RAM are in memory anyway.
 */
export class TravelMemory {
  readonly cache: MemorySnapshots;
  private disks: readonly TravelDisk[];
  private images: () => readonly (RamImage | undefined)[];
  private held = new Set<MemorySnapshot>();

  /** `images` are the pictures in use besides those of held snapshots. */
  constructor(options: {
    disks: readonly TravelDisk[];
    budget: TravelBudget;
    images: () => readonly (RamImage | undefined)[];
  }) {
    this.disks = options.disks;
    this.images = options.images;
    this.cache = new MemorySnapshots(options.budget, {
      mapBytes: () => this.sum((disk) => disk.mapBytes),
      exceedsScratch: (limit) =>
        this.sum((disk) => disk.scratchBytes) > limit && this.sum((disk) => disk.capturedScratchBytes()) > limit,
      release: (snapshot) => this.releaseDisks(snapshot),
    });
  }

  /** What is charged now. */
  get cost(): TravelBudget {
    const { bytes, count } = this.cache;
    return { memoryBytes: bytes, scratchBytes: this.sum((disk) => disk.scratchBytes), snapshots: count };
  }

  /** A snapshot that is not the cache's to drop. */
  hold(snapshot: MemorySnapshot): MemorySnapshot {
    this.held.add(snapshot);
    this.charge();
    return snapshot;
  }

  release(snapshot: MemorySnapshot): void {
    this.held.delete(snapshot);
    this.releaseDisks(snapshot);
    this.charge();
  }

  releaseHeld(): void {
    for (const snapshot of this.held) this.releaseDisks(snapshot);
    this.held.clear();
    this.charge();
  }

  /** After each change of what is in memory besides the cache. */
  charge(): void {
    const images = [...this.images(), ...[...this.held].map(({ image }) => image)];
    this.cache.use(images.filter((image) => image !== undefined));
  }

  private releaseDisks({ disks }: MemorySnapshot): void {
    disks.forEach((disk, i) => this.disks[i].release(disk));
  }

  private sum(of: (disk: TravelDisk) => number): number {
    return this.disks.reduce((all, disk) => all + of(disk), 0);
  }
}
