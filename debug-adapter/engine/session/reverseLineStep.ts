import type { Position } from '../base/quantities.ts';
import { PAUSED, type Sliced } from '../base/sliced.ts';
import type { Inspector } from '../target/inspector.ts';
import type { Symbols } from '../symbols/index.ts';
import { contextOf, isSameContext } from './codeContext.ts';
import { instructionAt } from './controlFlow.ts';
import { enteredAtStop } from './inlineFrames.ts';
import { isEntryFrom } from './instructionStep.ts';
import { StepLocation } from './stepLocation.ts';
import type { Session } from './session.ts';
import type { StopReason } from './stopReason.ts';
import { Trace, type TracedStep } from './trace.ts';
import { handlersOf } from './traps.ts';

/** How a backward move reached the previous instruction. */
type Move =
  /** Within the same frame, possibly over a call that returned. */
  | 'within'
  /** From the start of a function to its caller, or from the start of a trap handler to the interrupted code. */
  | 'out'
  /** Into the end of a function that returned. */
  | 'in';

/**
 * Finds the position where a reverse line step ends (see StepLocation for the rules). A step from the middle of a line
 * ends at the start of that line. A step from the start of a line ends at the start of the line that was executed
 * before it in this frame. The step does not end at a function's first instruction: it continues through the call to
 * the start of the caller's line. Called functions are skipped (`over`), or entered at the last line that they executed
 * if they have line information (`in`). Traps and interrupts are always skipped.
 *
 * The search changes the machine's position; only the returned position matters. The search ignores the user's stop
 * points.
 */
export class ReverseLineStep {
  private session: Session;
  private symbols: Symbols;
  private kind: 'over' | 'in';
  private trace: Trace;
  private position: Position;
  private pc: bigint;
  private location: StepLocation;
  /** Set after an `in` move. The step then ends as soon as it reaches the start of a line table row. */
  private isInCallee = false;

  constructor(options: { session: Session; symbols: Symbols; kind: 'over' | 'in' }) {
    const { session, symbols } = options;
    this.session = session;
    this.symbols = symbols;
    this.kind = options.kind;
    this.trace = new Trace(session, session.history.start);
    this.position = session.position;
    this.pc = session.inspector.pc;
    this.location = new StepLocation(symbols, this.pc, 'backwards', enteredAtStop(session));
  }

  /** Returns the position where the step ends. During a pause, the machine is at the position reached so far. */
  *run(): Sliced<Position> {
    const { session } = this;
    const { start } = session.history;
    while (this.position > start) {
      if (session.target.pause.isWanted()) {
        yield* session.moveTo(this.position);
        yield PAUSED;
      }
      const move = yield* this.stepBack();
      if (move !== 'nowhere' && this.isLocation(move)) break;
    }
    return this.position;
  }

  /**
   * Moves back by one instruction. Returns 'nowhere' if it instead moved back over idle time, an external event or a
   * completed interrupt, which are not instructions of this frame.
   */
  private *stepBack(): Sliced<Move | 'nowhere'> {
    const last = yield* this.trace.at(this.position - 1);
    const to = yield* this.before(last);
    const { pc } = yield* this.trace.at(to);
    const isStep = to === this.position - 1;
    const move = isStep ? moveOf(last, this.pc) : 'within';
    const isNotInstruction = pc === this.pc && (!isStep || !last.isExecuted);
    this.position = to;
    this.pc = pc;
    return isNotInstruction ? 'nowhere' : move;
  }

  /** Whether the step ends at the current instruction. */
  private isLocation(move: Move): boolean {
    const { pc, kind, location } = this;
    if (move === 'in') this.isInCallee = true;
    return this.isInCallee
      ? location.enterRow(pc)
      : location.endsBackwards(pc, { kind, isSameFrame: move === 'within' });
  }

  // --- one event back --------------------------------------------------------------------------------------------------

  /** The position before the last event in this frame. A whole call or trap counts as one event. */
  private *before(last: TracedStep): Sliced<Position> {
    const step = this.position - 1;
    if (!last.isExecuted) return step;
    switch (last.flow) {
      case 'trapReturn':
        return yield* this.beforeTrap(step, last);
      case 'return':
        return this.kind === 'in' && this.symbols.lineAt(last.pc) ? step : yield* this.beforeCall(step);
      default:
        return step;
    }
  }

  private *beforeCall(step: Position): Sliced<Position> {
    const { session } = this;
    const { inspector } = session;
    yield* session.moveTo(step + 1);
    const current = contextOf(this.trace.inspector);
    const isCall = () => {
      const { flow, lengthBytes } = instructionAt(inspector, inspector.pc);
      const afterCall = { ...contextOf(inspector), pc: inspector.pc + BigInt(lengthBytes) };
      return flow === 'call' && isSameContext(afterCall, current);
    };
    // If the instruction before the return address is not a call, the jump through a link register was not a return
    // (trap handlers may contain such jumps), so there is no call to search for.
    const calls = [current.pc - 4n, current.pc - 2n].filter((pc) => endsInCall(inspector, pc, current.pc));
    if (calls.length === 0) return step;
    return (yield* this.find(session.searchBackward(calls, isCall))) ?? step;
  }

  private *beforeTrap(step: Position, { returnsFrom }: TracedStep): Sliced<Position> {
    const { session } = this;
    yield* session.moveTo(step + 1);
    const current = contextOf(this.trace.inspector);
    const handlers = handlersOf(this.trace.inspector, returnsFrom!);
    const isEntry = () => isEntryFrom(session, returnsFrom!, current);
    const entry = yield* this.find(session.searchBackward(handlers, isEntry));
    if (entry === undefined) return step;
    // The trap is this hart's last step before the handler's first instruction, unless the history starts after it.
    const { start } = session.history;
    let trap = Math.max(start, entry - 1);
    while (trap > start && (yield* this.trace.at(trap)).isOthers) trap--;
    return trap;
  }

  /**
   * The position that a search finds; undefined if it finds nothing, for example after a longjmp or a switch to another
   * task's stack.
   */
  private *find(search: Sliced<StopReason>): Sliced<Position | undefined> {
    const reason = yield* search;
    return reason.kind === 'breakpoint' ? this.session.position : undefined;
  }
}

function endsInCall(inspector: Inspector, pc: bigint, end: bigint): boolean {
  const { flow, lengthBytes } = instructionAt(inspector, pc);
  return flow === 'call' && pc + BigInt(lengthBytes) === end;
}

function moveOf(last: TracedStep, pc: bigint): Move {
  if (!last.isExecuted) return 'out';
  if (last.flow === 'return') return 'in';
  return last.flow === 'call' && pc !== last.pc + BigInt(last.lengthBytes) ? 'out' : 'within';
}
