import { type InterruptionCell, URGENCY } from './interruption.ts';

const HURRY_MILLISECONDS = 450;
const NOW_MILLISECONDS = 700;
const GIVE_UP_MILLISECONDS = 850;
/**
 * The time during which another signal is considered an echo of the first one. npm and similar tools forward a signal
 * that the terminal has already sent to all processes; this copy is not a second request.
 */
const ECHO_MILLISECONDS = 250;
const GIVE_UP_AGAIN_MILLISECONDS = 150;

/**
 * Requests an interruption of the other thread and raises the urgency of the request over time, so that the thread ends
 * within a second, regardless of what it is doing. A second request makes it end sooner.
 */
export class Interrupter {
  private cell: InterruptionCell;
  /**
   * Called once if the other thread does not end, for example because it is in a call that never returns and does not
   * check the cell.
   */
  private giveUp: () => void;
  private ignoresEchoes = false;

  constructor(cell: InterruptionCell, giveUp: () => void) {
    this.cell = cell;
    let hasGivenUp = false;
    this.giveUp = () => {
      if (!hasGivenUp) giveUp();
      hasGivenUp = true;
    };
  }

  request(): void {
    if (this.ignoresEchoes) return;
    if (Atomics.load(this.cell, 0) !== URGENCY.none) return this.requestAgain();
    Atomics.store(this.cell, 0, URGENCY.asked);
    this.ignoresEchoes = true;
    setTimeout(() => (this.ignoresEchoes = false), ECHO_MILLISECONDS);
    setTimeout(() => this.raise(URGENCY.hurry), HURRY_MILLISECONDS);
    setTimeout(() => this.raise(URGENCY.now), NOW_MILLISECONDS);
    setTimeout(this.giveUp, GIVE_UP_MILLISECONDS);
  }

  private requestAgain(): void {
    this.raise(URGENCY.now);
    setTimeout(this.giveUp, GIVE_UP_AGAIN_MILLISECONDS);
  }

  private raise(urgency: number): void {
    if (Atomics.load(this.cell, 0) < urgency) Atomics.store(this.cell, 0, urgency);
  }
}
