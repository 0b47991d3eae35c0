import { StepBack, StepForward, type StopReason } from '../engine/index.ts';
import type { Target, WantsPause } from './target.ts';

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
export function resume(target: Target, action: ResumeAction): Promise<string> {
  const { session } = target;
  switch (action.kind) {
    case 'continue':
      return target.run((wantsPause) => session.continue(wantsPause));
    case 'step': {
      const step = new StepForward(session, action.hart);
      return target.run((wantsPause) => step.run(wantsPause));
    }
    case 'range':
      return target.run(stepThrough(target, action));
  }
}

/** Runs backwards until there is a stop to report. Throws a UserError if there is no history. */
export function reverse(target: Target, action: 'continue' | 'step'): Promise<string> {
  const { session } = target;
  if (action === 'continue') return target.run((wantsPause) => session.reverseContinue(wantsPause), true);
  const step = new StepBack(session, target.hartToStep());
  return target.run((wantsPause) => step.run(wantsPause), true);
}

/** Executes a range step in slices. Each slice continues where the previous one paused. */
function stepThrough({ session, stopPoints }: Target, { hart, start, end }: Extract<ResumeAction, { kind: 'range' }>) {
  let step = new StepForward(session, hart);
  return (wantsPause: WantsPause): StopReason => {
    for (;;) {
      const reason = step.run(wantsPause);
      if (reason.kind !== 'step') return reason;
      const { pc } = session.inspector;
      if (pc < start || pc >= end) return reason;
      const ids = stopPoints.at(pc);
      if (ids.length > 0) return { kind: 'breakpoint', ids, pc };
      step = new StepForward(session, hart);
      if (wantsPause()) return { kind: 'pause' };
    }
  };
}
