import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import { number, record, type Stateful } from '../base/stateCodec.ts';
import type { HartContexts } from './cpu/hartContexts.ts';
import type { HartInterrupts } from './hartInterrupts.ts';

/**
 * The hart scheduler. A hart executes for a quantum of steps; then the next hart that is not waiting runs. A hart that
 * begins to wait gives up the rest of its quantum. While all harts are waiting, the hart that ran last remains current.
 * A scheduling decision depends only on the position and the machine's state at that position. A call can therefore be
 * repeated, or omitted when no switch is due, without any effect.
 */
export class HartScheduler implements Stateful {
  readonly stateCodec = STATE;
  private harts: HartContexts;
  private interrupts: HartInterrupts;
  private endsAt: Position = QUANTUM_STEPS;

  constructor(harts: HartContexts, interrupts: HartInterrupts) {
    this.harts = harts;
    this.interrupts = interrupts;
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
   * Called after every step, with the position and virtual time after the step. Makes the hart that executes the next
   * step the current hart.
   */
  schedule(position: Position, now: number): void {
    const { harts, interrupts } = this;
    const { count, current } = harts;
    if (count === 1 || (position < this.endsAt && interrupts.isRunnable(current, now))) return;
    for (let i = 1; i <= count; i++) {
      const next = (current + i) % count;
      if (!interrupts.isRunnable(next, now)) continue;
      this.switchTo(next, position);
      return;
    }
  }

  /** Starts a hart's quantum. */
  switchTo(hart: number, position: Position): void {
    this.harts.select(hart, position);
    this.endsAt = position + QUANTUM_STEPS;
  }

  saveState(): State {
    return STATE.save({ hart: this.harts.current, endsAt: this.endsAt });
  }

  /** Restores the quantum. The caller restores the harts and makes the correct hart current. */
  loadState(state: State): void {
    this.endsAt = STATE.load(state).endsAt;
  }
}

/** `hart` is the current hart, which the caller restores. */
const STATE = record({ hart: number, endsAt: number });

/**
 * Ten microseconds of virtual time. With this quantum, an interrupt sent from one of eight harts to another is taken
 * within a tenth of a millisecond, and context switches (a few microseconds of host time, mostly for address
 * translation) cost a few percent.
 */
const QUANTUM_STEPS = 10_000;
