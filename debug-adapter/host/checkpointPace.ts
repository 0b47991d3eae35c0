import type { CheckpointPace } from '../engine/base/host.ts';
import { type WallClock, wallClock } from './wallClock.ts';

// An automatic snapshot costs some milliseconds, files included: with it one part in 40 of the time goes into them, and
// where a guest writes much of its memory they come seldom by themselves.
const PARTS = 40;
// Before the first is measured: what it runs through is cold then. A second is replayed in no more than that, so a shorter
// recording needs none.
const COST_MS_AT_FIRST = 25;
/** The same for who looks on: snapshots are there to go to from early on, and the way back from the first stop is short. */
export const COST_MS_AT_FIRST_WATCHED = 1.25;

/** Lets automatic snapshots have a small part of a recording's time, whatever they cost. */
export class TimedPace implements CheckpointPace {
  #clock: WallClock;
  #begunAt: number;
  #dueAt: number;

  constructor({
    clock = wallClock,
    costAtFirstMs = COST_MS_AT_FIRST,
  }: { clock?: WallClock; costAtFirstMs?: number } = {}) {
    this.#clock = clock;
    this.#begunAt = clock.monotonicMilliseconds();
    this.#dueAt = this.#begunAt + costAtFirstMs * PARTS;
  }

  isDue(): boolean {
    this.#begunAt = this.#clock.monotonicMilliseconds();
    return this.#begunAt >= this.#dueAt;
  }

  taken(): void {
    const now = this.#clock.monotonicMilliseconds();
    this.#dueAt = now + (now - this.#begunAt) * PARTS;
  }
}
