import { type Sliced, stepBack, stepForward, type StopReason } from '../engine/index.ts';
import type { GdbClient } from './gdbClient.ts';

/** How to resume the machine. */
export type ResumeAction =
  | { kind: 'continue' }
  /** Steps one hart while the other harts run. */
  | { kind: 'step'; hart: number }
  /**
   * Steps one hart, instruction by instruction, as long as its pc is in [start, end), for example over a source line.
   */
  | { kind: 'range'; hart: number; start: bigint; end: bigint };

/**
 * Runs the machine forward until there is a stop to report. A step executes one instruction of the current code. If an
 * interrupt occurs during the step, its handler runs until it returns, as in QEMU's gdb server.
 */
export function resume(client: GdbClient, action: ResumeAction): Promise<string> {
  return client.run(runOf(client, action));
}

function runOf(client: GdbClient, action: ResumeAction): Sliced<StopReason> {
  const { session } = client;
  switch (action.kind) {
    case 'continue':
      return session.continue();
    case 'step':
      return client.hasSteppedOverAccess('forward') ? stayHere() : step(client, stepForward(session, action.hart));
    case 'range':
      return step(client, stepThrough(client, action));
  }
}

/** Runs the machine backward until there is a stop to report. Throws a UserError if there is no history. */
export function reverse(client: GdbClient, action: 'continue' | 'step'): Promise<string> {
  const { session } = client;
  session.checkHistory();
  return client.run(action === 'continue' ? session.reverseContinue() : stepBackward(client), 'backward');
}

const stepBackward = (client: GdbClient): Sliced<StopReason> =>
  client.hasSteppedOverAccess('backward') ? stayHere() : step(client, stepBack(client.session, client.hartToStep()));

/**
 * Executes a step. A step that reaches the start or end of history is reported as a step, and the next one, which
 * cannot move, is reported as the end. If gdb 13 learned of the end while stepping over a breakpoint, it could not
 * resume the machine again and would wait forever (`step_over_info` in gdb's infrun.c). If the step cannot move, but
 * gdb may be stepping over a breakpoint, gdb therefore learns of the end only in the next run.
 */
function* step(client: GdbClient, run: Sliced<StopReason>): Sliced<StopReason> {
  const { position } = client.session;
  const mayStepOverBreakpoint = client.mayStepOverBreakpoint();
  const reason = yield* run;
  const hasStepped = client.session.position !== position || mayStepOverBreakpoint;
  return isEndOfHistory(reason) && hasStepped ? { kind: 'step' } : reason;
}

const isEndOfHistory = ({ kind }: StopReason): boolean =>
  kind === 'startOfRecording' || kind === 'endOfRecording' || kind === 'ended';

/** A run that does nothing, for a step that the machine has already executed. */
// eslint-disable-next-line require-yield -- there is nothing to wait for
function* stayHere(): Sliced<StopReason> {
  return { kind: 'step' };
}

function* stepThrough(
  { session, stopPoints }: GdbClient,
  { hart, start, end }: Extract<ResumeAction, { kind: 'range' }>,
): Sliced<StopReason> {
  for (;;) {
    const reason = yield* stepForward(session, hart);
    if (reason.kind !== 'step') return reason;
    const { pc } = session.inspector;
    if (pc < start || pc >= end) return reason;
    const ids = stopPoints.at(pc);
    if (ids.length > 0) return { kind: 'breakpoint', ids, pc };
    yield* session.target.pause.point();
  }
}
