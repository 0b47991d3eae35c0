import type { StopReason } from '../engine/index.ts';
import { isClientBehind, type Running, SIGNALS } from './messages.ts';
import type { Slice } from './requests/running.ts';

/** The clock, event loop and signals that a Runner uses. */
export interface RunnerSurroundings {
  /** A clock with an arbitrary start. */
  milliseconds(): number;
  /** Resolves when pending messages have been delivered. */
  letMessagesIn(): Promise<void>;
  /** See SIGNALS. */
  signals: Int32Array<SharedArrayBuffer>;
}

/** The work to do during a run, about every 20 ms. */
export interface Meanwhile {
  /** Whether another front end wants the machine to stop: a run in slices then ends as paused. */
  wantsStillness(): boolean;
  /** After each slice and at the end of a run: console output and similar tasks. */
  betweenSlices(): void;
  /** Between two steps of a `whole` run: console output and similar tasks. The pending messages follow. */
  tellProgress(): void;
  takeMail(): void;
}

// A request between two slices is answered without noticeable delay.
const SLICE_MILLISECONDS = { slices: 20, longSlices: 250 } as const;
/** The interval between two checks for messages while the client does not read. */
const WAIT_MILLISECONDS = 20;

/**
 * Runs the machine until there is a stop to report. A run in slices receives messages in between, which may change the
 * stop points for the next slice. A `whole` run sees only the signals, and lets its owner handle urgent work.
 */
export class Runner {
  /** Set when the session closes: the current run ends after its slice. */
  isClosing = false;
  private surroundings: RunnerSurroundings;
  private meanwhile: Meanwhile;

  constructor(surroundings: RunnerSurroundings, meanwhile: Meanwhile) {
    this.surroundings = surroundings;
    this.meanwhile = meanwhile;
  }

  run(slice: Slice, how: Running): Promise<StopReason> {
    return how === 'whole' ? this.whole(slice) : this.inSlices(slice, SLICE_MILLISECONDS[how]);
  }

  get wantsPause(): boolean {
    return this.isSet(SIGNALS.pause);
  }

  /** Clears the signal before pending messages are read. */
  clearMail(): void {
    Atomics.store(this.surroundings.signals, SIGNALS.mail, 0);
  }

  clearPause(): void {
    Atomics.store(this.surroundings.signals, SIGNALS.pause, 0);
  }

  private async inSlices(slice: Slice, milliseconds: number): Promise<StopReason> {
    for (;;) {
      const end = this.surroundings.milliseconds() + milliseconds;
      const isOver = () => this.wantsPause || this.isSet(SIGNALS.mail) || this.surroundings.milliseconds() >= end;
      const reason = slice(isOver);
      this.meanwhile.betweenSlices();
      if (reason.kind !== 'pause' || this.wantsPause) return reason;
      this.clearMail();
      await this.surroundings.letMessagesIn();
      await this.clientCaughtUp(() => this.meanwhile.wantsStillness());
      if (this.isClosing || this.wantsPause || this.meanwhile.wantsStillness()) return reason;
    }
  }

  /** Waits for a client that does not read its messages, unless the run must end. */
  async clientCaughtUp(wantsEnd: () => boolean): Promise<void> {
    while (this.isHeldBack && !wantsEnd()) {
      this.waitForClient();
      await this.surroundings.letMessagesIn();
    }
  }

  private async whole(slice: Slice): Promise<StopReason> {
    let due = this.surroundings.milliseconds() + SLICE_MILLISECONDS.slices;
    const reason = slice(() => {
      const now = this.surroundings.milliseconds();
      if (now >= due || this.isSet(SIGNALS.mail)) {
        this.meanwhile.tellProgress();
        this.takeMail();
        while (this.isHeldBack) {
          this.waitForClient();
          this.takeMail();
        }
        due = now + SLICE_MILLISECONDS.slices;
      }
      return this.wantsPause;
    });
    this.meanwhile.betweenSlices();
    return reason;
  }

  private takeMail(): void {
    this.clearMail();
    this.meanwhile.takeMail();
  }

  private get isHeldBack(): boolean {
    return isClientBehind(this.surroundings.signals) && !this.wantsPause && !this.isClosing;
  }

  private waitForClient(): void {
    const { signals } = this.surroundings;
    Atomics.wait(signals, SIGNALS.untaken, Atomics.load(signals, SIGNALS.untaken), WAIT_MILLISECONDS);
  }

  private isSet(signal: number): boolean {
    return Atomics.load(this.surroundings.signals, signal) !== 0;
  }
}
