import type { Position } from '../base/quantities.ts';
import { Inspector } from '../machine/inspector.ts';
import { type CodeContext, contextOf, isSameContext } from './codeContext.ts';
import { instructionAt } from './controlFlow.ts';
import type { Run, WantsPause } from './run.ts';
import type { Session } from './session.ts';
import type { StopReason } from './stopReason.ts';
import type { TrapMode } from '../isa/traps.ts';
import { handlersOf, trapAt } from './traps.ts';

const STEP: StopReason = { kind: 'step' };

/** Whether the step reached its internal breakpoint and none of the user's stop points. */
const isOwnBreakpoint = (reason: StopReason): boolean => reason.kind === 'breakpoint' && reason.ids.length === 0;

/**
 * Steps one instruction forward in the current frame. If an interrupt occurs during the step, its handler runs until it
 * returns, and the step continues. A raw step (`Session.stepInstruction`) would occasionally end in a timer interrupt
 * handler. Users do not expect to stop there, and other debuggers cannot step out of such a handler. Stop points inside
 * a handler still apply. A step does enter an exception handler, because the current code caused the exception.
 */
export class StepForward implements Run {
  private session: Session;
  private hart: number;
  /** Set after the instruction has executed, while the other harts are running their quanta. */
  private stepStart: StepStart | undefined;
  private interrupted: CodeContext | undefined;

  /** Steps the given hart. If another hart is current, the machine first runs to the given hart's next quantum. */
  constructor(session: Session, hart = session.inspector.hart) {
    this.session = session;
    this.hart = hart;
  }

  resume(wantsPause: WantsPause): StopReason {
    for (;;) {
      const stop = this.interrupted ? this.runToReturn(this.interrupted, wantsPause) : this.oneStep(wantsPause);
      if (stop) return stop;
      if (wantsPause()) return { kind: 'pause' };
    }
  }

  /** Returns undefined if the instruction has not executed yet. */
  private oneStep(wantsPause: WantsPause): StopReason | undefined {
    const { session, hart } = this;
    const { machine } = session.timeline;
    const reason = this.stepStart ? this.toOwnQuantum(wantsPause) : this.begin(wantsPause);
    if (reason.kind === 'pause' || !this.stepStart) return reason;
    const { before, instructions } = this.stepStart;
    this.stepStart = undefined;
    if (reason.kind !== 'step' || machine.instructionsOf(hart) !== instructions) return reason;
    // The step delivered an external event or skipped idle time; no instruction executed.
    if (session.inspector.pc === before.pc) return undefined;
    const trap = trapAt(session.inspector);
    if (!trap?.isInterrupt || trap.interrupted.pc !== before.pc) return reason;
    this.interrupted = before;
    return undefined;
  }

  private begin(wantsPause: WantsPause): StopReason {
    const { session, hart } = this;
    const reason = session.runToQuantumOf(hart, wantsPause);
    if (reason.kind !== 'step') return reason;
    this.stepStart = stepStartAt(session, hart);
    return session.stepInstruction(wantsPause);
  }

  private toOwnQuantum(wantsPause: WantsPause): StopReason {
    return this.session.runToQuantumOf(this.hart, wantsPause, { stopsAtStart: true });
  }

  private runToReturn(interrupted: CodeContext, wantsPause: WantsPause): StopReason | undefined {
    const { session } = this;
    const isBack = () => isSameContext(contextOf(session.inspector), interrupted);
    const reason = session.runTo([interrupted.pc], isBack, wantsPause);
    if (!isOwnBreakpoint(reason)) return reason;
    this.interrupted = undefined;
    return undefined;
  }
}

/** A hart's state before it executes a step. */
interface StepStart {
  before: CodeContext;
  instructions: number;
}

function stepStartAt({ timeline: { machine } }: Session, hart: number): StepStart {
  return { before: contextOf(new Inspector(machine, hart)), instructions: machine.instructionsOf(hart) };
}

/** Like StepForward, but runs a call until it returns: gdb's nexti. */
export class StepOverCall implements Run {
  private session: Session;
  private step: StepForward;
  private isCall: boolean;
  /** The context after the call has returned. */
  private returnContext: CodeContext;
  private isInside = false;

  constructor(session: Session) {
    this.session = session;
    this.step = new StepForward(session);
    const before = contextOf(session.inspector);
    const { flow, lengthBytes } = instructionAt(session.inspector, before.pc);
    this.isCall = flow === 'call';
    this.returnContext = { ...before, pc: before.pc + BigInt(lengthBytes) };
  }

  resume(wantsPause: WantsPause): StopReason {
    if (!this.isInside) {
      const reason = this.step.resume(wantsPause);
      if (reason.kind !== 'step' || !this.isCall || this.session.inspector.pc === this.returnContext.pc) return reason;
      this.isInside = true;
    }
    const { session, returnContext } = this;
    const isBack = () => isSameContext(contextOf(session.inspector), returnContext);
    return this.stepped(session.runTo([returnContext.pc], isBack, wantsPause));
  }

  private stepped(reason: StopReason): StopReason {
    if (!isOwnBreakpoint(reason)) return reason;
    return (this.session.reason = STEP);
  }
}

/** Steps back one instruction in the current frame. Skips the handlers of interrupts that occurred in between. */
export class StepBack implements Run {
  private session: Session;
  private hart: number;
  /** Set while stepping back through the quanta of other harts. */
  private stepStart: StepStart | undefined;
  private search: EntrySearch | undefined;

  /**
   * Steps the given hart. If another hart is current, the machine goes back to the position before the given hart's
   * last step.
   */
  constructor(session: Session, hart = session.inspector.hart) {
    this.session = session;
    this.hart = hart;
  }

  resume(wantsPause: WantsPause): StopReason {
    for (;;) {
      const stop = this.search ? this.searchEntry(this.search, wantsPause) : this.oneStep(wantsPause);
      if (stop) return stop;
      if (wantsPause()) return { kind: 'pause' };
    }
  }

  /** Returns undefined if the previous instruction has not been found yet. */
  private oneStep(wantsPause: WantsPause): StopReason | undefined {
    const { session, hart } = this;
    const { machine } = session.timeline;
    this.stepStart ??= stepStartAt(session, hart);
    const reason = session.stepBackInstruction(hart, wantsPause);
    if (reason.kind !== 'step') return reason;
    const { before: returned, instructions } = this.stepStart;
    this.stepStart = undefined;
    const { pc } = session.inspector;
    if (machine.instructionsOf(hart) === instructions) return pc === returned.pc ? undefined : reason;
    const { returnsFrom } = instructionAt(session.inspector, pc);
    if (returnsFrom === undefined) return reason;
    const handlers = handlersOf(session.inspector, returnsFrom);
    const isEntry = () => isEntryFrom(session, returnsFrom, returned);
    this.search = { run: session.runBackTo(handlers, isEntry), from: session.position };
    return undefined;
  }

  /**
   * Searches backward for the entry of the trap handler that returned. If the trap was an interrupt, moves to the
   * position before it and returns undefined, so that the step continues from there.
   */
  private searchEntry({ run, from }: EntrySearch, wantsPause: WantsPause): StopReason | undefined {
    const { session } = this;
    const reason = run.resume(wantsPause);
    const isInterrupt = isOwnBreakpoint(reason) && trapAt(session.inspector)!.isInterrupt;
    if (isInterrupt) {
      session.stepBackInstruction();
      this.search = undefined;
      return undefined;
    }
    if (!isOwnBreakpoint(reason) && reason.kind !== 'startOfRecording') return reason;
    // Either the current code caused an exception, whose handler is not skipped, or the return instruction did
    // something other than end a trap, such as start a new task.
    session.goTo(from);
    return (session.reason = STEP);
  }
}

interface EntrySearch {
  /** Runs backward to the entry of the handler that returned. */
  run: Run;
  /** The position of the return instruction. */
  from: Position;
}

/**
 * Call this at the first instruction of a trap handler. Returns whether the trap occurred at the instruction to which
 * the handler returned, or at the instruction before it.
 */
export function isEntryFrom({ inspector }: Session, mode: TrapMode, returned: CodeContext): boolean {
  if (inspector.privilege !== mode) return false;
  const { isInterrupt, interrupted } = trapAt(inspector)!;
  // An exception handler returns to the instruction that caused the exception (page fault) or to the next one (ecall).
  const skippedBytes = returned.pc - interrupted.pc;
  const isReturnAddress = skippedBytes === 0n || (!isInterrupt && (skippedBytes === 4n || skippedBytes === 2n));
  return isReturnAddress && isSameContext({ ...interrupted, pc: returned.pc }, returned);
}
