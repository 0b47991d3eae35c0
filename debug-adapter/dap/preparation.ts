import { PAUSED, type Sliced } from '../engine/index.ts';

/**
 * Runs the long part of a request in slices, so that the engine thread can still receive messages. The messages that
 * arrive meanwhile wait, because requests are answered in order.
 */
export class Preparation {
  private readonly environment: { milliseconds(): number; letMessagesIn(): Promise<void> };
  private isRunning = false;
  private waiting: (() => void)[] = [];

  constructor(environment: { milliseconds(): number; letMessagesIn(): Promise<void> }) {
    this.environment = environment;
  }

  /** Whether `deliver` was kept, to be called when the current preparation has ended. */
  delays(deliver: () => void): boolean {
    if (this.isRunning) this.waiting.push(deliver);
    return this.isRunning;
  }

  /** Calls `done` when `work` has ended or failed; immediately if that takes only one slice. */
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

  /** Returns whether the work is over. Its errors are ignored, because the answer to the request reports them. */
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

/** Half of the time for which the engine thread may be busy, because one step may take as long as a slice. */
const SLICE_MILLISECONDS = 20;
