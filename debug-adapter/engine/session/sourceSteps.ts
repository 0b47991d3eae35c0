import type { Position } from '../base/quantities.ts';
import type { AddressRange, Symbols } from '../symbols/index.ts';
import { instructionAt } from './controlFlow.ts';
import { frameViewOf } from './frameView.ts';
import type { Session, WantsPause } from './session.ts';
import type { StopReason } from './stopReason.ts';
import { Trace } from './trace.ts';

/**
 * Stepping by source line, both ways. Forwards as gdb does: over a line, into a function past its prologue, out to the
 * caller. Backwards over a line means to the beginning of the line that ran before in this frame, or to the call in the
 * caller's frame at a function's start. Calls, traps and interrupts on the way are skipped whole; breakpoints in them
 * are not.
 */
const SP = 2;
const never: WantsPause = () => false;
const PAUSED: StopReason = { kind: 'pause' };
const STEPPED: StopReason = { kind: 'step' };

export class SourceSteps {
  private session: Session;
  private symbols: Symbols;

  constructor(session: Session, symbols: Symbols) {
    this.session = session;
    this.symbols = symbols;
  }

  stepOver(wantsPause: WantsPause = never): StopReason {
    return this.ended(this.stepLine('over', wantsPause));
  }

  stepIn(wantsPause: WantsPause = never): StopReason {
    return this.ended(this.stepLine('in', wantsPause));
  }

  /** To where this function returns to. */
  stepOut(wantsPause: WantsPause = never): StopReason {
    const frame = this.symbols.newestFrame(frameViewOf(this.session.inspector));
    const caller = this.symbols.callerOf(frame);
    const { cfa } = frame;
    if (caller.kind !== 'caller' || cfa === undefined) return this.ended(this.stepLine('over', wantsPause));
    const reason = this.session.runTo([caller.frame.pc], () => this.sp >= cfa, wantsPause);
    return this.ended(this.asStep(reason));
  }

  /** Reverse step over a line. */
  stepBack(wantsPause: WantsPause = never): StopReason {
    const { session } = this;
    const { travel } = session.timeline;
    if (!travel) return session.stepBackInstruction();
    if (session.position === travel.start) return this.ended({ kind: 'startOfRecording' });
    return this.ended(this.walkBack(new Trace(session, travel.start), wantsPause));
  }

  // --- forwards --------------------------------------------------------------------------------------------------------

  private stepLine(kind: 'over' | 'in', wantsPause: WantsPause): StopReason {
    const { session, symbols } = this;
    const startLine = symbols.lineAt(this.pc)?.line;
    const startFunction = symbols.functionAt(this.pc)?.low;
    let ranges = symbols.statementRanges(this.pc);
    for (;;) {
      if (wantsPause()) return PAUSED;
      const flow = instructionAt(session.inspector, this.pc).flow;
      const reason = this.stepOneInstruction(kind, wantsPause);
      if (reason.kind !== 'step') return reason;
      const { pc } = this;
      if (session.breakpointsAt(pc).length > 0) return { kind: 'breakpoint', ids: session.breakpointsAt(pc), pc };
      if (contains(ranges, pc)) continue;
      // Without lines a step is an instruction; a return lands inside the caller's line and stays there.
      const line = symbols.lineAt(pc);
      if (!line || ranges.length === 0 || flow === 'return') return STEPPED;
      const sameLine = line.line === startLine && symbols.functionAt(pc)?.low === startFunction;
      if (!sameLine && line.isStatement && line.start === pc) return STEPPED;
      ranges = symbols.statementRanges(pc);
    }
  }

  /** One instruction; a call (unless stepping in), trap or interrupt is run until it is back. */
  private stepOneInstruction(kind: 'over' | 'in', wantsPause: WantsPause): StopReason {
    const { session, symbols } = this;
    const { machine } = session.timeline;
    const before = { pc: this.pc, sp: this.sp, privilege: session.inspector.privilege };
    const { flow, lengthBytes } = instructionAt(session.inspector, before.pc);
    const retired = machine.instructions;
    const reason = session.stepInstruction();
    if (reason.kind !== 'step') return reason;
    const back = () => this.sp === before.sp && session.inspector.privilege === before.privilege;
    const next = before.pc + BigInt(lengthBytes);
    if (machine.instructions === retired && this.pc !== before.pc) {
      // A trap returns to the instruction (interrupt, page fault) or behind it (ecall).
      return this.asStep(session.runTo([before.pc, next], back, wantsPause));
    }
    if (flow !== 'call' || this.pc === next) return STEPPED;
    const callee = symbols.functionAt(this.pc);
    if (kind === 'in' && callee?.line !== undefined) return this.enter(symbols.breakpointAddress(callee), wantsPause);
    return this.asStep(session.runTo([next], back, wantsPause));
  }

  /** Past a function's prologue. */
  private enter(address: bigint, wantsPause: WantsPause): StopReason {
    if (address === this.pc) return STEPPED;
    return this.asStep(this.session.runTo([address], () => true, wantsPause));
  }

  // --- backwards -------------------------------------------------------------------------------------------------------

  private walkBack(trace: Trace, wantsPause: WantsPause): StopReason {
    const { session, symbols } = this;
    const travel = session.timeline.travel!;
    const from = session.position;
    let position = this.before(trace, from, wantsPause);
    if (typeof position !== 'number') return position;
    let ranges = symbols.statementRanges(trace.at(position).pc);
    while (ranges.length > 0 && position > travel.start) {
      if (wantsPause()) break;
      // Where a call led here this is the function's first line: before it is another frame.
      const last = trace.at(position - 1);
      if (last.isTrapEntry || (last.flow === 'call' && trace.at(position).pc !== last.pc + BigInt(last.lengthBytes)))
        break;
      const earlier: Position | StopReason = this.before(trace, position, wantsPause);
      if (typeof earlier !== 'number') return earlier;
      const { pc } = trace.at(earlier);
      if (!contains(ranges, pc)) {
        // A line that was entered in its middle, as loops do with their condition, is not a place to stop: as in gdb
        // what ran before it is.
        if (this.beginsLine(trace.at(position).pc)) break;
        ranges = symbols.statementRanges(pc);
      }
      position = earlier;
    }
    travel.seekTo(position);
    return position === travel.start ? { kind: 'startOfRecording' } : STEPPED;
  }

  private beginsLine(pc: bigint): boolean {
    const line = this.symbols.lineAt(pc);
    return line === undefined || (line.start === pc && line.isStatement);
  }

  /** The position before the last thing that happened in this frame, a whole call or trap being one thing. */
  private before(trace: Trace, position: Position, wantsPause: WantsPause): Position | StopReason {
    const last = trace.at(position - 1);
    if (last.flow !== 'return' && last.flow !== 'trapReturn') return position - 1;
    const { session } = this;
    session.timeline.travel!.seekTo(position);
    // A jump through a link register that leads behind no call, as into a trap handler, is no return.
    if (last.flow === 'return' && !this.isBehindCall()) return position - 1;
    const here = { pc: this.pc, sp: this.sp, privilege: session.inspector.privilege };
    const reason =
      last.flow === 'return'
        ? this.backToCall(here, wantsPause)
        : this.backToTrap(trace, position - 1, here, wantsPause);
    if (reason.kind !== 'step') return reason;
    return session.position;
  }

  private isBehindCall(): boolean {
    const { inspector } = this.session;
    return [2, 4].some((lengthBytes) => {
      const before = instructionAt(inspector, this.pc - BigInt(lengthBytes));
      return before.flow === 'call' && before.lengthBytes === lengthBytes;
    });
  }

  private backToCall(here: { pc: bigint; sp: bigint; privilege: number }, wantsPause: WantsPause): StopReason {
    const { session } = this;
    const { inspector } = session;
    const isCall = () =>
      this.sp === here.sp &&
      inspector.privilege === here.privilege &&
      instructionAt(inspector, this.pc).flow === 'call' &&
      this.pc + BigInt(instructionAt(inspector, this.pc).lengthBytes) === here.pc;
    return this.asStep(session.runBackTo([here.pc - 4n, here.pc - 2n], isCall, wantsPause));
  }

  /** The handler's first instruction, with this pc as the one to return to; the step before it is the trap. */
  private backToTrap(
    trace: Trace,
    returned: Position,
    here: { pc: bigint; sp: bigint; privilege: number },
    wantsPause: WantsPause,
  ): StopReason {
    const { session } = this;
    const { inspector } = session;
    const isMachine = trace.at(returned).privilege === 3;
    session.timeline.travel!.seekTo(returned);
    const [vector, epc] = isMachine ? [CSR.mtvec, CSR.mepc] : [CSR.stvec, CSR.sepc];
    const base = inspector.csr(vector)! & ~3n;
    const entries = inspector.csr(vector)! & 1n ? Array.from({ length: 16 }, (_, i) => base + BigInt(4 * i)) : [base];
    const returnsHere = () => {
      const saved = inspector.csr(epc)!;
      return this.sp === here.sp && (saved === here.pc || saved === here.pc - 4n || saved === here.pc - 2n);
    };
    const reason = this.asStep(session.runBackTo(entries, returnsHere, wantsPause));
    if (reason.kind === 'step') session.stepBackInstruction();
    return reason;
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  private get pc(): bigint {
    return this.session.inspector.pc;
  }

  private get sp(): bigint {
    return this.session.inspector.register(SP);
  }

  /** A stop at no breakpoint of the user's is where the step wanted to get. */
  private asStep(reason: StopReason): StopReason {
    return reason.kind === 'breakpoint' && reason.ids.length === 0 ? STEPPED : reason;
  }

  private ended(reason: StopReason): StopReason {
    this.session.reason = reason;
    return reason;
  }
}

/** Privileged Architecture, "CSR Listing". */
const CSR = { stvec: 0x105, sepc: 0x141, mtvec: 0x305, mepc: 0x341 } as const;

const contains = (ranges: readonly AddressRange[], pc: bigint): boolean =>
  ranges.some(({ start, end }) => start <= pc && pc < end);
