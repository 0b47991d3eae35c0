import type { Timeline } from '../engine/index.ts';
import { wallClock } from '../host/wallClock.ts';

/** At most a second of recording is lost in a kill: twice as often leaves room for a slow slice. */
const WRITE_BACK_MILLISECONDS = 500;

/** Has a timeline write back about twice a second. */
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
