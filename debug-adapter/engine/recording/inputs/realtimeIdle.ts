import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';
import type { InputSource } from './inputSource.ts';

/** Real time for `idle: realtime`, implemented by the host. */
export interface IdleClock {
  /**
   * Called while every hart waits and the machine would wake in `nanosecondsToWake` (finite, more than 0). Sleeps, and
   * returns how many nanoseconds the machine's clock is to move: `nanosecondsToWake` when all of it has passed, fewer
   * when something else wants to be looked at first. `beforeSleep` is called if it comes to a sleep at all.
   */
  sleepUntil(nanosecondsToWake: number, beforeSleep: () => void): number;
}

// Of virtual time at a go, when only a key can end the wait.
const WAIT_FOR_KEY_NANOSECONDS = 50_000_000;

/**
 * Makes an idle machine wait for real time. Where the whole wait has passed, the machine's own deterministic idle step
 * does it and nothing needs to be recorded; only a wait that was cut short becomes a clock jump. Where somebody may type,
 * a machine that nothing else will ever wake waits on while its UART listens.
 */
export class RealtimeIdle implements InputSource {
  readonly #clock: IdleClock;
  readonly #waitsForKeys: boolean;
  readonly #beforeSleep: () => void;

  /** `beforeSleep` shows what would else wait until the machine wakes: the echo of a key, say. */
  constructor(clock: IdleClock, options: { waitsForKeys?: boolean; beforeSleep?: () => void } = {}) {
    this.#clock = clock;
    this.#waitsForKeys = options.waitsForKeys ?? false;
    this.#beforeSleep = options.beforeSleep ?? (() => {});
  }

  nextPosition(): Position {
    return Infinity;
  }

  take(status: InputStatus): OutsideEvent | undefined {
    const toWake = status.wakeNanoseconds - status.nanoseconds;
    if (!status.idle || !(toWake > 0)) return undefined;
    if (toWake === Infinity) return this.#waitForKey(status);
    const slept = Math.floor(this.#clock.sleepUntil(toWake, this.#beforeSleep));
    return slept >= toWake ? undefined : { kind: 'clockJump', nanoseconds: Math.max(1, slept) };
  }

  #waitForKey({ consoleReadyNanoseconds }: InputStatus): OutsideEvent | undefined {
    if (!this.#waitsForKeys || consoleReadyNanoseconds === Infinity) return undefined;
    const slept = Math.floor(this.#clock.sleepUntil(WAIT_FOR_KEY_NANOSECONDS, this.#beforeSleep));
    return { kind: 'clockJump', nanoseconds: Math.max(1, slept) };
  }
}
