import type { SnapshotPace } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';

// 2^24 steps are replayed in 35 ms at 450 MIPS, so stepping back from the first stop feels instant.
const FIRST_SPACING = 1 << 24;
// Each automatic snapshot stores its dirty pages in the overlay. Keeping at most 32 of them limits the disk space that
// a long recording uses.
const SNAPSHOTS_MAX = 32;
const NO_PACE: SnapshotPace = { isDue: () => true, recordTaken: () => {} };

/**
 * Schedules automatic snapshots and digests at multiples of a spacing. The spacing doubles whenever there are too many
 * snapshots, so that even a long recording has few of them and a short one has some. Snapshots that are not on a
 * multiple of the new spacing are dropped. If a pace is given, snapshots that would take too much time are skipped.
 * Without a pace, the schedule depends only on positions.
 */
export class SnapshotSchedule {
  private spacing = FIRST_SPACING;
  private positions: Position[] = [];
  private pace: SnapshotPace;

  constructor(pace: SnapshotPace = NO_PACE) {
    this.pace = pace;
  }

  /** The first scheduled position after `position`. */
  nextAfter(position: Position): Position {
    return (Math.floor(position / this.spacing) + 1) * this.spacing;
  }

  /** Calls `take` if the pace permits a snapshot now. */
  takeIfDue(take: () => void): void {
    if (!this.pace.isDue()) return;
    take();
    this.pace.recordTaken();
  }

  /** Records a snapshot; returns the positions of snapshots to delete now. */
  recordTaken(position: Position): Position[] {
    this.positions.push(position);
    if (this.positions.length < SNAPSHOTS_MAX) return [];
    this.spacing *= 2;
    const dropped = this.positions.filter((each) => each % this.spacing !== 0);
    this.positions = this.positions.filter((each) => each % this.spacing === 0);
    return dropped;
  }
}
