import { Inspector, type Session, type StopReason } from '../engine/index.ts';
import type { GdbHost } from './gdbServer.ts';
import { expeditedRegisters } from './registers.ts';
import { StopPointTable } from './stopPointTable.ts';
import { stopReply } from './stopReply.ts';

/**
 * The session as one gdb sees it: its stop points, what it understands, and running in slices. A slice is short, so
 * that an interrupt is noticed at once. Backwards a slice that is too short to replay one segment of history gets
 * nowhere; then the next one is longer.
 */
const SLICE_MILLISECONDS = 20;
// Backwards a pause throws away the segment under way, some 35 ms: it is not to come in each.
const SLICE_BACK_MILLISECONDS = 100;

export type WantsPause = () => boolean;

export class Target {
  readonly session: Session;
  readonly stopPoints: StopPointTable;
  /** Which words of a stop reply gdb knows. */
  readonly understands = { swbreak: false, hwbreak: false };
  isRunning = false;
  /** Set from outside while it runs. */
  wantsInterrupt = false;
  isGone = false;
  /** That gdb looks at: the one whose step is next until it names another one (`Hg`). */
  private lookedAt: number | undefined;
  /** The hart that steps are of (`Hc`), until gdb names another one; undefined: the one whose step is next. */
  private steps: number | undefined;
  /** While gdb believes that this hart runs alone, and would not understand a breakpoint of another one's. */
  private alone: number | undefined;
  private reason: StopReason;
  private host: GdbHost;

  constructor(session: Session, host: GdbHost) {
    this.session = session;
    this.host = host;
    this.reason = session.reason;
    const { machine } = session.timeline;
    const isMeant = () => this.alone === undefined || this.alone === machine.currentHart;
    this.stopPoints = new StopPointTable(session, isMeant);
  }

  /** Runs `slice` again and again while all it says is that it paused. */
  async run(slice: (wantsPause: WantsPause) => StopReason, isBackwards = false): Promise<string> {
    this.isRunning = true;
    this.wantsInterrupt = false;
    this.host.runBegins?.();
    try {
      await this.runSlices(slice, isBackwards ? SLICE_BACK_MILLISECONDS : SLICE_MILLISECONDS);
    } finally {
      this.isRunning = false;
      this.alone = undefined;
    }
    this.host.runEnded?.(this.reason);
    return this.stopReply();
  }

  /** Thread n is hart n - 1. */
  get threadCount(): number {
    return this.session.timeline.machine.harts.count;
  }

  get thread(): number {
    return 1 + (this.lookedAt ?? this.session.timeline.machine.currentHart);
  }

  /** A thread's hart, or without one that which gdb has named for its steps. */
  hartToStep(thread?: number): number {
    if (thread !== undefined) return thread - 1;
    return this.steps ?? this.session.timeline.machine.currentHart;
  }

  /** The next run is one hart's, by gdb. The others run, too, and their breakpoints are passed. */
  resumeAlone(hart: number): void {
    this.alone = hart;
  }

  stepsAreOf(thread: number | undefined): void {
    this.steps = thread === undefined ? undefined : thread - 1;
  }

  lookAt(thread: number): void {
    this.lookedAt = thread - 1;
  }

  /** Whether it looks at the hart whose step is next, which is the one that can be written to. */
  get isAtCurrent(): boolean {
    return this.thread === 1 + this.session.timeline.machine.currentHart;
  }

  get inspector(): Inspector {
    const { session } = this;
    return this.isAtCurrent ? session.inspector : new Inspector(session.timeline.machine, this.thread - 1);
  }

  stopReply(): string {
    this.lookedAt = undefined;
    const { reason, stopPoints, understands, thread } = this;
    return stopReply(reason, stopPoints, understands, { thread, registers: expeditedRegisters(this.inspector) });
  }

  private async runSlices(slice: (wantsPause: WantsPause) => StopReason, firstMilliseconds: number): Promise<void> {
    let milliseconds = firstMilliseconds;
    for (;;) {
      const from = this.session.position;
      const end = this.host.milliseconds() + milliseconds;
      const reason = slice(() => this.host.milliseconds() >= end);
      this.reason = reason;
      await this.host.betweenSlices();
      if (reason.kind !== 'pause' || this.wantsInterrupt || this.isGone) return;
      milliseconds = this.session.position === from ? 2 * milliseconds : firstMilliseconds;
    }
  }
}
