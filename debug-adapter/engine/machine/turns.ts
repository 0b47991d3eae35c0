import type { Position } from '../base/quantities.ts';
import type { State, Stateful } from '../base/state.ts';
import type { HartBanks } from './cpu/hartBanks.ts';
import type { HartInterrupts } from './hartInterrupts.ts';

/**
 * Whose turn it is. One hart executes for a quantum of steps, then the next that does not wait; a hart that begins to
 * wait gives the rest of its turn away. While all wait it stays the turn of the last one. What this decides at a
 * position follows from the machine's state there: asked twice, or not asked where nothing is due, it decides alike.
 */
export class Turns implements Stateful {
  private harts: HartBanks;
  private interrupts: HartInterrupts;
  private endsAt: Position = QUANTUM_STEPS;

  constructor(harts: HartBanks, interrupts: HartInterrupts) {
    this.harts = harts;
    this.interrupts = interrupts;
  }

  /** The position by which `settle` must be asked again, whatever happens; Infinity for one hart alone. */
  get end(): Position {
    return this.harts.count === 1 ? Infinity : this.endsAt;
  }

  get current(): { start: Position; end: Position } {
    return this.harts.count === 1
      ? { start: 0, end: Infinity }
      : { start: this.endsAt - QUANTUM_STEPS, end: this.endsAt };
  }

  /** After every step, at the position (and virtual time) behind it: puts in place the hart whose step is next. */
  settle(position: Position, now: number): void {
    const { harts, interrupts } = this;
    const { count, current } = harts;
    if (count === 1 || (position < this.endsAt && interrupts.isRunnable(current, now))) return;
    for (let i = 1; i <= count; i++) {
      const next = (current + i) % count;
      if (!interrupts.isRunnable(next, now)) continue;
      this.begin(next, position);
      return;
    }
  }

  /** A hart's turn begins. */
  begin(hart: number, position: Position): void {
    this.harts.select(hart, position);
    this.endsAt = position + QUANTUM_STEPS;
  }

  saveState(): State {
    return { hart: this.harts.current, endsAt: this.endsAt };
  }

  /** The hart itself is put in place by whoever loads the harts. */
  loadState(state: State): void {
    this.endsAt = state.endsAt as Position;
  }
}

/**
 * Ten microseconds of virtual time: an interrupt from one hart to another of eight is noticed before a tenth of a
 * millisecond has passed, and changing harts (some microseconds of ours, mostly for translations made anew) costs a
 * few percent.
 */
const QUANTUM_STEPS = 10_000;
