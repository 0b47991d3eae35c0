import { isInterrupted } from '../host/interruption.ts';

/** Tells a run to end. The run then closes all its files properly. */
export interface Interruption {
  readonly requested: boolean;
  readonly whenRequested: Promise<void>;
}

export const interruptionOf = (whenRequested: Promise<void>): Interruption => ({
  get requested() {
    return isInterrupted();
  },
  whenRequested,
});
