import type { Position } from '../base/quantities.ts';
import type { Symbols } from '../symbols/index.ts';
import { STACK_POINTER } from './codeContext.ts';
import { instructionAt } from './controlFlow.ts';
import { frameViewOf } from './frameView.ts';
import { StepBack, StepOverCall } from './instructionStep.ts';
import type { WantsPause } from './run.ts';
import type { Session } from './session.ts';
import type { StopReason } from './stopReason.ts';
import { StepLocation } from './stepLocation.ts';
import { ReverseLineStep } from './reverseLineStep.ts';

const never: WantsPause = () => false;
const PAUSED: StopReason = { kind: 'pause' };
const STEPPED: StopReason = { kind: 'step' };
const START: StopReason = { kind: 'startOfRecording' };

/**
 * Steps by source line in both directions, as in gdb (test/gdb/README.md lists the differences): over a line, into a
 * function, out to the caller. A reverse step over a line goes to the start of the line that was executed before it in
 * this frame, or from the start of a function to the caller's line. Calls, traps and interrupts on the way are skipped,
 * but breakpoints in them still apply.
 */
export class SourceSteps {
  private session: Session;
  private symbols: Symbols;

  constructor(session: Session, symbols: Symbols) {
    this.session = session;
    this.symbols = symbols;
  }

  stepOver(wantsPause: WantsPause = never): StopReason {
    return this.withReason(this.stepLine('over', wantsPause));
  }

  stepIn(wantsPause: WantsPause = never): StopReason {
    return this.withReason(this.stepLine('in', wantsPause));
  }

  /** Runs until the current function returns. */
  stepOut(wantsPause: WantsPause = never): StopReason {
    const frame = this.symbols.innermostFrame(frameViewOf(this.session.inspector));
    const caller = this.symbols.callerOf(frame);
    const { cfa } = frame;
    const { hart } = this.session.inspector;
    const isBack = () => this.session.inspector.hart === hart && this.sp >= cfa!;
    if (caller.kind !== 'caller' || cfa === undefined) return this.withReason(this.stepLine('over', wantsPause));
    const reason = this.session.runTo([caller.frame.pc], isBack, wantsPause);
    return this.withReason(this.asStep(reason));
  }

  /** Steps over one instruction, or over a whole call, regardless of source lines: gdb's nexti. */
  stepOverInstruction(wantsPause: WantsPause = never): StopReason {
    return this.withReason(new StepOverCall(this.session).resume(wantsPause));
  }

  /** Steps back over a line: gdb's reverse-next. */
  stepBack(wantsPause: WantsPause = never): StopReason {
    return this.withReason(this.stepLineBack('over', wantsPause));
  }

  /** Steps back into the last function that the line called: gdb's reverse-step. */
  reverseStepIn(wantsPause: WantsPause = never): StopReason {
    return this.withReason(this.stepLineBack('in', wantsPause));
  }

  /** Goes back to the call to the current function: gdb's reverse-finish. */
  reverseStepOut(wantsPause: WantsPause = never): StopReason {
    return this.withReason(this.backToCaller(wantsPause));
  }

  // --- forward ---------------------------------------------------------------------------------------------------------

  private stepLine(kind: 'over' | 'in', wantsPause: WantsPause): StopReason {
    const { session, symbols } = this;
    const location = new StepLocation(symbols, this.pc, 'forwards');
    for (;;) {
      if (wantsPause()) return PAUSED;
      const flow = instructionAt(session.inspector, this.pc).flow;
      const reason = this.stepOneInstruction(kind, wantsPause);
      if (reason.kind !== 'step') return reason;
      const { pc } = this;
      if (session.breakpointsAt(pc).length > 0) return { kind: 'breakpoint', ids: session.breakpointsAt(pc), pc };
      if (location.endsForwards(pc, { kind, isSameFrame: flow !== 'return' })) return STEPPED;
    }
  }

  /**
   * Executes one instruction. The handler of a trap or interrupt runs until it returns. A called function also runs
   * until it returns, unless the step enters it.
   */
  private stepOneInstruction(kind: 'over' | 'in', wantsPause: WantsPause): StopReason {
    const { session, symbols } = this;
    const { machine } = session.timeline;
    const { hart, privilege } = session.inspector;
    const before = { pc: this.pc, sp: this.sp };
    const { flow, lengthBytes } = instructionAt(session.inspector, before.pc);
    const retired = machine.instructionsOf(hart);
    const reason = session.stepInstruction(wantsPause);
    if (reason.kind !== 'step') return reason;
    const isThisHart = () => session.inspector.hart === hart;
    const hasReturned = () => isThisHart() && this.sp === before.sp && session.inspector.privilege === privilege;
    const next = before.pc + BigInt(lengthBytes);
    if (machine.instructionsOf(hart) === retired && this.pc !== before.pc) {
      // A trap handler returns to the same instruction (interrupt, page fault) or to the next one (ecall).
      return this.asStep(session.runTo([before.pc, next], hasReturned, wantsPause));
    }
    if (flow !== 'call' || this.pc === next) return STEPPED;
    const callee = symbols.functionAt(this.pc);
    if (kind === 'in' && callee?.line !== undefined)
      return this.enter(symbols.breakpointAddress(callee), isThisHart, wantsPause);
    return this.asStep(session.runTo([next], hasReturned, wantsPause));
  }

  /** Runs past a function's prologue. */
  private enter(address: bigint, isThisHart: () => boolean, wantsPause: WantsPause): StopReason {
    if (address === this.pc) return STEPPED;
    return this.asStep(this.session.runTo([address], isThisHart, wantsPause));
  }

  // --- backward --------------------------------------------------------------------------------------------------------

  private stepLineBack(kind: 'over' | 'in', wantsPause: WantsPause): StopReason {
    const { session, symbols } = this;
    const { travel } = session.timeline;
    if (!travel) return session.stepBackInstruction();
    const from = session.position;
    if (from === travel.start) return START;
    const landing = new ReverseLineStep({ session, symbols, kind, wantsPause }).run();
    if (landing === 'paused') return PAUSED;
    const stop = session.hasStopPoints ? this.userStopBetween(landing, from, wantsPause) : undefined;
    if (stop) return stop;
    travel.seekTo(landing);
    return landing === travel.start ? START : STEPPED;
  }

  /**
   * Finds the last of the user's stop points between `landing`, where the step would end, and `from`. A stop point at
   * `landing` counts.
   */
  private userStopBetween(landing: Position, from: Position, wantsPause: WantsPause): StopReason | undefined {
    const { session } = this;
    const travel = session.timeline.travel!;
    travel.seekTo(landing);
    const { pc } = this;
    travel.seekTo(from);
    const reason = this.asStep(session.runBackTo([pc], () => session.position === landing).resume(wantsPause));
    return reason.kind === 'step' || session.position < landing ? undefined : reason;
  }

  private backToCaller(wantsPause: WantsPause): StopReason {
    const { session, symbols } = this;
    const frame = symbols.innermostFrame(frameViewOf(session.inspector));
    const entry = symbols.functionAt(this.pc)?.low;
    if (entry === undefined || frame.cfa === undefined || !session.hasHistory)
      return this.stepLineBack('over', wantsPause);
    if (this.pc !== entry) {
      // At a function's first instruction, the stack pointer equals the CFA.
      const { hart } = session.inspector;
      const isEntry = () => session.inspector.hart === hart && this.sp === frame.cfa;
      const reason = this.asStep(session.runBackTo([entry], isEntry).resume(wantsPause));
      if (reason.kind !== 'step') return reason;
    }
    return new StepBack(session).resume(wantsPause);
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  private get pc(): bigint {
    return this.session.inspector.pc;
  }

  private get sp(): bigint {
    return this.session.inspector.register(STACK_POINTER);
  }

  /** If a run stopped at a breakpoint that is not one of the user's, it reached the target of the step. */
  private asStep(reason: StopReason): StopReason {
    return reason.kind === 'breakpoint' && reason.ids.length === 0 ? STEPPED : reason;
  }

  private withReason(reason: StopReason): StopReason {
    this.session.reason = reason;
    return reason;
  }
}
