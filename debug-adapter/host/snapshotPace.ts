import type { SnapshotPace } from '../engine/base/host.ts';
import { type WallClock, wallClock } from './wallClock.ts';

// Automatic snapshots may take about one fortieth of a recording's time. A snapshot usually takes a few milliseconds,
// including file access. If the guest writes much of its memory, each snapshot costs more, so there are fewer of them.
const TIME_DIVISOR = 40;
// The assumed cost of the first snapshot, which is slow because V8 has not optimized its code yet. With this value, the
// first snapshot is due after one second (25 ms x 40). A shorter recording replays in at most a second and does not
// need a snapshot.
const INITIAL_COST_MS = 25;
/**
 * The assumed cost of the first snapshot in interactive sessions. It is lower than `INITIAL_COST_MS`, so that the first
 * snapshots are taken early and a user can go back quickly from the first stop.
 */
export const INITIAL_COST_MS_INTERACTIVE = 1.25;

/** Limits automatic snapshots to a small share of a recording's time, regardless of the cost of each snapshot. */
export class TimedPace implements SnapshotPace {
  private clock: WallClock;
  private startedAt: number;
  private dueAt: number;

  constructor({
    clock = wallClock,
    costAtFirstMs = INITIAL_COST_MS,
  }: { clock?: WallClock; costAtFirstMs?: number } = {}) {
    this.clock = clock;
    this.startedAt = clock.monotonicMilliseconds();
    this.dueAt = this.startedAt + costAtFirstMs * TIME_DIVISOR;
  }

  isDue(): boolean {
    this.startedAt = this.clock.monotonicMilliseconds();
    return this.startedAt >= this.dueAt;
  }

  recordTaken(): void {
    const now = this.clock.monotonicMilliseconds();
    this.dueAt = now + (now - this.startedAt) * TIME_DIVISOR;
  }
}
