import type { Session, StopReason } from '../engine/index.ts';
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

  stopReply(): string {
    const { session, reason, stopPoints, understands } = this;
    return stopReply(reason, stopPoints, understands, expeditedRegisters(session.inspector));
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
