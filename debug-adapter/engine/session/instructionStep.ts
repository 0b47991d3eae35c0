import type { Position } from '../base/quantities.ts';
import { Inspector } from '../machine/inspector.ts';
import { type CodeContext, contextOf, isSameContext } from './codeContext.ts';
import { instructionAt } from './controlFlow.ts';
import type { Session, WantsPause } from './session.ts';
import type { StopReason } from './stopReason.ts';
import { handlersOf, trapAt, type TrapMode } from './traps.ts';

/**
 * A step by one instruction of the code that stands there, either way: the interrupts that come in between run, and
 * are not stepped into. Raw steps (`Session.stepInstruction`) would now and then end in a timer's handler, where no
 * user wants to be and no debugger finds its way back from. Stop points inside a handler still count. Exceptions are
 * the code's own doing, so a step follows them into their handler.
 *
 * `run` is called again after each 'pause', until it says something else.
 */
export interface InstructionStep {
  run(wantsPause: WantsPause): StopReason;
}

const STEP: StopReason = { kind: 'step' };

/** Where one of the step's own places was reached, and no stop point of the user's. */
const isOwnPlace = (reason: StopReason): boolean => reason.kind === 'breakpoint' && reason.ids.length === 0;

export class StepForward implements InstructionStep {
  private session: Session;
  private hart: number;
  /** While its instruction has been, and others' turns run. */
  private begun: Begun | undefined;
  private interrupted: CodeContext | undefined;

  /** Of the hart whose step is next; of another one, its next turn is run to first. */
  constructor(session: Session, hart = session.inspector.hart) {
    this.session = session;
    this.hart = hart;
  }

  run(wantsPause: WantsPause): StopReason {
    for (;;) {
      const stop = this.interrupted ? this.toReturn(this.interrupted, wantsPause) : this.oneStep(wantsPause);
      if (stop) return stop;
      if (wantsPause()) return { kind: 'pause' };
    }
  }

  /** Undefined while the instruction is still to come. */
  private oneStep(wantsPause: WantsPause): StopReason | undefined {
    const { session, hart } = this;
    const { machine } = session.timeline;
    const reason = this.begun ? this.toOwnTurn(wantsPause) : this.begin(wantsPause);
    if (reason.kind === 'pause' || !this.begun) return reason;
    const { before, instructions } = this.begun;
    this.begun = undefined;
    if (reason.kind !== 'step' || machine.instructionsOf(hart) !== instructions) return reason;
    // An outside event, or idle time that passed.
    if (session.inspector.pc === before.pc) return undefined;
    const trap = trapAt(session.inspector);
    if (!trap?.isInterrupt || trap.from.pc !== before.pc) return reason;
    this.interrupted = before;
    return undefined;
  }

  private begin(wantsPause: WantsPause): StopReason {
    const { session, hart } = this;
    const reason = session.runToTurnOf(hart, wantsPause);
    if (reason.kind !== 'step') return reason;
    this.begun = begunAt(session, hart);
    return session.stepInstruction(wantsPause);
  }

  private toOwnTurn(wantsPause: WantsPause): StopReason {
    return this.session.runToTurnOf(this.hart, wantsPause, { stopsAtStart: true });
  }

  private toReturn(interrupted: CodeContext, wantsPause: WantsPause): StopReason | undefined {
    const { session } = this;
    const isBack = () => isSameContext(contextOf(session.inspector), interrupted);
    const reason = session.runTo([interrupted.pc], isBack, wantsPause);
    if (!isOwnPlace(reason)) return reason;
    this.interrupted = undefined;
    return undefined;
  }
}

/** A hart before its step. */
interface Begun {
  before: CodeContext;
  instructions: number;
}

function begunAt({ timeline: { machine } }: Session, hart: number): Begun {
  return { before: contextOf(new Inspector(machine, hart)), instructions: machine.instructionsOf(hart) };
}

/** The same, but a call runs until it is back: gdb's nexti. */
export class StepOverCall implements InstructionStep {
  private session: Session;
  private step: StepForward;
  private isCall: boolean;
  /** What stands there when the call is back. */
  private behind: CodeContext;
  private isInside = false;

  constructor(session: Session) {
    this.session = session;
    this.step = new StepForward(session);
    const before = contextOf(session.inspector);
    const { flow, lengthBytes } = instructionAt(session.inspector, before.pc);
    this.isCall = flow === 'call';
    this.behind = { ...before, pc: before.pc + BigInt(lengthBytes) };
  }

  run(wantsPause: WantsPause): StopReason {
    if (!this.isInside) {
      const reason = this.step.run(wantsPause);
      if (reason.kind !== 'step' || !this.isCall || this.session.inspector.pc === this.behind.pc) return reason;
      this.isInside = true;
    }
    const { session, behind } = this;
    const isBack = () => isSameContext(contextOf(session.inspector), behind);
    return this.stepped(session.runTo([behind.pc], isBack, wantsPause));
  }

  private stepped(reason: StopReason): StopReason {
    if (!isOwnPlace(reason)) return reason;
    return (this.session.reason = STEP);
  }
}

export class StepBack implements InstructionStep {
  private session: Session;
  private hart: number;
  /** While it is on its way back through others' turns. */
  private begun: Begun | undefined;
  private search: EntrySearch | undefined;

  /** Of the hart whose step is next, or of another one: to before that one's last step. */
  constructor(session: Session, hart = session.inspector.hart) {
    this.session = session;
    this.hart = hart;
  }

  run(wantsPause: WantsPause): StopReason {
    for (;;) {
      const stop = this.search ? this.searchOn(this.search, wantsPause) : this.oneStep(wantsPause);
      if (stop) return stop;
      if (wantsPause()) return { kind: 'pause' };
    }
  }

  /** Undefined while the instruction before is still to be found. */
  private oneStep(wantsPause: WantsPause): StopReason | undefined {
    const { session, hart } = this;
    const { machine } = session.timeline;
    this.begun ??= begunAt(session, hart);
    const reason = session.stepBackInstruction(hart, wantsPause);
    if (reason.kind !== 'step') return reason;
    const { before: returned, instructions } = this.begun;
    this.begun = undefined;
    const { pc } = session.inspector;
    if (machine.instructionsOf(hart) === instructions) return pc === returned.pc ? undefined : reason;
    const { returnsFrom } = instructionAt(session.inspector, pc);
    if (returnsFrom === undefined) return reason;
    const handlers = handlersOf(session.inspector, returnsFrom);
    this.search = { returned, mode: returnsFrom, handlers, from: session.position };
    return undefined;
  }

  /** Looks for the entry into the handler that returned; undefined to step on from before it. */
  private searchOn({ returned, mode, handlers, from }: EntrySearch, wantsPause: WantsPause): StopReason | undefined {
    const { session } = this;
    const reason = session.runBackTo(handlers, () => isEntryFrom(session, mode, returned), wantsPause);
    const isInterrupt = isOwnPlace(reason) && trapAt(session.inspector)!.isInterrupt;
    if (isInterrupt) {
      session.stepBackInstruction();
      this.search = undefined;
      return undefined;
    }
    if (!isOwnPlace(reason) && reason.kind !== 'startOfRecording') return reason;
    // An exception of this very code, whose handler is not skipped; or a return that was no trap's (a task's first
    // instruction, say).
    session.goTo(from);
    return (session.reason = STEP);
  }
}

interface EntrySearch {
  /** The code that the handler returned to. */
  returned: CodeContext;
  mode: TrapMode;
  handlers: readonly bigint[];
  /** Where its return stands. */
  from: Position;
}

/** At a handler's first instruction: whether what trapped is the code returned to, at that place or just before it. */
export function isEntryFrom({ inspector }: Session, mode: TrapMode, returned: CodeContext): boolean {
  if (inspector.privilege !== mode) return false;
  const { isInterrupt, from } = trapAt(inspector)!;
  // An exception returns to its instruction (page fault) or behind it (ecall).
  const skippedBytes = returned.pc - from.pc;
  const isPlace = skippedBytes === 0n || (!isInterrupt && (skippedBytes === 4n || skippedBytes === 2n));
  return isPlace && isSameContext({ ...from, pc: returned.pc }, returned);
}
