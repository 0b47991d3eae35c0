import type { Position } from '../../base/quantities.ts';

/** The maximum number of ranges. Only a user who jumps back and forth very often reaches this limit. */
const RANGES_MAX = 1000;

/** The ranges of positions for which a logpoint has already printed its messages, in ascending order. */
export class PrintedRanges {
  private ranges: { start: Position; end: Position }[] = [];

  has(position: Position): boolean {
    return this.ranges.some(({ start, end }) => start <= position && position < end);
  }

  /** Whether a single range contains all positions from `from` up to, but not including, `to`. */
  covers(from: Position, to: Position): boolean {
    return from >= to || this.ranges.some(({ start, end }) => start <= from && to <= end);
  }

  /** Adds the positions from `from` up to, but not including, `to`. */
  add(from: Position, to: Position): void {
    if (from >= to) return;
    const apart = this.ranges.filter(({ start, end }) => end < from || start > to);
    const touching = this.ranges.filter(({ start, end }) => end >= from && start <= to);
    const start = Math.min(from, ...touching.map((range) => range.start));
    const end = Math.max(to, ...touching.map((range) => range.end));
    this.ranges = [...apart, { start, end }].sort((a, b) => a.start - b.start);
    // The messages of a dropped range may be printed a second time.
    if (this.ranges.length > RANGES_MAX) this.ranges.shift();
  }

  /** Removes `position` and all later positions, because the history from there has changed. */
  forgetFrom(position: Position): void {
    this.ranges = this.ranges.flatMap(({ start, end }) =>
      start >= position ? [] : [{ start, end: Math.min(end, position) }],
    );
  }
}
