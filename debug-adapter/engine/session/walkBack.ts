import type { Position } from '../base/quantities.ts';
import type { Inspector } from '../machine/inspector.ts';
import type { Symbols } from '../symbols/index.ts';
import { contextOf, isSameContext } from './codeContext.ts';
import { instructionAt } from './controlFlow.ts';
import { isEntryFrom } from './instructionStep.ts';
import { LinePlace } from './linePlace.ts';
import type { Session, WantsPause } from './session.ts';
import type { StopReason } from './stopReason.ts';
import { Trace, type TracedStep } from './trace.ts';
import { handlersOf } from './traps.ts';

/**
 * A walk backwards to the beginning of a line (linePlace.ts says where that is): from the middle of a line to its
 * beginning, from there to the beginning of what ran before it in this frame. A function's first instruction is no place
 * to stop: before it is the call, and the beginning of the caller's line. What returned is skipped whole (`over`), or
 * entered at its last line where it has lines (`in`). Traps and interrupts are always skipped.
 *
 * It only looks and moves the machine about; what counts is the position it says. Stop points of the user's are not
 * heeded.
 */
export type Landing = Position | 'paused';

/** How the walk came from one instruction to the one before. */
type Move =
  /** In the same frame, over whatever returned. */
  | 'within'
  /** From a function's or handler's start to who called or was interrupted. */
  | 'out'
  /** Into the end of what returned. */
  | 'in';

export class WalkBack {
  private session: Session;
  private symbols: Symbols;
  private kind: 'over' | 'in';
  private wantsPause: WantsPause;
  private trace: Trace;
  private position: Position;
  private pc: bigint;
  private place: LinePlace;
  /** Entered by `in`: the first beginning of a row ends the walk. */
  private isInCallee = false;

  constructor(options: { session: Session; symbols: Symbols; kind: 'over' | 'in'; wantsPause: WantsPause }) {
    const { session, symbols } = options;
    this.session = session;
    this.symbols = symbols;
    this.kind = options.kind;
    this.wantsPause = options.wantsPause;
    this.trace = new Trace(session, session.timeline.travel!.start);
    this.position = session.position;
    this.pc = session.inspector.pc;
    this.place = new LinePlace(symbols, this.pc, 'backwards');
  }

  /** When it was paused the machine stands where the walk had come to. */
  run(): Landing {
    const travel = this.session.timeline.travel!;
    while (this.position > travel.start) {
      if (this.wantsPause()) {
        travel.seekTo(this.position);
        return 'paused';
      }
      const move = this.goBack();
      if (move === 'paused') return 'paused';
      if (move !== 'nowhere' && this.isPlace(move)) break;
    }
    return this.position;
  }

  /** 'nowhere': idle time, an outside event or an interrupt that is over; no instruction of this frame. */
  private goBack(): Move | 'nowhere' | 'paused' {
    const last = this.trace.at(this.position - 1);
    const to = this.before(last);
    if (to === 'paused') return 'paused';
    const { pc } = this.trace.at(to);
    const isStep = to === this.position - 1;
    const isSkippedTrap = !isStep && last.flow === 'trapReturn';
    const move = isStep ? moveOf(last, this.pc) : 'within';
    const isNothing = pc === this.pc && (isSkippedTrap || !last.isExecuted);
    this.position = to;
    this.pc = pc;
    return isNothing ? 'nowhere' : move;
  }

  /** Whether the walk ends at the instruction it has come to. */
  private isPlace(move: Move): boolean {
    const { pc, kind, place } = this;
    if (move === 'in') this.isInCallee = true;
    return this.isInCallee ? place.beginsRow(pc) : place.endsBackwards(pc, { kind, isSameFrame: move === 'within' });
  }

  // --- one thing back --------------------------------------------------------------------------------------------------

  /** The position before the last thing that happened in this frame, a whole call or trap being one thing. */
  private before(last: TracedStep): Landing {
    const step = this.position - 1;
    if (!last.isExecuted) return step;
    switch (last.flow) {
      case 'trapReturn':
        return this.beforeTrap(step, last);
      case 'return':
        return this.kind === 'in' && this.symbols.lineAt(last.pc) ? step : this.beforeCall(step);
      default:
        return step;
    }
  }

  private beforeCall(step: Position): Landing {
    const { session } = this;
    const { inspector } = session;
    session.timeline.travel!.seekTo(step + 1);
    const here = contextOf(this.trace.inspector);
    const isCall = () => {
      const { flow, lengthBytes } = instructionAt(inspector, inspector.pc);
      const behind = { ...contextOf(inspector), pc: inspector.pc + BigInt(lengthBytes) };
      return flow === 'call' && isSameContext(behind, here);
    };
    // A jump through a link register that leads behind no call, as into a trap handler, is no return: nothing to search.
    const calls = [here.pc - 4n, here.pc - 2n].filter((pc) => endsInCall(inspector, pc, here.pc));
    return calls.length > 0 ? this.found(session.findBack(calls, isCall, this.wantsPause), step) : step;
  }

  private beforeTrap(step: Position, { returnsFrom }: TracedStep): Landing {
    const { session } = this;
    const travel = session.timeline.travel!;
    travel.seekTo(step + 1);
    const here = contextOf(this.trace.inspector);
    travel.seekTo(step);
    const handlers = handlersOf(this.trace.inspector, returnsFrom!);
    const isEntry = () => isEntryFrom(session, returnsFrom!, here);
    const found = this.found(session.findBack(handlers, isEntry, this.wantsPause), step);
    // The step before the handler's first instruction is the trap.
    if (found === 'paused' || found === step) return found;
    let trap = found - 1;
    while (trap > travel.start && this.trace.at(trap).isOthers) trap--;
    return trap;
  }

  /** Where nothing led here (a jump out of deep calls, another task's stack) the step before is what there is. */
  private found(reason: StopReason, otherwise: Position): Landing {
    if (reason.kind === 'pause') return 'paused';
    return reason.kind === 'breakpoint' ? this.session.position : otherwise;
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
