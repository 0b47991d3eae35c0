import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';
import type { InputSource } from './inputSource.ts';

/** Real time for `idle: realtime`, implemented by the host. */
export interface IdleClock {
  /**
   * Called while all harts wait and the machine would wake in `nanosecondsToWake` (finite, above 0). Sleeps and
   * returns the nanoseconds by which to advance the machine's clock: `nanosecondsToWake` after a full sleep, or fewer
   * if something else needs attention first. Calls `beforeSleep` only if it actually sleeps.
   */
  sleepUntil(nanosecondsToWake: number, beforeSleep: () => void): number;
}

// The virtual time per sleep if only a key press can end the wait.
const WAIT_FOR_KEY_NANOSECONDS = 50_000_000;

/**
 * Makes an idle machine wait for real time. A complete wait is the machine's own deterministic idle step and need not
 * be recorded; only an interrupted wait becomes a clock jump. If a user may type, a machine that nothing else will
 * wake continues to wait while its UART accepts input.
 */
export class RealtimeIdle implements InputSource {
  private readonly clock: IdleClock;
  private readonly waitsForKeys: boolean;
  private readonly beforeSleep: () => void;

  /** `beforeSleep` flushes output that would otherwise wait until the machine wakes, such as the echo of a key. */
  constructor(clock: IdleClock, options: { waitsForKeys?: boolean; beforeSleep?: () => void } = {}) {
    this.clock = clock;
    this.waitsForKeys = options.waitsForKeys ?? false;
    this.beforeSleep = options.beforeSleep ?? (() => {});
  }

  nextPosition(): Position {
    return Infinity;
  }

  take(status: InputStatus): OutsideEvent | undefined {
    const nanosecondsToWake = status.wakeNanoseconds - status.nanoseconds;
    if (!status.idle || !(nanosecondsToWake > 0)) return undefined;
    if (nanosecondsToWake === Infinity) return this.waitForKey(status);
    const slept = Math.floor(this.clock.sleepUntil(nanosecondsToWake, this.beforeSleep));
    return slept >= nanosecondsToWake ? undefined : { kind: 'clockJump', nanoseconds: Math.max(1, slept) };
  }

  private waitForKey({ consoleReadyNanoseconds }: InputStatus): OutsideEvent | undefined {
    if (!this.waitsForKeys || consoleReadyNanoseconds === Infinity) return undefined;
    const slept = Math.floor(this.clock.sleepUntil(WAIT_FOR_KEY_NANOSECONDS, this.beforeSleep));
    return { kind: 'clockJump', nanoseconds: Math.max(1, slept) };
  }
}
