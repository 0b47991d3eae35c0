import type { StopReason } from '../engine/index.ts';
import { isClientBehind, type Running, SIGNALS } from './messages.ts';
import type { Slice } from './requests/running.ts';

/**
 * Runs the machine until it has something to say. In slices, messages get through in between and change what the next
 * slice stops at; a whole run sees the signals, and lets its owner look after what cannot wait.
 */
export interface RunnerSurroundings {
  /** From any start. */
  milliseconds(): number;
  /** Resolves when messages that came in have been delivered. */
  letMessagesIn(): Promise<void>;
  /** See SIGNALS. */
  signals: Int32Array<SharedArrayBuffer>;
}

/** What is done besides running, every 20 ms or so. */
export interface Meanwhile {
  /** Somebody besides the client wants the machine to stand: a run in slices ends as paused. */
  wantsStillness(): boolean;
  /** After each slice, and at the end of a run: the console and the like. */
  betweenSlices(): void;
  /** Within a whole run, between two of its steps: what the guest printed and the like, and then what came in. */
  tellProgress(): void;
  takeMail(): void;
}

// Short enough for a request in between to feel immediate.
const SLICE_MILLISECONDS = { slices: 20, longSlices: 250 } as const;
/** For a client that does not read, between two looks at what came in. */
const WAIT_MILLISECONDS = 20;

export class Runner {
  /** The session closes: a run under way ends at its next slice. */
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

  /** What came in is about to be looked at. */
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

  /** The machine waits for a client that does not read what it is told; whoever wants it to end does not. */
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
