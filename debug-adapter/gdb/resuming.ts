import { StepBack, StepForward, type StopReason } from '../engine/index.ts';
import type { Target, WantsPause } from './target.ts';

/**
 * The packets that let the machine run, both ways, until there is something to report. A step is one instruction of
 * the code that stands there: interrupts in between run and are not stepped into, as in QEMU's gdb server.
 */
export type Resumption =
  | { kind: 'continue' }
  /** On a hart; the others run meanwhile. */
  | { kind: 'step'; hart: number }
  /** Instructions while the program counter is in [start, end): a source line, say. */
  | { kind: 'range'; hart: number; start: bigint; end: bigint };

export function resume(target: Target, how: Resumption): Promise<string> {
  const { session } = target;
  switch (how.kind) {
    case 'continue':
      return target.run((wantsPause) => session.continue(wantsPause));
    case 'step': {
      const step = new StepForward(session, how.hart);
      return target.run((wantsPause) => step.run(wantsPause));
    }
    case 'range':
      return target.run(stepThrough(target, how));
  }
}

/** Throws a UserError where nothing is recorded. */
export function reverse(target: Target, how: 'continue' | 'step'): Promise<string> {
  const { session } = target;
  if (how === 'continue') return target.run((wantsPause) => session.reverseContinue(wantsPause), true);
  const step = new StepBack(session, target.hartToStep());
  return target.run((wantsPause) => step.run(wantsPause), true);
}

/** The slices of a range step: each goes on where the one before paused. */
function stepThrough({ session, stopPoints }: Target, { hart, start, end }: Extract<Resumption, { kind: 'range' }>) {
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
