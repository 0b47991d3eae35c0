import { isInterrupted } from '../host/interruption.ts';

/** What asks a run to end: it then closes everything properly. */
export interface Interruption {
  readonly requested: boolean;
  /** Resolves when it is. */
  readonly whenRequested: Promise<void>;
}

export const interruptionOf = (whenRequested: Promise<void>): Interruption => ({
  get requested() {
    return isInterrupted();
  },
  whenRequested,
});
