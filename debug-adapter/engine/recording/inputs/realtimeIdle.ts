import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';
import { CONSOLE_PORT } from '../../machine/ports/consolePort.ts';
import type { InputSource } from './inputSource.ts';

/** The real-time clock for `idle: realtime`, implemented by the host. */
export interface IdleClock {
  /**
   * Called while all harts are waiting and the machine would wake after `nanosecondsToWake` (finite and positive).
   * Sleeps and returns the number of nanoseconds by which to advance the machine's clock. After a full sleep, that
   * number is `nanosecondsToWake`; after an interrupted sleep, it is smaller. Calls `beforeSleep` first, but only if it
   * is going to sleep.
   */
  sleepUntil(nanosecondsToWake: number, beforeSleep: () => void): number;
}

// The duration of one sleep, in virtual time, when only a key press can wake the machine.
const WAIT_FOR_KEY_NANOSECONDS = 50_000_000;

/**
 * Makes an idle machine wait in real time. After an uninterrupted wait, the machine performs its own deterministic idle
 * step, which need not be recorded. Only an interrupted wait is recorded, as a clock jump. If the user can type and
 * only a key press can wake the machine, the machine keeps waiting as long as its UART accepts input.
 */
export class RealtimeIdle implements InputSource {
  private readonly clock: IdleClock;
  private readonly waitsForKeys: boolean;
  private readonly beforeSleep: () => void;

  /**
   * `beforeSleep` writes out pending console output, such as an echoed key, which would otherwise be held back until
   * the machine wakes.
   */
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

  private waitForKey(status: InputStatus): OutsideEvent | undefined {
    if (!this.waitsForKeys || status.readyNanoseconds(CONSOLE_PORT) === Infinity) return undefined;
    const slept = Math.floor(this.clock.sleepUntil(WAIT_FOR_KEY_NANOSECONDS, this.beforeSleep));
    return { kind: 'clockJump', nanoseconds: Math.max(1, slept) };
  }
}
