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
  private reason: StopReason;
  private host: GdbHost;

  constructor(session: Session, host: GdbHost) {
    this.session = session;
    this.host = host;
    this.reason = session.reason;
    this.stopPoints = new StopPointTable(session);
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
