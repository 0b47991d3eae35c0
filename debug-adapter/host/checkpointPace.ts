import type { CheckpointPace } from '../engine/base/host.ts';
import { type WallClock, wallClock } from './wallClock.ts';

// An automatic snapshot costs a few milliseconds including its files, so this spends one part in 40 of the time on
// them. For a guest that writes much of its memory, each costs more and they are rarer.
const PARTS = 40;
// The assumed cost of the first snapshot, whose code runs cold. One second of recording replays in at most a second,
// so a shorter recording needs no snapshot.
const COST_MS_AT_FIRST = 25;
/**
 * The assumed cost in interactive sessions. Lower, so that snapshots exist early on and the way back from the first
 * stop is short.
 */
export const COST_MS_AT_FIRST_WATCHED = 1.25;

/** Limits automatic snapshots to a small share of a recording's time, whatever they cost. */
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
