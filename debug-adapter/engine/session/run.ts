import type { StopReason } from './stopReason.ts';

/**
 * Called several thousand times a second during a run; returns true to pause the run. A front end in another thread
 * uses it to stop a run.
 */
export type WantsPause = () => boolean;

/**
 * A run of the machine that can be paused and resumed: to the next stop point, over a step, or to a position, in either
 * direction. The object holds all state that the run needs to continue after a pause. A Runner executes it.
 */
export interface Run {
  /** Runs until there is a stop to report. After a stop of kind 'pause', another call continues the run. */
  resume(wantsPause: WantsPause): StopReason;
}
