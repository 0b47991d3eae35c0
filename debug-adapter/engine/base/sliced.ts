import { assert } from './assert.ts';

/**
 * A computation that may take a long time and can be divided into slices. It yields either to pause, if `PauseSignal`
 * requests this, or to wait for a promise. A caller need not distinguish the two cases, because it forwards everything
 * with `yield*`. The code that drives the outermost computation either continues it later (by calling `next`) or drops
 * it.
 */
export type Sliced<T> = Generator<Pending, T, undefined>;

/** Why a computation has yielded: it has paused, or it is waiting for a promise to settle. */
export type Pending = typeof PAUSED | Promise<unknown>;

/** Yielded by a computation that has paused. */
export const PAUSED = 'paused';

/**
 * Tells the computations of one session when to pause. A computation checks the signal several thousand times a second.
 * For each slice, the code that drives the computation passes the condition for pausing to `resume`.
 */
export class PauseSignal {
  private wantsPause = never;
  private ignored = 0;

  /** Whether the current computation should pause now. This is a function so that it can be passed to a run loop. */
  readonly isWanted = (): boolean => this.ignored === 0 && this.wantsPause();

  /** Pauses the computation if a pause is requested. Called between the parts of a computation. */
  *point(): Sliced<void> {
    if (this.isWanted()) yield PAUSED;
  }

  /**
   * Executes a slice of a computation. The slice ends soon after `wantsPause` returns true, or earlier if the
   * computation finishes or waits for a promise.
   */
  resume<T>(computation: Sliced<T>, wantsPause: () => boolean): IteratorResult<Pending, T> {
    this.wantsPause = wantsPause;
    try {
      return computation.next();
    } finally {
      this.wantsPause = never;
    }
  }

  /** Executes a computation that must not pause, because it passes through machine states that must not be shown. */
  *ignoredBy<T>(computation: Sliced<T>): Sliced<T> {
    this.ignored++;
    try {
      return yield* computation;
    } finally {
      this.ignored--;
    }
  }
}

/** Runs a computation to completion. The computation must not wait for promises. */
export function complete<T>(computation: Sliced<T>): T {
  for (;;) {
    const { done, value } = computation.next();
    if (done) return value;
    assert(value === PAUSED, 'the computation waits for a promise');
  }
}

const never = (): boolean => false;
