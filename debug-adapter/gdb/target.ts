import { Inspector, type Session, type StopReason } from '../engine/index.ts';
import type { GdbHost } from './gdbHost.ts';
import { expeditedRegisters } from './registers.ts';
import { StopPointTable } from './stopPointTable.ts';
import { stopReply } from './stopReply.ts';

const SLICE_MILLISECONDS = 20;
// A backward search replays the history in segments of about 35 ms, and a pause discards the segment in progress. A
// longer slice avoids a pause in every segment.
const SLICE_BACK_MILLISECONDS = 100;

export type WantsPause = () => boolean;

/**
 * The part of a session that belongs to one gdb connection: its stop points, its supported features and its runs, which
 * are divided into slices. A slice is short, so that an interrupt takes effect quickly. A slice of a backward run makes
 * no progress if it is too short to replay one segment of history, so the next one is longer.
 */
export class Target {
  readonly session: Session;
  readonly stopPoints: StopPointTable;
  /** The stop reasons that gdb supports. */
  readonly features = { swbreak: false, hwbreak: false };
  isRunning = false;
  /** The server sets this to interrupt a run. */
  wantsInterrupt = false;
  isGone = false;
  /** The hart that gdb inspects (`Hg`); undefined for the current hart. */
  private inspectedHart: number | undefined;
  /** The hart that gdb steps (`Hc`); undefined for the current hart. */
  private steppedHart: number | undefined;
  /** The hart that gdb resumed alone. gdb then expects no other hart to stop at a breakpoint. */
  private onlyHart: number | undefined;
  private reason: StopReason;
  private host: GdbHost;

  constructor(session: Session, host: GdbHost) {
    this.session = session;
    this.host = host;
    this.reason = session.reason;
    const { machine } = session.timeline;
    const matches = () => this.onlyHart === undefined || this.onlyHart === machine.currentHart;
    this.stopPoints = new StopPointTable(session, matches);
  }

  /** Calls `slice` repeatedly, as long as it returns a pause. */
  async run(slice: (wantsPause: WantsPause) => StopReason, isBackwards = false): Promise<string> {
    this.isRunning = true;
    this.wantsInterrupt = false;
    this.host.onRunStarted?.();
    try {
      await this.runSlices(slice, isBackwards ? SLICE_BACK_MILLISECONDS : SLICE_MILLISECONDS);
    } finally {
      this.isRunning = false;
      this.onlyHart = undefined;
    }
    this.host.onRunEnded?.(this.reason);
    return this.stopReply();
  }

  /** gdb's thread n is hart n - 1. */
  get threadCount(): number {
    return this.session.timeline.machine.harts.count;
  }

  get thread(): number {
    return 1 + (this.inspectedHart ?? this.session.timeline.machine.currentHart);
  }

  /** The hart of a thread. If no thread is given, the hart that gdb selected for stepping. */
  hartToStep(thread?: number): number {
    if (thread !== undefined) return thread - 1;
    return this.steppedHart ?? this.session.timeline.machine.currentHart;
  }

  /**
   * In the next run, gdb expects only this hart to run. The other harts also run, but their breakpoints are ignored.
   */
  resumeOnly(hart: number): void {
    this.onlyHart = hart;
  }

  selectSteppedThread(thread: number | undefined): void {
    this.steppedHart = thread === undefined ? undefined : thread - 1;
  }

  inspectThread(thread: number): void {
    this.inspectedHart = thread - 1;
  }

  /** Whether gdb inspects the current hart, which is the only one that can be modified. */
  get inspectsCurrentHart(): boolean {
    return this.thread === 1 + this.session.timeline.machine.currentHart;
  }

  get inspector(): Inspector {
    const { session } = this;
    return this.inspectsCurrentHart ? session.inspector : new Inspector(session.timeline.machine, this.thread - 1);
  }

  stopReply(): string {
    this.inspectedHart = undefined;
    const { reason, stopPoints, features, thread } = this;
    return stopReply(reason, stopPoints, features, { thread, registers: expeditedRegisters(this.inspector) });
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
