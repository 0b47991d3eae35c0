import type { SnapshotPace } from '../engine/base/host.ts';
import { type WallClock, wallClock } from './wallClock.ts';

// An automatic snapshot costs a few milliseconds including its files, so this spends one part in 40 of the time on
// them. For a guest that writes much of its memory, each costs more and they are rarer.
const TIME_DIVISOR = 40;
// The assumed cost of the first snapshot, whose code runs cold. One second of recording replays in at most a second,
// so a shorter recording needs no snapshot.
const INITIAL_COST_MS = 25;
/**
 * The assumed cost in interactive sessions. Lower, so that snapshots exist early on and the way back from the first
 * stop is short.
 */
export const INITIAL_COST_MS_INTERACTIVE = 1.25;

/** Limits automatic snapshots to a small share of a recording's time, however much each one costs. */
export class TimedPace implements SnapshotPace {
  private clock: WallClock;
  private stepStartAt: number;
  private dueAt: number;

  constructor({
    clock = wallClock,
    costAtFirstMs = INITIAL_COST_MS,
  }: { clock?: WallClock; costAtFirstMs?: number } = {}) {
    this.clock = clock;
    this.stepStartAt = clock.monotonicMilliseconds();
    this.dueAt = this.stepStartAt + costAtFirstMs * TIME_DIVISOR;
  }

  isDue(): boolean {
    this.stepStartAt = this.clock.monotonicMilliseconds();
    return this.stepStartAt >= this.dueAt;
  }

  recordTaken(): void {
    const now = this.clock.monotonicMilliseconds();
    this.dueAt = now + (now - this.stepStartAt) * TIME_DIVISOR;
  }
}
