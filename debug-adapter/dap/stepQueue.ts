import { stepDropped, tooManySteps } from '../messages/dap.ts';

/** A client sends about 30 requests a second while a step key is held down, so this is about one second's worth. */
export const WAITING_STEPS_MAX = 32;

interface WaitingStep {
  begin: () => Promise<unknown>;
  resolve: (body: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * The steps that the client requested while another step was running. They are executed in order, one after each stop.
 * If the machine stops for any reason other than the end of a step, the remaining steps are dropped, because the user
 * did not expect this stop when requesting them.
 */
export class StepQueue {
  private waiting: WaitingStep[] = [];

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /**
   * Adds a step. The promise resolves with the response to the request after `begin` has started the step. Throws a
   * UserError if the queue is full.
   */
  add(begin: () => Promise<unknown>): Promise<unknown> {
    if (this.waiting.length >= WAITING_STEPS_MAX) throw tooManySteps(WAITING_STEPS_MAX);
    return new Promise((resolve, reject) => this.waiting.push({ begin, resolve, reject }));
  }

  /** Called at the end of a step. Starts the next step, if there is one. */
  startNext(): void {
    const next = this.waiting.shift();
    next?.begin().then(next.resolve, (error) => {
      next.reject(error);
      this.drop();
    });
  }

  drop(): void {
    for (const { reject } of this.waiting.splice(0)) reject(stepDropped());
  }
}
