import { assert } from '../../base/assert.ts';
import type { Position } from '../../base/quantities.ts';

/** A hit: its position, and how many hits lie between it and the position at which the stop point was set. */
export interface CountedHit {
  position: Position;
  /** 0 for the first hit at or after the position at which the stop point was set, -1 for the last hit before it. */
  index: number;
}

/** The maximum number of hits whose positions are stored; about 32 KiB. */
const STORED_MAX = 2048;

/**
 * The number of a hit; numbers start at 1. Before the position at which the stop point was set, hits are counted
 * backward.
 */
export const numberOf = (index: number): number => (index >= 0 ? index + 1 : -index);

/**
 * The hits of one stop point, indexed by position, so that each hit is counted only once even if the machine goes back
 * and forth. The hits are known in a range of positions around the one at which the stop point was set. The positions
 * of only some of the hits are stored. For a position between two stored hits, counting restarts at the position that
 * `nearest` returns.
 */
export class HitCounts {
  /** All hits from `low` up to, but not including, `high` are known. */
  private low: CountedHit;
  private high: CountedHit;
  private stored: CountedHit[] = [];
  /** Every hit whose index is a multiple of this number is stored. */
  private spacing = 1;
  /**
   * The current position, and the index that a hit there has or would have. `hitAtCurrent` tells whether there is one.
   */
  private current: CountedHit;
  private hitAtCurrent = false;

  constructor(setAt: Position) {
    this.low = this.high = this.current = { position: setAt, index: 0 };
  }

  /** The known range of positions. */
  get range(): { low: Position; high: Position } {
    return { low: this.low.position, high: this.high.position };
  }

  /** The index that a hit at this position has or would have; undefined if it is not known. */
  indexAt(position: Position): number | undefined {
    if (this.current.position === position) return this.current.index;
    if (position < this.low.position || position > this.high.position) return undefined;
    const at = this.firstStoredFrom(position);
    const next = this.stored[at] ?? this.high;
    const previous = this.stored[at - 1];
    const least = previous ? previous.index + 1 : this.low.index;
    if (next.position === position || next.index === least) return next.index;
    if (previous ? previous.position + 1 === position : position === this.low.position) return least;
    return position === this.high.position ? this.high.index : undefined;
  }

  /** The number to show for the last hit at or before the position; undefined if it is not known. */
  numberAt(position: Position): number | undefined {
    const index = this.indexAt(position);
    if (index === undefined) return undefined;
    if (index < 0) return numberOf(index);
    return index + (this.current.position === position && this.hitAtCurrent ? 1 : 0);
  }

  /**
   * The last stored hit up to `position`, or the start of the known range: counting can restart there. `position` must
   * be in the known range.
   */
  nearest(position: Position): CountedHit {
    assert(position >= this.low.position, 'the position is in the known range');
    return this.stored[this.firstStoredFrom(position + 1) - 1] ?? this.low;
  }

  /** The position of a hit, if it is stored. */
  positionOf(index: number): Position | undefined {
    return this.stored.find((hit) => hit.index === index)?.position;
  }

  /** Like `nearest`, but for the index of a hit instead of a position. */
  nearestByIndex(index: number): CountedHit {
    return this.stored.findLast((hit) => hit.index <= index) ?? this.low;
  }

  /** The index of the last known hit that has an index below `before` and whose number satisfies `stops`. */
  lastStop(before: number, stops: (hit: number) => boolean): number | undefined {
    for (let index = before - 1; index >= this.low.index; index--) if (stops(numberOf(index))) return index;
    return undefined;
  }

  // --- counting --------------------------------------------------------------------------------------------------------

  /** Continues counting from a position with a known index. */
  startAt(position: Position, index = this.indexAt(position)): void {
    assert(index !== undefined, 'the index is known');
    if (this.current.position === position) return;
    this.current = { position, index };
    this.hitAtCurrent = false;
  }

  /** Records a hit, at or after the last one, and returns its index. Can be called several times for the same hit. */
  hitAt(position: Position): number {
    if (position !== this.current.position || !this.hitAtCurrent) {
      this.reached(position);
      this.hitAtCurrent = true;
    }
    return this.current.index;
  }

  /** Records that there are no further hits before this position. */
  reached(position: Position): void {
    if (position === this.current.position) return;
    const { current } = this;
    assert(position > current.position, 'counting goes forward');
    if (this.hitAtCurrent && current.position >= this.high.position) this.store(current);
    this.current = { position, index: current.index + (this.hitAtCurrent ? 1 : 0) };
    this.hitAtCurrent = false;
    if (current.position <= this.high.position && position > this.high.position) this.high = this.current;
  }

  /** Records, without counting, that there is no hit from `from` up to `to`. */
  skip(from: Position, to: Position): void {
    const index = this.indexAt(from);
    if (index === undefined) return;
    this.startAt(from, index);
    this.hitAtCurrent = false;
    this.reached(to);
  }

  /** Adds the hits in the range from `from` to the start of the known range. */
  prepend(from: Position, positions: readonly Position[]): void {
    const index = this.low.index - positions.length;
    positions.forEach((position, i) => this.store({ position, index: index + i }));
    this.stored.sort((a, b) => a.position - b.position);
    this.low = { position: from, index };
  }

  /** Forgets the hits at and after a position, because the history from there has changed. */
  forgetFrom(position: Position): void {
    if (position >= this.high.position) return;
    this.stored = this.stored.filter((hit) => hit.position < position);
    if (position <= this.low.position) {
      this.low = this.high = this.current = { position, index: 0 };
      this.stored = [];
    } else {
      const last = this.stored.at(-1);
      this.high = last ? { position: last.position + 1, index: last.index + 1 } : this.low;
      if (this.current.position > this.high.position) this.current = this.high;
    }
    this.hitAtCurrent = false;
  }

  private store(hit: CountedHit): void {
    if (hit.index % this.spacing !== 0) return;
    this.stored.push(hit);
    if (this.stored.length <= STORED_MAX) return;
    this.spacing *= 2;
    this.stored = this.stored.filter(({ index }) => index % this.spacing === 0);
  }

  /** The number of stored hits before a position. */
  private firstStoredFrom(position: Position): number {
    let [low, high] = [0, this.stored.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.stored[middle].position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
