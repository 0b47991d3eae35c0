import { isInterrupted } from '../host/interruption.ts';

/** A request to end a run in such a way that all its files are closed properly. */
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
