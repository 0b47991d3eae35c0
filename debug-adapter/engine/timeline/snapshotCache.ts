import type { Position } from '../base/quantities.ts';
import { RamSnapshotBytes } from './ramSnapshotBytes.ts';
import type { RamSnapshot } from './ramSnapshots.ts';
import type { SavedState } from './savedState.ts';
import type { SnapshotId } from './snapshotInfo.ts';
import type { TravelBudget } from './travelBudget.ts';
import type { DiskState } from './travelDisk.ts';

export interface CachedSnapshot {
  position: Position;
  state: SavedState;
  ram: RamSnapshot;
  disks: DiskState[];
}

/** Releases the disk states of cached snapshots and reports the memory and scratch files that they use. */
export interface DiskStates {
  /** The memory used by the block maps of the current and the captured disk states, in bytes. */
  mapBytes(): number;
  /** Whether captured states alone use more than `limit` bytes of the scratch files. */
  scratchExceeds(limit: number): boolean;
  release(snapshot: CachedSnapshot): void;
}

/**
 * The cached snapshots. Most of them are near the user's position, so that the next step back is instant. Their cost
 * always stays within a budget. The cost is the memory that only cached snapshots use; a page to which several
 * snapshots refer is counted once. RAM pages that are in memory anyway are not counted: those last captured or
 * restored, those of the live end while the machine is in its history, and those of the last snapshot written. When the
 * budget is exceeded, the least useful snapshot is dropped: the one whose neighbors are closest together relative to
 * its distance from the user's position. The first snapshot is never dropped, and its pages are not counted.
 */
export class SnapshotCache {
  private kept: CachedSnapshot[] = [];
  private budget: TravelBudget;
  private disks: DiskStates;
  private inUse: readonly RamSnapshot[] = [];
  /** Like `inUse`, but without the RAM pages of the first snapshot. */
  private ramInUse: readonly RamSnapshot[] = [];
  /** All pages in memory, and the pages that are not charged to the budget. */
  private allPages = new RamSnapshotBytes();
  private freePages = new RamSnapshotBytes();
  private statesBytes = 0;
  /** The user's position, which is the position of the snapshot that was added last. */
  private userPosition: Position = 0;

  constructor(budget: TravelBudget, disks: DiskStates) {
    this.budget = budget;
    this.disks = disks;
  }

  /** The memory charged to the budget, in bytes. */
  get bytes(): number {
    return this.allPages.bytes - this.freePages.bytes + this.statesBytes + this.disks.mapBytes();
  }

  get count(): number {
    return this.kept.length;
  }

  /** The last snapshot at or before a position. */
  latestUpTo(position: Position): CachedSnapshot | undefined {
    return this.kept.findLast((snapshot) => snapshot.position <= position);
  }

  first(): CachedSnapshot | undefined {
    return this.kept[0];
  }

  has(position: Position): boolean {
    return this.kept.some((snapshot) => snapshot.position === position);
  }

  /**
   * Takes ownership of a snapshot; releases it when it is dropped, or immediately if the cache already has a snapshot
   * at this position.
   */
  add(snapshot: CachedSnapshot): void {
    if (this.has(snapshot.position)) return this.disks.release(snapshot);
    const at = this.kept.findIndex((other) => other.position > snapshot.position);
    this.kept.splice(at < 0 ? this.kept.length : at, 0, snapshot);
    this.userPosition = snapshot.position;
    this.statesBytes += snapshot.state.pack().packedBytes;
    this.allPages.hold(snapshot.ram);
    this.setRamInUse(this.ramInUse);
  }

  /** Sets the RAM pages that are in memory anyway, and are therefore not charged. */
  setRamInUse(images: readonly RamSnapshot[]): void {
    const before = this.inUse;
    this.ramInUse = images;
    this.inUse = this.kept.length > 0 ? [...images, this.kept[0].ram] : images;
    for (const image of this.inUse) {
      this.allPages.hold(image);
      this.freePages.hold(image);
    }
    for (const image of before) {
      this.allPages.release(image);
      this.freePages.release(image);
    }
    this.enforceBudget();
  }

  /** Drops the snapshots whose disk states are based on these overlay snapshots. */
  forget(ids: readonly SnapshotId[]): void {
    const isBasedOnDeleted = ({ disks }: CachedSnapshot) =>
      disks.some(({ snapshot }) => snapshot !== undefined && ids.includes(snapshot));
    for (const snapshot of this.kept.filter(isBasedOnDeleted)) this.drop(snapshot);
  }

  /** Call this after operations that may have enlarged the disks' block maps. */
  enforceBudget(): void {
    while (this.kept.length > 1 && this.isOverBudget()) this.drop(this.leastUseful());
  }

  private isOverBudget(): boolean {
    const { memoryBytes, scratchBytes, snapshots } = this.budget;
    return this.kept.length > snapshots || this.bytes > memoryBytes || this.disks.scratchExceeds(scratchBytes);
  }

  /** Never returns the first snapshot, because every position can be reached from it. */
  private leastUseful(): CachedSnapshot {
    let least = this.kept.length - 1;
    let leastUseful = Infinity;
    for (let i = 1; i < this.kept.length; i++) {
      const { position } = this.kept[i];
      const before = this.kept[i - 1].position;
      // For the last snapshot, assume that the next one would be as far away as the previous one.
      const after = this.kept[i + 1]?.position ?? 2 * position - before;
      const usefulness = (after - before) / (Math.abs(position - this.userPosition) + 1);
      if (usefulness < leastUseful) [least, leastUseful] = [i, usefulness];
    }
    return this.kept[least];
  }

  private drop(snapshot: CachedSnapshot): void {
    this.kept.splice(this.kept.indexOf(snapshot), 1);
    this.statesBytes -= snapshot.state.packedBytes;
    this.allPages.release(snapshot.ram);
    this.disks.release(snapshot);
  }
}
