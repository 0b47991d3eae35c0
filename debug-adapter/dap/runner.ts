import type { StopReason } from '../engine/index.ts';
import { isClientBehind, type RunMode, SIGNALS } from './messages.ts';
import type { Slice } from './requests/running.ts';

/** The clock, event loop and signals that a Runner uses. */
export interface RunnerEnvironment {
  /** The time in milliseconds since an arbitrary moment. */
  milliseconds(): number;
  /** Resolves when pending messages have been delivered. */
  letMessagesIn(): Promise<void>;
  /** See SIGNALS. */
  signals: Int32Array<SharedArrayBuffer>;
}

/** The functions that a Runner calls during a run, about every 20 ms. */
export interface RunCallbacks {
  /** Whether another front end has requested a stop. If so, a run in slices ends as paused. */
  mustStop(): boolean;
  /** Called after each slice and at the end of a run, for example to send console output. */
  betweenSlices(): void;
  /**
   * Called between two steps of a `whole` run, for example to send console output. `deliverRequests` is called
   * afterwards.
   */
  sendProgress(): void;
  deliverRequests(): void;
}

// The length of a slice. Requests are answered between slices, so slices are short enough to avoid a noticeable delay.
const SLICE_MILLISECONDS = { slices: 20, longSlices: 250 } as const;
/** The interval between two checks for messages while the client is not reading. */
const WAIT_MILLISECONDS = 20;

/**
 * Runs the machine until there is a stop to report. A run in slices receives messages between slices, and these may
 * change the stop points for the next slice. During a `whole` run, only the signals are checked, and the callbacks
 * handle urgent requests.
 */
export class Runner {
  /** Set when the session closes. The current run then ends after its slice. */
  isClosing = false;
  private environment: RunnerEnvironment;
  private meanwhile: RunCallbacks;

  constructor(environment: RunnerEnvironment, meanwhile: RunCallbacks) {
    this.environment = environment;
    this.meanwhile = meanwhile;
  }

  run(slice: Slice, mode: RunMode): Promise<StopReason> {
    return mode === 'whole' ? this.whole(slice) : this.inSlices(slice, SLICE_MILLISECONDS[mode]);
  }

  get wantsPause(): boolean {
    return this.isSet(SIGNALS.pause);
  }

  /** Clears the signal before pending messages are read. */
  clearRequestSignal(): void {
    Atomics.store(this.environment.signals, SIGNALS.request, 0);
  }

  clearPause(): void {
    Atomics.store(this.environment.signals, SIGNALS.pause, 0);
  }

  private async inSlices(slice: Slice, milliseconds: number): Promise<StopReason> {
    for (;;) {
      const end = this.environment.milliseconds() + milliseconds;
      const isOver = () => this.wantsPause || this.isSet(SIGNALS.request) || this.environment.milliseconds() >= end;
      const reason = slice(isOver);
      this.meanwhile.betweenSlices();
      if (reason.kind !== 'pause' || this.wantsPause) return reason;
      this.clearRequestSignal();
      await this.environment.letMessagesIn();
      await this.clientCaughtUp(() => this.meanwhile.mustStop());
      if (this.isClosing || this.wantsPause || this.meanwhile.mustStop()) return reason;
    }
  }

  /** Waits for a client that is not reading its messages, unless the run must end. */
  async clientCaughtUp(wantsEnd: () => boolean): Promise<void> {
    while (this.isHeldBack && !wantsEnd()) {
      this.waitForClient();
      await this.environment.letMessagesIn();
    }
  }

  private async whole(slice: Slice): Promise<StopReason> {
    let due = this.environment.milliseconds() + SLICE_MILLISECONDS.slices;
    const reason = slice(() => {
      const now = this.environment.milliseconds();
      if (now >= due || this.isSet(SIGNALS.request)) {
        this.meanwhile.sendProgress();
        this.deliverRequests();
        while (this.isHeldBack) {
          this.waitForClient();
          this.deliverRequests();
        }
        due = now + SLICE_MILLISECONDS.slices;
      }
      return this.wantsPause;
    });
    this.meanwhile.betweenSlices();
    return reason;
  }

  private deliverRequests(): void {
    this.clearRequestSignal();
    this.meanwhile.deliverRequests();
  }

  private get isHeldBack(): boolean {
    return isClientBehind(this.environment.signals) && !this.wantsPause && !this.isClosing;
  }

  private waitForClient(): void {
    const { signals } = this.environment;
    Atomics.wait(signals, SIGNALS.unsentBytes, Atomics.load(signals, SIGNALS.unsentBytes), WAIT_MILLISECONDS);
  }

  private isSet(signal: number): boolean {
    return Atomics.load(this.environment.signals, signal) !== 0;
  }
}
