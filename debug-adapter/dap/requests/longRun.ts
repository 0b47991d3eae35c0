import { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import type { LongRun } from '../progress.ts';
import { progressTitles } from '../../messages/dap.ts';
import { firstRun } from './running.ts';

/**
 * Returns a LongRun for commands whose runs may take a long time: those that go back, search, go to a position, or run
 * forward through a recording. No progress is reported beyond the live end, because a live machine may wait for input
 * forever.
 */
export function longRun(command: string, args: unknown, debuggee: Debuggee): LongRun | undefined {
  const { session } = debuggee;
  switch (command) {
    case 'configurationDone': {
      const first = firstRun(debuggee);
      if (first.kind === 'goTo') return towards(first.position, session.position);
      return first.kind === 'continue' ? throughRecording(debuggee) : undefined;
    }
    case 'continue':
      return throughRecording(debuggee);
    case 'reverseContinue':
      return { title: progressTitles.reverse(), searched: { start: session.history.start, end: session.position } };
    case 'stepBack':
    case 'blkreplay/reverseStepIn':
    case 'blkreplay/reverseStepOut':
      return { title: progressTitles.stepBack() };
    case 'blkreplay/goTo':
      return towards(new Arguments(command, args).integer('position'), session.position);
    default:
      return undefined;
  }
}

/** A run forward to a stop point, or to the end of what is recorded. Undefined at the live end. */
function throughRecording({ session, configuration }: Debuggee): LongRun | undefined {
  const { history } = session.target;
  const isRecorded = history && (configuration.rr === 'replay' || history.isBeforeLiveEnd);
  return isRecorded ? { title: progressTitles.forward(), target: history.end, endsAtTarget: true } : undefined;
}

const towards = (target: number, from: number): LongRun => ({
  title: target >= from ? progressTitles.goForward(target) : progressTitles.goBack(target),
  target,
});
