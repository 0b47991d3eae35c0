import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import { RamImageBytes } from './ramImageBytes.ts';
import type { RamImage } from './ramImages.ts';
import { stateBytes } from './stateBytes.ts';
import type { TravelBudget } from './travelBudget.ts';
import type { DiskMoment } from './travelDisk.ts';

/**
 * Snapshots in memory: near where the user looks, so that the next step back is instant. Kept within a budget, always:
 * charged is what is in memory for them alone, each page once and as long as one of them refers to it. Over it, the one
 * is dropped that is missed least: whose neighbours are near, compared with how far away it is. Not charged are the
 * pictures in use, which are in memory whether or not there are snapshots: RAM as it was last, the present that waits,
 * what an overlay has. The first snapshot is never dropped, and its picture is in use.
 */
export interface MemorySnapshot {
  position: Position;
  state: State;
  image: RamImage;
  disks: DiskMoment[];
}

/** What a snapshot keeps of the disks, and costs besides memory. */
export interface SnapshotDisks {
  /** The maps of what is shown and what is captured. */
  mapBytes(): number;
  /** What is in scratch files for captured states alone, if that is more than `limit`. */
  exceedsScratch(limit: number): boolean;
  release(snapshot: MemorySnapshot): void;
}

export class MemorySnapshots {
  private kept: MemorySnapshot[] = [];
  private budget: TravelBudget;
  private disks: SnapshotDisks;
  private inUse: readonly RamImage[] = [];
  /** Of these, what the first snapshot is not. */
  private elsewhere: readonly RamImage[] = [];
  /** What is in memory, and the part of it that is in use anyway. */
  private all = new RamImageBytes();
  private used = new RamImageBytes();
  private states = new Map<MemorySnapshot, number>();
  private statesBytes = 0;
  /** Where the user looks: where the last one was added. */
  private near: Position = 0;

  constructor(budget: TravelBudget, disks: SnapshotDisks) {
    this.budget = budget;
    this.disks = disks;
  }

  /** What is charged. */
  get bytes(): number {
    return this.all.bytes - this.used.bytes + this.statesBytes + this.disks.mapBytes();
  }

  get count(): number {
    return this.kept.length;
  }

  /** The last one at or before a position. */
  latestUpTo(position: Position): MemorySnapshot | undefined {
    return this.kept.findLast((snapshot) => snapshot.position <= position);
  }

  first(): MemorySnapshot | undefined {
    return this.kept[0];
  }

  has(position: Position): boolean {
    return this.kept.some((snapshot) => snapshot.position === position);
  }

  /** Takes it over: it is released when it is dropped, which is now where there is one of its position already. */
  add(snapshot: MemorySnapshot): void {
    if (this.has(snapshot.position)) return this.disks.release(snapshot);
    const at = this.kept.findIndex((other) => other.position > snapshot.position);
    this.kept.splice(at < 0 ? this.kept.length : at, 0, snapshot);
    this.near = snapshot.position;
    const bytes = stateBytes(snapshot.state);
    this.states.set(snapshot, bytes);
    this.statesBytes += bytes;
    this.all.hold(snapshot.image);
    this.use(this.elsewhere);
  }

  /** Pictures that are in memory now, whether or not a snapshot has them. */
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

  /** Drops what is based on overlay snapshots of these names. */
  forget(names: readonly string[]): void {
    const goes = ({ disks }: MemorySnapshot) =>
      disks.some(({ snapshot: name }) => name !== undefined && names.includes(name));
    for (const snapshot of this.kept.filter(goes)) this.drop(snapshot);
  }

  /** An overlay snapshot that some are based on has another name now. */
  renamed(from: string, to: string): void {
    for (const { disks } of this.kept) {
      for (const disk of disks) if (disk.snapshot === from) disk.snapshot = to;
    }
  }

  /** After what may have made the disks' maps larger. */
  keepWithin(): void {
    while (this.kept.length > 1 && this.isOverBudget()) this.drop(this.leastMissed());
  }

  private isOverBudget(): boolean {
    const { memoryBytes, scratchBytes, snapshots } = this.budget;
    return this.kept.length > snapshots || this.bytes > memoryBytes || this.disks.exceedsScratch(scratchBytes);
  }

  /** The first one is where everything can start from. */
  private leastMissed(): MemorySnapshot {
    let least = this.kept.length - 1;
    let leastMissed = Infinity;
    for (let i = 1; i < this.kept.length; i++) {
      const { position } = this.kept[i];
      const before = this.kept[i - 1].position;
      // After the last one it is as far again to where the user may go.
      const after = this.kept[i + 1]?.position ?? 2 * position - before;
      const missed = (after - before) / (Math.abs(position - this.near) + 1);
      if (missed < leastMissed) [least, leastMissed] = [i, missed];
    }
    return this.kept[least];
  }

  private drop(snapshot: MemorySnapshot): void {
    this.kept.splice(this.kept.indexOf(snapshot), 1);
    this.statesBytes -= this.states.get(snapshot)!;
    this.states.delete(snapshot);
    this.all.release(snapshot.image);
    this.disks.release(snapshot);
  }
}
