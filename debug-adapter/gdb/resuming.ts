import {
  errors,
  type Run,
  runBackward,
  runForward,
  StepBack,
  StepForward,
  type StopReason,
  type WantsPause,
} from '../engine/index.ts';
import type { GdbClient } from './gdbClient.ts';

/** How to resume the machine. */
export type ResumeAction =
  | { kind: 'continue' }
  /** Steps one hart while the other harts run. */
  | { kind: 'step'; hart: number }
  /** Steps instructions while pc is in [start, end), for example, over a source line. */
  | { kind: 'range'; hart: number; start: bigint; end: bigint };

/**
 * Runs the machine forwards until there is a stop to report. A step executes one instruction of the current code. As in
 * QEMU's gdb server, the handlers of interrupts that occur during the step run until they return.
 */
export function resume(client: GdbClient, action: ResumeAction): Promise<string> {
  return client.run(runOf(client, action));
}

function runOf(client: GdbClient, action: ResumeAction): Run {
  const { session } = client;
  switch (action.kind) {
    case 'continue':
      return runForward(session);
    case 'step':
      return new StepForward(session, action.hart);
    case 'range':
      return new RangeStep(client, action);
  }
}

/** Runs backwards until there is a stop to report. Throws a UserError if there is no history. */
export function reverse(client: GdbClient, action: 'continue' | 'step'): Promise<string> {
  const { session } = client;
  if (!session.hasHistory) throw errors.noHistory();
  const run = action === 'continue' ? runBackward(session) : new StepBack(session, client.hartToStep());
  return client.run(run, 'backward');
}

class RangeStep implements Run {
  private client: GdbClient;
  private range: Extract<ResumeAction, { kind: 'range' }>;
  private step: StepForward;

  constructor(client: GdbClient, range: Extract<ResumeAction, { kind: 'range' }>) {
    this.client = client;
    this.range = range;
    this.step = new StepForward(client.session, range.hart);
  }

  resume(wantsPause: WantsPause): StopReason {
    const { session, stopPoints } = this.client;
    const { hart, start, end } = this.range;
    for (;;) {
      const reason = this.step.resume(wantsPause);
      if (reason.kind !== 'step') return reason;
      const { pc } = session.inspector;
      if (pc < start || pc >= end) return reason;
      const ids = stopPoints.at(pc);
      if (ids.length > 0) return { kind: 'breakpoint', ids, pc };
      this.step = new StepForward(session, hart);
      if (wantsPause()) return { kind: 'pause' };
    }
  }
}
