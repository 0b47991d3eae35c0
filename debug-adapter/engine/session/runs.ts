import type { Position } from '../base/quantities.ts';
import { noHistory, positionOutside } from '../../messages/session.ts';
import type { Timeline } from '../timeline/timeline.ts';
import type { Run } from './run.ts';
import type { Session } from './session.ts';

/**
 * The runs that are not steps. A run to a stop point uses the stop points that the session has when it is resumed, so
 * they can change during a pause. Steps are in `instructionStep.ts` and `sourceSteps.ts`.
 */
export const runForward = (session: Session): Run => ({ resume: (wantsPause) => session.continue(wantsPause) });

/** Throws a UserError if there is no history. */
export function runBackward(session: Session): Run {
  if (!session.hasHistory) throw noHistory();
  return { resume: (wantsPause) => session.reverseContinue(wantsPause) };
}

/** Goes to a position in the history. Throws a UserError if the position is outside. */
export function runToPosition(session: Session, position: Position): Run {
  const { travel } = session.timeline;
  if (!travel) throw noHistory();
  const { start, end } = travel;
  if (position < start || position > end) throw positionOutside({ position, start, end });
  return { resume: (wantsPause) => session.goTo(position, wantsPause) };
}

/** Runs forward to a position without stop points. The stop is 'goto' at the position, or 'ended'. */
export function advanceTo(timeline: Pick<Timeline, 'position' | 'advance'>, until: Position): Run {
  return {
    resume: (wantsPause) => {
      const end = timeline.advance(until, wantsPause);
      if (end) return { kind: 'ended', end };
      return timeline.position < until ? { kind: 'pause' } : { kind: 'goto' };
    },
  };
}
