import type { SnapshotPace } from '../base/host.ts';
import { SNAPSHOT_SPACE_BYTES_DEFAULT } from '../base/limits.ts';
import type { Position } from '../base/quantities.ts';
import { nextMultiple } from './snapshotSpacing.ts';

// 2^24 steps are replayed in 35 ms at 450 MIPS, so stepping back from the first stop feels instant.
const FIRST_SPACING = 1 << 24;
const NO_PACE: SnapshotPace = { isDue: () => true, recordTaken: () => {} };

/** The limits on the automatic snapshots of a recording. If one is exceeded, every other snapshot is deleted. */
export interface SnapshotBudget {
  /** The space that their machine states need in the overlay, in bytes. */
  bytes: number;
  snapshots: number;
}

/**
 * The default limits. With 1,000 snapshots, replaying from a snapshot to any position takes at most about a thousandth
 * of the recording's duration.
 */
export const SNAPSHOT_BUDGET: SnapshotBudget = { bytes: SNAPSHOT_SPACE_BYTES_DEFAULT, snapshots: 1000 };

/**
 * The default limits if there is no pace. Without a pace, nothing limits the time that snapshots take, and a snapshot
 * of a large guest can take 0.1 s.
 */
export const SNAPSHOT_BUDGET_WITHOUT_PACE: SnapshotBudget = { ...SNAPSHOT_BUDGET, snapshots: 31 };

interface Taken {
  position: Position;
  /** An upper bound on the space that is freed if this snapshot and all earlier ones are deleted. */
  bytes: number;
}

/**
 * Schedules automatic snapshots and digests at multiples of a spacing. The spacing doubles whenever the snapshots
 * exceed their budget. Snapshots that are not on a multiple of the new spacing are then dropped, except the latest one.
 * If a pace is given, snapshots that would take too much time are skipped. Without a pace, the schedule depends only on
 * positions and sizes.
 */
export class SnapshotSchedule {
  private spacing = FIRST_SPACING;
  private taken: Taken[] = [];
  private pace: SnapshotPace;
  private budget: SnapshotBudget;
  private stateBytesMax: number;
  /** Whether snapshots have been deleted because they used up the disk space. */
  isSpaceUsedUp = false;

  /** `stateBytesMax` is the size of a machine state that shares nothing with other snapshots. */
  constructor(options: { pace?: SnapshotPace; budget?: Partial<SnapshotBudget>; stateBytesMax: number }) {
    this.pace = options.pace ?? NO_PACE;
    this.budget = { ...(options.pace ? SNAPSHOT_BUDGET : SNAPSHOT_BUDGET_WITHOUT_PACE), ...options.budget };
    this.stateBytesMax = options.stateBytesMax;
  }

  /** The first scheduled position after `position`. */
  nextAfter(position: Position): Position {
    return nextMultiple(position, this.spacing);
  }

  /** Calls `take` if the pace allows a snapshot now. */
  takeIfDue(take: () => void): void {
    if (!this.pace.isDue()) return;
    take();
    this.pace.recordTaken();
  }

  /**
   * Records a snapshot that added `bytes` bytes of machine state to the overlay. Returns the positions of snapshots to
   * delete now.
   */
  recordTaken(position: Position, bytes: number): Position[] {
    this.taken.push({ position, bytes });
    const dropped: Position[] = [];
    while (this.isOverBudget()) {
      this.isSpaceUsedUp ||= this.isOverSpace();
      const before = this.taken.length;
      dropped.push(...this.doubleSpacing());
      // The budget is too small even for the latest snapshot.
      if (before <= 1) break;
    }
    return dropped;
  }

  get spaceBytes(): number {
    return this.budget.bytes;
  }

  private isOverBudget(): boolean {
    return this.isOverSpace() || this.taken.length > this.budget.snapshots;
  }

  private isOverSpace(): boolean {
    return this.taken.reduce((sum, { bytes }) => sum + bytes, 0) > this.budget.bytes;
  }

  private doubleSpacing(): Position[] {
    this.spacing *= 2;
    const kept: Taken[] = [];
    const dropped: Position[] = [];
    let bytes = 0;
    for (const [i, each] of this.taken.entries()) {
      // A snapshot that is kept needs the pages that it shared with the dropped snapshots before it.
      bytes = Math.min(bytes + each.bytes, this.stateBytesMax);
      if (each.position % this.spacing !== 0 && i < this.taken.length - 1) dropped.push(each.position);
      else {
        kept.push({ position: each.position, bytes });
        bytes = 0;
      }
    }
    this.taken = kept;
    return dropped;
  }
}
