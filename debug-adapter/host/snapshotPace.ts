import type { SnapshotPace } from '../engine/base/host.ts';
import { type WallClock, wallClock } from './wallClock.ts';

// All snapshots together may take about a fortieth of a recording's time. A snapshot usually takes a few milliseconds.
// If the guest writes to much of its memory, each snapshot costs more, so there are fewer of them.
const TIME_DIVISOR = 40;
/** The divisor for each kind of snapshot if automatic and cached snapshots share that time. */
const SHARED_DIVISOR = 2 * TIME_DIVISOR;
// The assumed cost of the first snapshot, which is slow because V8 has not optimized its code yet. With this value, the
// first snapshot is due after one second (25 ms x 40). A shorter recording replays in at most a second and does not
// need a snapshot.
const INITIAL_COST_MS = 25;
/**
 * The assumed cost of the first snapshot in interactive sessions. It is lower than `INITIAL_COST_MS`, so that the first
 * snapshots are taken early and a user can go back quickly from the first stop.
 */
const INITIAL_COST_MS_INTERACTIVE = 0.6;

/** Limits automatic snapshots to a small share of a recording's time, regardless of the cost of each snapshot. */
export class TimedPace implements SnapshotPace {
  private clock: WallClock;
  private divisor: number;
  private startedAt: number;
  private dueAt: number;

  constructor({
    clock = wallClock,
    costAtFirstMs = INITIAL_COST_MS,
    divisor = TIME_DIVISOR,
  }: { clock?: WallClock; costAtFirstMs?: number; divisor?: number } = {}) {
    this.clock = clock;
    this.divisor = divisor;
    this.startedAt = clock.monotonicMilliseconds();
    this.dueAt = this.startedAt + costAtFirstMs * divisor;
  }

  isDue(): boolean {
    this.startedAt = this.clock.monotonicMilliseconds();
    return this.startedAt >= this.dueAt;
  }

  recordTaken(): void {
    const now = this.clock.monotonicMilliseconds();
    this.dueAt = now + (now - this.startedAt) * this.divisor;
  }
}

/** The paces of an interactive session, in which a user may go back at any time. */
export const interactivePaces = (clock = wallClock): { pace: SnapshotPace; cachePace: SnapshotPace } => {
  const options = { clock, costAtFirstMs: INITIAL_COST_MS_INTERACTIVE, divisor: SHARED_DIVISOR };
  return {
    pace: new TimedPace(options),
    cachePace: new TimedPace(options),
  };
};
