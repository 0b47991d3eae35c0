import type { BreakpointId, Inspector, Runner, Session, Sliced, StopReason, Timeline } from '../engine/index.ts';
import { expeditedRegisters } from './registers.ts';
import { StopPointTable } from './stopPointTable.ts';
import { stopReply } from './stopReply.ts';

type Direction = 'forward' | 'backward';

/**
 * The part of a session that belongs to one gdb connection: the stop points that gdb inserted, the features that it
 * supports, the threads that it selected, and the reason for the last stop.
 */
export class GdbClient {
  readonly session: Session<Timeline>;
  readonly stopPoints: StopPointTable;
  /** The optional stop reasons that gdb supports. */
  readonly features = { swbreak: false, hwbreak: false };
  /** The hart that gdb inspects (`Hg`); undefined for the current hart. */
  private inspectedHart: number | undefined;
  /** The hart that gdb steps (`Hc`); undefined for the current hart. */
  private steppedHart: number | undefined;
  /** The hart that gdb resumed, if it resumed only one. gdb then expects no other hart to stop at a breakpoint. */
  private onlyHart: number | undefined;
  private reason: StopReason;
  private runner: Runner;
  /** The watchpoints at which the last run stopped. */
  private watchStop: { direction: Direction; position: number; ids: BreakpointId[] } | undefined;
  /**
   * Whether the last run was reported as a step although the machine did not move, and gdb has not shown this stop to
   * the user yet.
   */
  private hasStayed = false;

  constructor(session: Session<Timeline>, runner: Runner) {
    this.session = session;
    this.runner = runner;
    this.reason = session.reason;
    const { target } = session;
    const matches = () => this.onlyHart === undefined || this.onlyHart === target.harts.current;
    this.stopPoints = new StopPointTable(session, matches);
  }

  /** Executes a run and returns its stop reply. */
  async run(run: Sliced<StopReason>, direction: Direction = 'forward'): Promise<string> {
    const mode = direction === 'forward' ? 'slices' : 'growingSlices';
    const { position: from } = this.session;
    try {
      this.reason = await this.runner.run(run, { owner: 'gdb', mode, yieldsAtStop: true });
    } finally {
      this.onlyHart = undefined;
    }
    const { reason } = this;
    const { position } = this.session;
    this.watchStop = reason.kind === 'hit' ? { direction, position, ids: reason.hits.map(({ id }) => id) } : undefined;
    this.hasStayed = reason.kind === 'step' && position === from;
    return this.stopReply();
  }

  /**
   * Whether the requested step is the one that gdb requests after each stop at a watchpoint. gdb expects RISC-V
   * machines to stop before the access (gdbarch_have_nonsteppable_watchpoint in gdb's riscv-tdep.c). It therefore
   * removes the watchpoints and steps once before it reads the watched bytes. This machine stops after the access
   * (backward: before it), so the machine has already executed that step.
   */
  hasSteppedOverAccess(direction: Direction): boolean {
    const { watchStop, stopPoints } = this;
    if (watchStop?.direction !== direction || watchStop.position !== this.session.position) return false;
    return watchStop.ids.every((id) => !stopPoints.watched(id));
  }

  /**
   * Whether the next step may be part of a step over a breakpoint, for which gdb removes the breakpoint. A second step
   * in the same user command is not: by then, gdb has completed the step over the breakpoint.
   */
  mayStepOverBreakpoint(): boolean {
    return this.stopPoints.isRemovedAt(this.session.inspector.pc) && !this.hasStayed;
  }

  /** Call this when gdb has shown the stop to the user, who then enters the next command. */
  stopWasShown(): void {
    this.hasStayed = false;
  }

  /** gdb's thread n is hart n - 1. */
  get threadCount(): number {
    return this.session.target.harts.count;
  }

  get thread(): number {
    return 1 + (this.inspectedHart ?? this.session.target.harts.current);
  }

  /** The hart that corresponds to a thread. Without a thread, the hart that gdb selected for stepping. */
  hartToStep(thread?: number): number {
    if (thread !== undefined) return thread - 1;
    return this.steppedHart ?? this.session.target.harts.current;
  }

  /**
   * Declares that gdb expects only this hart to run until the next stop. The other harts run too, but breakpoints that
   * they hit are ignored.
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

  /** Whether the hart that gdb inspects is the current hart. Only the current hart can be modified. */
  get inspectsCurrentHart(): boolean {
    return this.thread === 1 + this.session.target.harts.current;
  }

  get inspector(): Inspector {
    const { session } = this;
    return this.inspectsCurrentHart ? session.inspector : session.target.inspect(this.thread - 1);
  }

  stopReply(): string {
    this.inspectedHart = undefined;
    const { reason, stopPoints, features, thread } = this;
    return stopReply(reason, stopPoints, features, { thread, registers: expeditedRegisters(this.inspector) });
  }
}
