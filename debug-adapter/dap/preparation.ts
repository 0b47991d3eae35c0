import { PAUSED, type Sliced } from '../engine/index.ts';

/**
 * Runs the long part of a request in slices, so that the engine thread can still receive messages. Messages that arrive
 * in the meantime are kept until that part is complete, because requests are answered in order.
 */
export class Preparation {
  private readonly environment: { milliseconds(): number; letMessagesIn(): Promise<void> };
  private isRunning = false;
  private waiting: (() => void)[] = [];

  constructor(environment: { milliseconds(): number; letMessagesIn(): Promise<void> }) {
    this.environment = environment;
  }

  /** Returns whether a preparation is running. If so, keeps `deliver`, and calls it when the preparation has ended. */
  delays(deliver: () => void): boolean {
    if (this.isRunning) this.waiting.push(deliver);
    return this.isRunning;
  }

  /**
   * Executes `work` in slices, and then calls `done`, even after an error. If one slice is enough, `done` is called
   * before this method returns.
   */
  run(work: Sliced<void>, done: () => void): void {
    if (this.slice(work)) return done();
    this.isRunning = true;
    void this.finish(work, done);
  }

  private async finish(work: Sliced<void>, done: () => void): Promise<void> {
    do await this.environment.letMessagesIn();
    while (!this.slice(work));
    this.isRunning = false;
    done();
    for (const deliver of this.waiting.splice(0)) deliver();
  }

  /**
   * Executes one slice. Returns whether the work has ended. Errors are ignored, because the request itself reports
   * them.
   */
  private slice(work: Sliced<void>): boolean {
    const end = this.environment.milliseconds() + SLICE_MILLISECONDS;
    try {
      do {
        const { done, value } = work.next();
        if (done || value !== PAUSED) return true;
      } while (this.environment.milliseconds() < end);
      return false;
    } catch {
      return true;
    }
  }
}

/**
 * Half of the time for which the engine thread may be busy, because the last step of a slice may itself take this long.
 */
const SLICE_MILLISECONDS = 20;
