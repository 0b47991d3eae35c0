import type { Position } from '../base/quantities.ts';
import { integer, type Loaded, number, record } from '../base/stateCodec.ts';
import type { HartContexts } from './cpu/hartContexts.ts';
import type { HartInterrupts } from './hartInterrupts.ts';
import type { MachineClock } from './machineClock.ts';

/**
 * The hart scheduler. A hart executes for a quantum of steps; then the next hart that is not waiting runs. A hart that
 * begins to wait gives up the rest of its quantum. While all harts are waiting, the hart that ran last remains current.
 * A scheduling decision depends only on the position and the machine's state at that position. A call to `schedule` can
 * therefore be repeated, or be omitted when no switch is due, without any effect.
 */
export class HartScheduler {
  readonly stateCodec: ReturnType<typeof stateFor>;
  private harts: HartContexts;
  private interrupts: HartInterrupts;
  private clock: MachineClock;
  private endsAt: Position = QUANTUM_STEPS;

  constructor(harts: HartContexts, interrupts: HartInterrupts, clock: MachineClock) {
    this.harts = harts;
    this.interrupts = interrupts;
    this.clock = clock;
    this.stateCodec = stateFor(harts.count);
  }

  /** The position by which `schedule` must be called again; Infinity for a single hart. */
  get end(): Position {
    return this.harts.count === 1 ? Infinity : this.endsAt;
  }

  /** The start and end positions of the current quantum. */
  get current(): { start: Position; end: Position } {
    return this.harts.count === 1
      ? { start: 0, end: Infinity }
      : { start: this.endsAt - QUANTUM_STEPS, end: this.endsAt };
  }

  /**
   * Called after every step, because the quantum may have ended. Makes the hart that executes the next step current.
   */
  schedule(): void {
    const { harts, interrupts, clock } = this;
    const { count, current } = harts;
    if (count === 1) return;
    const now = clock.nanoseconds;
    if (clock.position < this.endsAt && interrupts.isRunnable(current, now)) return;
    for (let i = 1; i <= count; i++) {
      const next = (current + i) % count;
      if (!interrupts.isRunnable(next, now)) continue;
      this.switchTo(next);
      return;
    }
  }

  /** Starts a hart's quantum. */
  switchTo(hart: number): void {
    const { position } = this.clock;
    this.harts.select(hart, position);
    this.endsAt = position + QUANTUM_STEPS;
  }

  get state(): SchedulerState {
    return { hart: this.harts.current, endsAt: this.endsAt };
  }

  /** Restores the quantum. The caller restores the harts and makes the correct hart current. */
  set state({ endsAt }: SchedulerState) {
    this.endsAt = endsAt;
  }
}

const stateFor = (harts: number) => record({ hart: integer(0, harts - 1), endsAt: number });

/** The current hart, and the end of its quantum. */
type SchedulerState = Loaded<ReturnType<typeof stateFor>>;

/** The scheduler's state in a machine with a single hart, for which it is not saved. */
export const SCHEDULER_AT_POWER_ON: SchedulerState = { hart: 0, endsAt: 0 };

/**
 * The length of a quantum, which is ten microseconds of virtual time. With this quantum, an interrupt sent from one of
 * eight harts to another is taken within a tenth of a millisecond, and context switches (a few microseconds of host
 * time, mostly for address translation) cost a few percent.
 */
const QUANTUM_STEPS = 10_000;
