import type { CheckpointPace } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';

/**
 * When a recording takes automatic snapshots and digests: at multiples of a spacing that doubles whenever too many are
 * kept, so that a long recording has few and a short one has some. The ones between the wider multiples are dropped.
 * A pace leaves some out where they would cost too much of the machine's time; without one the positions depend on
 * nothing but positions.
 */

// 2^24 steps replay in 35 ms at 450 MIPS: the first snapshots are near enough for an instant step back.
const FIRST_SPACING = 1 << 24;
// Each costs its dirty pages in the overlay; 32 of them bound what a long recording keeps.
const KEPT_MAX = 32;
const ALWAYS: CheckpointPace = { isDue: () => true, taken: () => {} };

export class Checkpoints {
  private spacing = FIRST_SPACING;
  private kept: Position[] = [];
  private pace: CheckpointPace;

  constructor(pace: CheckpointPace = ALWAYS) {
    this.pace = pace;
  }

  /** The first one after a position. */
  nextAfter(position: Position): Position {
    return (Math.floor(position / this.spacing) + 1) * this.spacing;
  }

  /** Has one taken where it is due. */
  take(take: () => void): void {
    if (!this.pace.isDue()) return;
    take();
    this.pace.taken();
  }

  /** One was taken; returns those to drop now. */
  taken(position: Position): Position[] {
    this.kept.push(position);
    if (this.kept.length < KEPT_MAX) return [];
    this.spacing *= 2;
    const dropped = this.kept.filter((kept) => kept % this.spacing !== 0);
    this.kept = this.kept.filter((kept) => kept % this.spacing === 0);
    return dropped;
  }
}
