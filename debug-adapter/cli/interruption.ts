import { isInterrupted } from '../host/interruption.ts';

/** Tells a run to end. The run then closes all its files properly. */
export interface Interruption {
  readonly requested: boolean;
  /** Resolves when an interruption is requested. */
  readonly whenRequested: Promise<void>;
}

export const interruptionOf = (whenRequested: Promise<void>): Interruption => ({
  get requested() {
    return isInterrupted();
  },
  whenRequested,
});
