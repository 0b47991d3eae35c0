import type { Position } from '../base/quantities.ts';
import { RamImageBytes } from './ramImageBytes.ts';
import type { RamImage } from './ramImages.ts';
import type { SavedState } from './savedState.ts';
import type { TravelBudget } from './travelBudget.ts';
import type { DiskMoment } from './travelDisk.ts';

export interface MemorySnapshot {
  position: Position;
  state: SavedState;
  image: RamImage;
  disks: DiskMoment[];
}

/** The disk states of cached snapshots, and their costs besides memory. */
export interface SnapshotDisks {
  /** The memory used by the maps of current and captured disk states. */
  mapBytes(): number;
  /** Whether captured states alone use more than `limit` bytes of the scratch files. */
  exceedsScratch(limit: number): boolean;
  release(snapshot: MemorySnapshot): void;
}

/**
 * The cached snapshots, near the user's position, so that the next step back is instant. Their cost always stays
 * within a budget. It consists of the memory that only they use, each page counted once while a snapshot refers to
 * it. RAM pages that are in memory anyway are not counted: those last captured or restored, those of the live end
 * while the history is visited, and those of the last snapshot written. When over budget, the snapshot is dropped
 * whose loss costs least: its neighbours are close, relative to its distance from the user's position. The first
 * snapshot is never dropped, and its pages are not counted.
 */
export class MemorySnapshots {
  private kept: MemorySnapshot[] = [];
  private budget: TravelBudget;
  private disks: SnapshotDisks;
  private inUse: readonly RamImage[] = [];
  /** The part of `inUse` that excludes the first snapshot. */
  private elsewhere: readonly RamImage[] = [];
  /** All pages in memory, and those of them that are not charged. */
  private all = new RamImageBytes();
  private used = new RamImageBytes();
  private statesBytes = 0;
  /** The user's position: that of the last snapshot added. */
  private near: Position = 0;

  constructor(budget: TravelBudget, disks: SnapshotDisks) {
    this.budget = budget;
    this.disks = disks;
  }

  /** The memory charged to the budget, in bytes. */
  get bytes(): number {
    return this.all.bytes - this.used.bytes + this.statesBytes + this.disks.mapBytes();
  }

  get count(): number {
    return this.kept.length;
  }

  /** The last snapshot at or before a position. */
  latestUpTo(position: Position): MemorySnapshot | undefined {
    return this.kept.findLast((snapshot) => snapshot.position <= position);
  }

  first(): MemorySnapshot | undefined {
    return this.kept[0];
  }

  has(position: Position): boolean {
    return this.kept.some((snapshot) => snapshot.position === position);
  }

  /** Takes ownership of a snapshot; releases it when it is dropped, or immediately if the position already has one. */
  add(snapshot: MemorySnapshot): void {
    if (this.has(snapshot.position)) return this.disks.release(snapshot);
    const at = this.kept.findIndex((other) => other.position > snapshot.position);
    this.kept.splice(at < 0 ? this.kept.length : at, 0, snapshot);
    this.near = snapshot.position;
    this.statesBytes += snapshot.state.pack().packedBytes;
    this.all.hold(snapshot.image);
    this.use(this.elsewhere);
  }

  /** Sets the RAM pages that are in memory anyway, and are therefore not charged. */
  use(images: readonly RamImage[]): void {
    const before = this.inUse;
    this.elsewhere = images;
    this.inUse = this.kept.length > 0 ? [...images, this.kept[0].image] : images;
    for (const image of this.inUse) {
      this.all.hold(image);
      this.used.hold(image);
    }
    for (const image of before) {
      this.all.release(image);
      this.used.release(image);
    }
    this.keepWithin();
  }

  /** Drops the snapshots whose disk states are based on overlay snapshots with these names. */
  forget(names: readonly string[]): void {
    const goes = ({ disks }: MemorySnapshot) =>
      disks.some(({ snapshot: name }) => name !== undefined && names.includes(name));
    for (const snapshot of this.kept.filter(goes)) this.drop(snapshot);
  }

  /** Records the new name of an overlay snapshot on which disk states are based. */
  renamed(from: string, to: string): void {
    for (const { disks } of this.kept) {
      for (const disk of disks) if (disk.snapshot === from) disk.snapshot = to;
    }
  }

  /** Call this after operations that may have enlarged the maps of the disks. */
  keepWithin(): void {
    while (this.kept.length > 1 && this.isOverBudget()) this.drop(this.leastMissed());
  }

  private isOverBudget(): boolean {
    const { memoryBytes, scratchBytes, snapshots } = this.budget;
    return this.kept.length > snapshots || this.bytes > memoryBytes || this.disks.exceedsScratch(scratchBytes);
  }

  /** Never the first snapshot, from which every position can be reached. */
  private leastMissed(): MemorySnapshot {
    let least = this.kept.length - 1;
    let leastMissed = Infinity;
    for (let i = 1; i < this.kept.length; i++) {
      const { position } = this.kept[i];
      const before = this.kept[i - 1].position;
      // After the last snapshot, assumes an equal distance to where the user may go.
      const after = this.kept[i + 1]?.position ?? 2 * position - before;
      const missed = (after - before) / (Math.abs(position - this.near) + 1);
      if (missed < leastMissed) [least, leastMissed] = [i, missed];
    }
    return this.kept[least];
  }

  private drop(snapshot: MemorySnapshot): void {
    this.kept.splice(this.kept.indexOf(snapshot), 1);
    this.statesBytes -= snapshot.state.packedBytes;
    this.all.release(snapshot.image);
    this.disks.release(snapshot);
  }
}
