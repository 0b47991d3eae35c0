import type { Timeline } from '../engine/index.ts';
import { wallClock } from '../host/wallClock.ts';

/**
 * If the process is killed, at most one second of the recording may be lost. Writing every half second leaves a margin
 * for a slow slice.
 */
const WRITE_BACK_MILLISECONDS = 500;

/** Writes back a timeline about twice a second. */
export class WriteBack {
  private timeline: Timeline;
  private last = wallClock.monotonicMilliseconds();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  /** Called between slices. */
  whenDue(): void {
    const now = wallClock.monotonicMilliseconds();
    if (now - this.last < WRITE_BACK_MILLISECONDS) return;
    this.timeline.writeBack();
    this.last = now;
  }
}
