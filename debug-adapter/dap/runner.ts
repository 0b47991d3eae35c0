import type { StopReason, Timeline } from '../engine/index.ts';
import type { Slice } from './requests/running.ts';

/**
 * Runs the machine until it has something to say. In slices, messages get through in between and change what the next
 * slice stops at; a whole run sees only the pause flag, which the protocol's thread sets in shared memory.
 */
export interface RunnerSurroundings {
  /** From any start. */
  milliseconds(): number;
  /** Resolves when messages that came in have been delivered. */
  letMessagesIn(): Promise<void>;
  /** Cell 0 is not 0 when the client wants a pause. Set to 0 by the other thread, before it asks for a run. */
  pauseFlag: Int32Array<SharedArrayBuffer>;
}

// Short enough for a request in between to feel immediate.
const SLICE_MILLISECONDS = 20;
// At most a second of recording is lost in a kill: twice as often leaves room for a slow slice.
const WRITE_BACK_MILLISECONDS = 500;

export class Runner {
  /** The session closes: a run under way ends at its next slice. */
  isClosing = false;
  private surroundings: RunnerSurroundings;
  private timeline: Timeline;
  private showConsole: () => void;
  private writtenBackAt: number;

  constructor(options: { surroundings: RunnerSurroundings; timeline: Timeline; showConsole: () => void }) {
    this.surroundings = options.surroundings;
    this.timeline = options.timeline;
    this.showConsole = options.showConsole;
    this.writtenBackAt = this.surroundings.milliseconds();
  }

  run(slice: Slice, how: 'slices' | 'whole'): Promise<StopReason> {
    return how === 'slices' ? this.inSlices(slice) : this.whole(slice);
  }

  private async inSlices(slice: Slice): Promise<StopReason> {
    for (;;) {
      const end = this.surroundings.milliseconds() + SLICE_MILLISECONDS;
      const reason = slice(() => this.wantsPause || this.surroundings.milliseconds() >= end);
      this.afterSlice();
      if (reason.kind !== 'pause' || this.wantsPause) return reason;
      await this.surroundings.letMessagesIn();
      if (this.isClosing) return reason;
    }
  }

  /** The guest's console is shown meanwhile: stepping over a call may take its time. */
  private async whole(slice: Slice): Promise<StopReason> {
    let due = this.surroundings.milliseconds() + SLICE_MILLISECONDS;
    const reason = slice(() => {
      const now = this.surroundings.milliseconds();
      if (now >= due) {
        this.showConsole();
        due = now + SLICE_MILLISECONDS;
      }
      return this.wantsPause;
    });
    this.afterSlice();
    return reason;
  }

  private get wantsPause(): boolean {
    return Atomics.load(this.surroundings.pauseFlag, 0) !== 0;
  }

  private afterSlice(): void {
    this.showConsole();
    const now = this.surroundings.milliseconds();
    if (now - this.writtenBackAt < WRITE_BACK_MILLISECONDS) return;
    this.timeline.writeBack();
    this.writtenBackAt = now;
  }
}
