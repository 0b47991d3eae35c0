import type { Position } from '../base/quantities.ts';
import type { Hart } from './cpu/hart.ts';

/**
 * The machine's position and its virtual time: one nanosecond per step, plus the idle time that the machine skipped and
 * the clock jumps that its inputs delivered.
 */
export class MachineClock {
  /** The number of completed steps. During `runHart`, it stays at the position at which the hart started. */
  position: Position = 0;
  /** Virtual time minus position, in nanoseconds. */
  offsetNanoseconds = 0;
  private isRunning = false;
  private readonly hart: Hart;

  constructor(hart: Hart) {
    this.hart = hart;
  }

  /** Virtual time since power-on, in nanoseconds, at `position`. */
  get nanoseconds(): number {
    return this.position + this.offsetNanoseconds;
  }

  /** The position, including the steps that the hart has executed so far in `runHart`. */
  positionInStep(): Position {
    return this.isRunning ? this.hart.positionInRun() : this.position;
  }

  /** Virtual time at `positionInStep`. */
  nanosecondsInStep(): number {
    return this.positionInStep() + this.offsetNanoseconds;
  }

  /** Executes at most `budget` steps. `tickDelta` is the value of the same name in the CLINT. */
  runHart(budget: number, tickDelta: bigint): void {
    this.hart.setClock({ offsetNanoseconds: this.offsetNanoseconds, tickDelta });
    this.isRunning = true;
    try {
      this.position += this.hart.run(this.position, budget);
    } finally {
      this.isRunning = false;
    }
  }
}
