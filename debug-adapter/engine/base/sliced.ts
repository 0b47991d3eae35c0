import { assert } from './assert.ts';

/**
 * A computation that may take long and can be divided into slices. It yields when it pauses, because `PauseSignal`
 * asked for it, or when it waits for a promise. Its caller need not know which: it passes everything on with `yield*`.
 * Whoever drives the outermost computation decides when it continues (by calling `next`), or drops it.
 */
export type Sliced<T> = Generator<Pending, T, undefined>;

/** Why a computation has yielded: it has paused, or it can continue when the promise is settled. */
export type Pending = typeof PAUSED | Promise<unknown>;

/** Yielded by a computation that has paused. */
export const PAUSED = 'paused';

/**
 * Tells the computations of one session when to pause. They check it several thousand times a second; the driver
 * decides the answer for each slice.
 */
export class PauseSignal {
  private wantsPause = never;
  private ignored = 0;

  /** Whether the current computation should pause now. A function, so that it can be passed to a run loop. */
  readonly isWanted = (): boolean => this.ignored === 0 && this.wantsPause();

  /** Executes a slice of a computation. It ends at the latest soon after `wantsPause` returns true. */
  resume<T>(computation: Sliced<T>, wantsPause: () => boolean): IteratorResult<Pending, T> {
    this.wantsPause = wantsPause;
    try {
      return computation.next();
    } finally {
      this.wantsPause = never;
    }
  }

  /** Executes a computation during which a pause would leave the machine in a state that must not be shown. */
  *ignoredBy<T>(computation: Sliced<T>): Sliced<T> {
    this.ignored++;
    try {
      return yield* computation;
    } finally {
      this.ignored--;
    }
  }
}

/** Executes a computation to its end. It must not wait for promises. */
export function complete<T>(computation: Sliced<T>): T {
  for (;;) {
    const { done, value } = computation.next();
    if (done) return value;
    assert(value === PAUSED, 'the computation waits for a promise');
  }
}

const never = (): boolean => false;
