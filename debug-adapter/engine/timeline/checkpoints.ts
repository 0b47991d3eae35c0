import type { Position } from '../base/quantities.ts';

/**
 * When a recording takes automatic snapshots and digests: at multiples of a spacing that doubles whenever too many are
 * kept, so that a long recording has few, a short one has some, and the positions depend on nothing but positions. The
 * ones between the wider multiples are dropped.
 */
// 2^24 steps replay in 35 ms at 450 MIPS: the first snapshots are near enough for an instant step back.
const FIRST_SPACING = 1 << 24;
// Each costs its dirty pages in the overlay; 32 of them bound what a long recording keeps.
const KEPT_MAX = 32;

export class Checkpoints {
  private spacing = FIRST_SPACING;
  private kept: Position[] = [];

  /** The first one after a position. */
  nextAfter(position: Position): Position {
    return (Math.floor(position / this.spacing) + 1) * this.spacing;
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
