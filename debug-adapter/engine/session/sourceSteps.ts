import type { Position } from '../base/quantities.ts';
import type { Sliced } from '../base/sliced.ts';
import type { Symbols } from '../symbols/index.ts';
import { STACK_POINTER } from './codeContext.ts';
import { instructionAt } from './controlFlow.ts';
import { frameViewOf } from './frameView.ts';
import { enteredAtStop } from './inlineFrames.ts';
import { stepBack, stepOverCall } from './instructionStep.ts';
import type { Session } from './session.ts';
import type { StopReason } from './stopReason.ts';
import { StepLocation } from './stepLocation.ts';
import { calledFunction } from './thunks.ts';
import { ReverseLineStep } from './reverseLineStep.ts';

const STEPPED: StopReason = { kind: 'step' };
const START: StopReason = { kind: 'startOfRecording' };

/**
 * Steps by source line in both directions, as in gdb (test/gdb/README.md lists the differences): over a line, into a
 * function, out to the caller. A reverse step over a line goes to the start of the line that was executed before it in
 * this frame or, from the start of a function, to the caller's line. Steps skip calls, traps and interrupts, but
 * breakpoints in them still apply.
 */
export class SourceSteps {
  private session: Session;
  private symbols: Symbols;

  constructor(session: Session, symbols: Symbols) {
    this.session = session;
    this.symbols = symbols;
  }

  stepOver(): Sliced<StopReason> {
    return this.withReason(this.stepLine('over'));
  }

  stepIn(): Sliced<StopReason> {
    return this.withReason(this.stepLine('in'));
  }

  /** Runs until the current function returns. */
  stepOut(): Sliced<StopReason> {
    return this.withReason(this.runToCaller());
  }

  /** Steps over one instruction, or over a whole call, regardless of source lines: gdb's nexti. */
  stepOverInstruction(): Sliced<StopReason> {
    return this.withReason(stepOverCall(this.session));
  }

  /** Steps back over a line: gdb's reverse-next. */
  stepBack(): Sliced<StopReason> {
    return this.withReason(this.stepLineBack('over'));
  }

  /** Steps back into the last function that the line called: gdb's reverse-step. */
  reverseStepIn(): Sliced<StopReason> {
    return this.withReason(this.stepLineBack('in'));
  }

  /** Goes back to where the current function was called: gdb's reverse-finish. */
  reverseStepOut(): Sliced<StopReason> {
    return this.withReason(this.backToCaller());
  }

  // --- forward ---------------------------------------------------------------------------------------------------------

  private *stepLine(kind: 'over' | 'in'): Sliced<StopReason> {
    const { session, symbols } = this;
    const location = new StepLocation(symbols, this.pc, 'forwards', enteredAtStop(session));
    for (;;) {
      const flow = instructionAt(session.inspector, this.pc).flow;
      const reason = yield* this.stepOneInstruction(kind);
      if (reason.kind !== 'step') return reason;
      const { pc } = this;
      if (session.stopPoints.at(pc).length > 0) return { kind: 'breakpoint', ids: session.stopPoints.at(pc), pc };
      if (location.endsForwards(pc, { kind, isSameFrame: flow !== 'return' })) return STEPPED;
    }
  }

  /**
   * Executes one instruction. The handler of a trap or interrupt runs until it returns. A called function also runs
   * until it returns, unless the step enters it.
   */
  private *stepOneInstruction(kind: 'over' | 'in'): Sliced<StopReason> {
    const { session, symbols } = this;
    const { target, inspector } = session;
    const { hart, privilege } = inspector;
    const before = { pc: this.pc, sp: this.sp };
    const { flow, lengthBytes } = instructionAt(inspector, before.pc);
    const retired = target.harts.instructionsOf(hart);
    const reason = yield* session.stepInstruction();
    if (reason.kind !== 'step') return reason;
    const isThisHart = () => inspector.hart === hart;
    const hasReturned = () => isThisHart() && this.sp === before.sp && inspector.privilege === privilege;
    const next = before.pc + BigInt(lengthBytes);
    if (target.harts.instructionsOf(hart) === retired && this.pc !== before.pc) {
      // A trap handler returns to the same instruction (interrupt, page fault) or to the next one (ecall).
      return yield* this.asStep(session.runTo([before.pc, next], hasReturned));
    }
    if (flow !== 'call' || this.pc === next) return STEPPED;
    const callee = kind === 'in' ? calledFunction(symbols, this.pc) : undefined;
    if (callee && symbols.lineAt(callee.low)) {
      return yield* this.enter(symbols.breakpointAddress(callee), isThisHart);
    }
    return yield* this.asStep(session.runTo([next], hasReturned));
  }

  /** Runs past a function's prologue. */
  private *enter(address: bigint, isThisHart: () => boolean): Sliced<StopReason> {
    if (address === this.pc) return STEPPED;
    return yield* this.asStep(this.session.runTo([address], isThisHart));
  }

  private *runToCaller(): Sliced<StopReason> {
    const { session, symbols } = this;
    const frame = symbols.innermostFrame(frameViewOf(session.inspector));
    let caller = symbols.callerOf(frame);
    // A function that ended with a tail call has already finished.
    while (caller.kind === 'caller' && caller.frame.isTailCall) caller = symbols.callerOf(caller.frame);
    const { cfa } = frame;
    const { hart } = session.inspector;
    if (caller.kind !== 'caller' || cfa === undefined) return yield* this.stepLine('over');
    const isBack = () => session.inspector.hart === hart && this.sp >= cfa;
    return yield* this.asStep(session.runTo([caller.frame.pc], isBack));
  }

  // --- backward --------------------------------------------------------------------------------------------------------

  private *stepLineBack(kind: 'over' | 'in'): Sliced<StopReason> {
    const { session, symbols } = this;
    const { start } = session.history;
    const from = session.position;
    if (from === start) return START;
    const landing = yield* new ReverseLineStep({ session, symbols, kind }).run();
    const stop = session.stopPoints.areSet ? yield* this.userStopBetween(landing, from) : undefined;
    if (stop) return stop;
    yield* session.moveTo(landing);
    return landing === start ? START : STEPPED;
  }

  /**
   * Finds the last of the user's stop points between `landing`, where the step would end, and `from`. A stop point at
   * `landing` counts.
   */
  private *userStopBetween(landing: Position, from: Position): Sliced<StopReason | undefined> {
    const { session } = this;
    yield* session.moveTo(landing);
    const { pc } = this;
    yield* session.moveTo(from);
    const reason = yield* this.asStep(session.runBackTo([pc], () => session.position === landing));
    return reason.kind === 'step' ? undefined : reason;
  }

  private *backToCaller(): Sliced<StopReason> {
    const { session, symbols } = this;
    const frame = symbols.innermostFrame(frameViewOf(session.inspector));
    const entry = symbols.functionAt(this.pc)?.low;
    if (entry === undefined || frame.cfa === undefined || !session.hasHistory) return yield* this.stepLineBack('over');
    if (this.pc !== entry) {
      // At a function's first instruction, the stack pointer equals the CFA.
      const { hart } = session.inspector;
      const isEntry = () => session.inspector.hart === hart && this.sp === frame.cfa;
      const reason = yield* this.asStep(session.runBackTo([entry], isEntry));
      if (reason.kind !== 'step') return reason;
    }
    return yield* stepBack(session);
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  private get pc(): bigint {
    return this.session.inspector.pc;
  }

  private get sp(): bigint {
    return this.session.inspector.register(STACK_POINTER);
  }

  /** If a run stopped at a breakpoint that is not one of the user's, it reached the target of the step. */
  private *asStep(run: Sliced<StopReason>): Sliced<StopReason> {
    const reason = yield* run;
    return reason.kind === 'breakpoint' && reason.ids.length === 0 ? STEPPED : reason;
  }

  private *withReason(step: Sliced<StopReason>): Sliced<StopReason> {
    return (this.session.reason = yield* step);
  }
}
