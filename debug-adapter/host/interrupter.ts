import { type InterruptionCell, URGENCY } from './interruption.ts';

/**
 * The side of an interruption that hears of it: makes it more urgent as time goes by, so that whatever the other thread
 * does ends within a second. A user who asks again will not wait.
 */
const HURRY_MILLISECONDS = 450;
const NOW_MILLISECONDS = 700;
const GIVE_UP_MILLISECONDS = 850;
/** npm and others pass on a signal that the terminal has sent to everybody: that is no second one. */
const ECHO_MILLISECONDS = 250;
const GIVE_UP_AGAIN_MILLISECONDS = 150;

export class Interrupter {
  private cell: InterruptionCell;
  /** The other thread has not ended: it hangs in something that looks at no cell. Called once. */
  private giveUp: () => void;
  private isEcho = false;

  constructor(cell: InterruptionCell, giveUp: () => void) {
    this.cell = cell;
    let hasGivenUp = false;
    this.giveUp = () => {
      if (!hasGivenUp) giveUp();
      hasGivenUp = true;
    };
  }

  ask(): void {
    if (this.isEcho) return;
    if (Atomics.load(this.cell, 0) !== URGENCY.none) return this.askAgain();
    Atomics.store(this.cell, 0, URGENCY.asked);
    this.isEcho = true;
    setTimeout(() => (this.isEcho = false), ECHO_MILLISECONDS);
    setTimeout(() => this.raise(URGENCY.hurry), HURRY_MILLISECONDS);
    setTimeout(() => this.raise(URGENCY.now), NOW_MILLISECONDS);
    setTimeout(this.giveUp, GIVE_UP_MILLISECONDS);
  }

  private askAgain(): void {
    this.raise(URGENCY.now);
    setTimeout(this.giveUp, GIVE_UP_AGAIN_MILLISECONDS);
  }

  private raise(urgency: number): void {
    if (Atomics.load(this.cell, 0) < urgency) Atomics.store(this.cell, 0, urgency);
  }
}
