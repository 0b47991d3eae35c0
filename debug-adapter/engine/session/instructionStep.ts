import type { Position } from '../base/quantities.ts';
import type { Sliced } from '../base/sliced.ts';
import type { Inspector } from '../target/inspector.ts';
import { type CodeContext, contextOf, isSameContext } from './codeContext.ts';
import { instructionAt } from './controlFlow.ts';
import type { Session } from './session.ts';
import type { StopReason } from './stopReason.ts';
import type { TrapMode } from '../isa/traps.ts';
import { handlersOf, trapAt } from './traps.ts';

// These functions step one instruction of the current code, forward or backward. If an interrupt occurs during the
// step, its handler runs until it returns, and the step continues. A raw step (`Session.stepInstruction`) would
// occasionally end in a timer interrupt handler. Users do not expect to stop there, and other debuggers cannot step out
// of such a handler. Stop points inside a handler still apply. A step does enter an exception handler, because the
// current code caused the exception.

const STEP: StopReason = { kind: 'step' };

/** Whether the step reached its internal breakpoint and none of the user's stop points. */
const isOwnBreakpoint = (reason: StopReason): boolean => reason.kind === 'breakpoint' && reason.ids.length === 0;

/**
 * Steps one instruction forward in the current frame of a hart. If another hart is current, the machine first runs to
 * the given hart's next quantum.
 */
export function* stepForward(session: Session, hart = session.inspector.hart): Sliced<StopReason> {
  const { target, inspector } = session;
  for (;;) {
    const own = yield* session.runToQuantumOf(hart);
    if (own.kind !== 'step') return own;
    const before = contextOf(target.inspect(hart));
    const instructions = target.harts.instructionsOf(hart);
    const reason = yield* session.stepInstruction();
    if (reason.kind !== 'step' || target.harts.instructionsOf(hart) !== instructions) return reason;
    // If pc is unchanged, the step delivered an external event or skipped idle time; otherwise, a trap occurred.
    if (inspector.pc !== before.pc) {
      const trap = trapAt(inspector);
      if (!trap?.isInterrupt || trap.interrupted.pc !== before.pc) return reason;
      const returned = yield* session.runTo([before.pc], isAt(inspector, before));
      if (!isOwnBreakpoint(returned)) return returned;
    }
  }
}

/** Like stepForward for the current hart, but steps over calls, as gdb's nexti does. */
export function* stepOverCall(session: Session): Sliced<StopReason> {
  const { inspector } = session;
  const before = contextOf(inspector);
  const { flow, lengthBytes } = instructionAt(inspector, before.pc);
  const afterCall = { ...before, pc: before.pc + BigInt(lengthBytes) };
  const reason = yield* stepForward(session);
  if (reason.kind !== 'step' || flow !== 'call' || inspector.pc === afterCall.pc) return reason;
  const returned = yield* session.runTo([afterCall.pc], isAt(inspector, afterCall));
  return isOwnBreakpoint(returned) ? (session.reason = STEP) : returned;
}

/**
 * Steps back one instruction in the current frame of a hart. Skips the handlers of interrupts that occurred between the
 * two instructions. If another hart is current, the machine goes back to the position before the given hart's last
 * step.
 */
export function* stepBack(session: Session, hart = session.inspector.hart): Sliced<StopReason> {
  const { target, inspector } = session;
  for (;;) {
    const returned = contextOf(target.inspect(hart));
    const instructions = target.harts.instructionsOf(hart);
    const reason = yield* session.stepBackInstruction(hart);
    if (reason.kind !== 'step') return reason;
    if (target.harts.instructionsOf(hart) === instructions) {
      if (inspector.pc !== returned.pc) return reason;
    } else {
      const { returnsFrom: mode } = instructionAt(inspector, inspector.pc);
      if (mode === undefined) return reason;
      const stop = yield* backToInterrupted(session, { mode, returned, from: session.position });
      if (stop) return stop;
    }
    yield* target.pause.point();
  }
}

/**
 * Searches backward for the entry to the trap handler that returned. If the trap was an interrupt, moves to the
 * position before it and returns undefined, so that the step continues from there.
 *
 * `mode` is the mode of the handler, `returned` is the code to which it returned, and `from` is the position of its
 * return instruction.
 */
function* backToInterrupted(
  session: Session,
  { mode, returned, from }: { mode: TrapMode; returned: CodeContext; from: Position },
): Sliced<StopReason | undefined> {
  const { inspector } = session;
  const handlers = handlersOf(inspector, mode);
  const reason = yield* session.runBackTo(handlers, () => isEntryFrom(session, mode, returned));
  if (isOwnBreakpoint(reason) && trapAt(inspector)!.isInterrupt) {
    yield* session.stepBackInstruction();
    return undefined;
  }
  if (!isOwnBreakpoint(reason) && reason.kind !== 'startOfRecording') return reason;
  // Either the current code caused an exception, whose handler is not skipped, or the return instruction did something
  // other than returning from a trap, such as starting a new task.
  yield* session.moveTo(from);
  return (session.reason = STEP);
}

const isAt = (inspector: Inspector, context: CodeContext) => () => isSameContext(contextOf(inspector), context);

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
