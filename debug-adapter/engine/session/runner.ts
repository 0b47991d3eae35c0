import type { Position } from '../base/quantities.ts';
import { PAUSED, type PauseSignal, type Sliced } from '../base/sliced.ts';
import type { RunControl, RunOwner } from './runControl.ts';
import type { StopReason } from './stopReason.ts';

/** The clock, the event loop and the front end that a Runner uses. */
export interface RunnerHost {
  /** Milliseconds since an arbitrary point in time. */
  milliseconds(): number;
  /** Resolves when the event loop has delivered pending messages. */
  letMessagesIn(): Promise<void>;
  /** Whether the user wants the machine to stop. Called several thousand times a second during a run. */
  wantsPause(): boolean;
  /** Called about every 20 ms during a run and at its end, for example to send console output. */
  showProgress(): void;
  onRunStarted?(owner: RunOwner): void;
  /**
   * Called when a run has ended because of a pause request. The hook may move the machine to another position; the hook
   * itself cannot be paused.
   */
  afterPause?(): Sliced<void>;
  /** Called when a run is over, unless the session has ended. `reason` is undefined if the run failed. */
  onRunEnded?(owner: RunOwner, reason: StopReason | undefined): void;
  client?: ClientSignals;
}

/** A client in another thread. A Runner can detect the client's messages in the middle of a slice. */
export interface ClientSignals {
  /** Whether a message is waiting to be delivered by the event loop. If so, the current slice ends. */
  hasMessage(): boolean;
  /** Handles, in the middle of a run, the messages that do not affect the run. */
  answerUrgent(): void;
  /** Whether the client has so many unread messages that the machine must not run until the client has read them. */
  isBehind(): boolean;
  /** Blocks until the client has read messages or a short time has passed. */
  wait(): void;
}

/**
 * How a run is divided into slices. Between slices, messages are delivered; they may change the stop points for the
 * next slice. During a `whole` run, only the pause request and urgent messages take effect.
 */
export type RunMode = keyof typeof SLICES | 'whole';

const SLICES = {
  // These slices are short enough that messages are answered and Ctrl-C takes effect without noticeable delay, and long
  // enough that the cost of a slice is negligible.
  slices: { milliseconds: 20, isDoubled: false },
  // For runs that are expensive to pause. Used only if messages can end a slice.
  longSlices: { milliseconds: 250, isDoubled: false },
  // For backward runs if messages cannot end a slice. A backward search replays the history in segments of about 35 ms,
  // and a pause within a segment is expensive. While the search stays in one segment, slices become longer.
  growingSlices: { milliseconds: 100, isDoubled: true },
} as const;

/** The interval between two calls to `showProgress` during a `whole` run. */
const PROGRESS_MILLISECONDS = 20;
// If the process is killed, at most one second of the recording may be lost. Writing every half second leaves a margin
// for a slow slice.
const WRITE_BACK_MILLISECONDS = 500;

export interface RunRequest {
  owner: RunOwner;
  mode: RunMode;
  /**
   * Whether the runner also delivers messages after the last slice, and waits for the client if it is behind. The
   * machine is reported as running until then.
   */
  yieldsAtStop?: boolean;
}

/**
 * Runs the machine for all front ends of a session, one run at a time. Divides a run into slices and delivers messages
 * between them. Ends the run when there is a stop to report, when the user or a front end wants the machine to stop, or
 * when the session closes. Waits if the client is slow to read its messages. Writes the recording and the overlays to
 * their files about twice a second.
 */
export class Runner {
  readonly control: RunControl;
  private timeline: RunnerTimeline;
  private host: RunnerHost;
  private writtenBackAt: number;

  constructor(timeline: RunnerTimeline, control: RunControl, host: RunnerHost) {
    this.timeline = timeline;
    this.control = control;
    this.host = host;
    this.writtenBackAt = host.milliseconds();
  }

  /** Returns 'pause' if the machine was stopped on request. `RunControl.mayStart` must return true for the owner. */
  async run(run: Sliced<StopReason>, { owner, mode, yieldsAtStop = false }: RunRequest): Promise<StopReason> {
    const { control, host } = this;
    control.start(owner);
    let reason: StopReason | undefined;
    try {
      host.onRunStarted?.(owner);
      const ended = mode === 'whole' ? await this.whole(run) : await this.inSlices(run, mode, yieldsAtStop);
      if (ended.kind === 'pause' && host.afterPause) await this.untilPause(host.afterPause(), () => false);
      reason = ended;
      return reason;
    } finally {
      control.finish();
      if (control.state.kind !== 'ended') host.onRunEnded?.(owner, reason);
    }
  }

  private async inSlices(
    run: Sliced<StopReason>,
    mode: keyof typeof SLICES,
    yieldsAtStop: boolean,
  ): Promise<StopReason> {
    const { milliseconds: shortest, isDoubled } = SLICES[mode];
    for (let milliseconds: number = shortest; ;) {
      const from = this.timeline.position;
      const reason = await this.slice(run, milliseconds);
      const isOver = reason.kind !== 'pause' || this.mustStop;
      if (!isOver || yieldsAtStop) await this.letMessagesIn();
      if (isOver || this.mustStop) return reason;
      milliseconds = isDoubled && this.timeline.position === from ? 2 * milliseconds : shortest;
    }
  }

  private slice(run: Sliced<StopReason>, milliseconds: number): Promise<StopReason> {
    const { host } = this;
    const end = host.milliseconds() + milliseconds;
    return this.untilPause(run, () => host.wantsPause() || !!host.client?.hasMessage() || host.milliseconds() >= end);
  }

  /** Returns 'pause' if the run has paused. */
  private async untilPause<T>(run: Sliced<T>, wantsPause: () => boolean): Promise<T | { kind: 'pause' }> {
    for (;;) {
      const next = this.timeline.pause.resume(run, wantsPause);
      this.afterSlice();
      if (next.done) return next.value;
      if (next.value === PAUSED) return { kind: 'pause' };
      await next.value;
    }
  }

  private async letMessagesIn(): Promise<void> {
    await this.host.letMessagesIn();
    while (this.isHeldBack) {
      this.host.client!.wait();
      await this.host.letMessagesIn();
    }
  }

  private whole(run: Sliced<StopReason>): Promise<StopReason> {
    const { host } = this;
    let due = host.milliseconds() + PROGRESS_MILLISECONDS;
    return this.untilPause(run, () => {
      const now = host.milliseconds();
      if (now >= due || host.client?.hasMessage()) {
        host.showProgress();
        this.answerUrgent();
        due = now + PROGRESS_MILLISECONDS;
      }
      return this.mustStop;
    });
  }

  private answerUrgent(): void {
    const { client } = this.host;
    client?.answerUrgent();
    while (this.isHeldBack) {
      client!.wait();
      client!.answerUrgent();
    }
  }

  private afterSlice(): void {
    this.host.showProgress();
    const now = this.host.milliseconds();
    if (now - this.writtenBackAt < WRITE_BACK_MILLISECONDS) return;
    this.timeline.writeBack();
    this.writtenBackAt = now;
  }

  private get mustStop(): boolean {
    return this.control.state.kind !== 'running' || this.host.wantsPause();
  }

  private get isHeldBack(): boolean {
    return this.host.client?.isBehind() === true && !this.mustStop;
  }
}

/** The parts of a timeline that a Runner uses directly. */
export interface RunnerTimeline {
  readonly pause: PauseSignal;
  readonly position: Position;
  writeBack(): void;
}
