import type { IdleClock } from '../engine/recording/inputs/realtimeIdle.ts';

/**
 * Access to real time. The engine reads real time only through interfaces like this one and never bases a machine's
 * behavior on it.
 */
export interface WallClock {
  /** Milliseconds from an arbitrary start; monotonic. Used for progress, flush intervals and speeds. */
  monotonicMilliseconds(): number;
  /** Milliseconds since 1970, for dates shown to the user. */
  dateMilliseconds(): number;
}

export const wallClock: WallClock = {
  // Does not use performance.now(), because the first use of `performance` loads all of node:perf_hooks.
  monotonicMilliseconds: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
  dateMilliseconds: () => Date.now(),
};

// A shorter sleep would be dominated by the system's timer slack, so a wait that is shorter than this is added to the
// next sleep.
const SHORTEST_SLEEP_MS = 1;
// Short enough that the machine reacts to a pause request or a key press without a noticeable delay.
const LONGEST_SLEEP_MS = 50;

/**
 * Makes an idle machine wait in real time by sleeping on a shared-memory cell. Another thread ends the sleep with
 * `Atomics.store(cell, 0, 1); Atomics.notify(cell, 0)`. Short waits accumulate until they are long enough for a sleep.
 */
export class RealtimeIdleClock implements IdleClock {
  /**
   * Shared with the thread that wakes the sleeper: a nonzero value ends or prevents a sleep, until the woken thread
   * resets it to 0.
   */
  readonly cell: Int32Array<SharedArrayBuffer>;
  private readonly clock: WallClock;
  private pendingMs = 0;

  constructor(clock: WallClock = wallClock, cell = new Int32Array(new SharedArrayBuffer(4))) {
    this.clock = clock;
    this.cell = cell;
  }

  sleepUntil(nanosecondsToWake: number, beforeSleep: () => void = () => {}): number {
    const wantedMs = nanosecondsToWake / 1e6;
    const sliceMs = Math.min(wantedMs, LONGEST_SLEEP_MS);
    const owedMs = this.pendingMs + sliceMs;
    if (owedMs < SHORTEST_SLEEP_MS) {
      this.pendingMs = owedMs;
      return nanosecondsToWake;
    }
    beforeSleep();
    const start = this.clock.monotonicMilliseconds();
    const woken = Atomics.wait(this.cell, 0, 0, owedMs) !== 'timed-out';
    const sleptMs = this.clock.monotonicMilliseconds() - start;
    if (woken) {
      this.pendingMs = 0;
      return Math.min(Math.round(sleptMs * 1e6), nanosecondsToWake);
    }
    // If a sleep took too long, the next ones are shorter. The correction is limited, so that the machine does not
    // catch up in a burst.
    this.pendingMs = Math.max(owedMs - sleptMs, -LONGEST_SLEEP_MS);
    return sliceMs === wantedMs ? nanosecondsToWake : Math.round(sliceMs * 1e6);
  }
}
