import { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import type { LongRun } from '../progress.ts';
import { progressTitles } from '../../messages/dap.ts';
import { firstRun } from './running.ts';

/** Returns a LongRun for commands whose runs may take a long time: those that go back, search, or go to a position. */
export function longRun(command: string, args: unknown, debuggee: Debuggee): LongRun | undefined {
  const { session } = debuggee;
  switch (command) {
    case 'configurationDone': {
      const first = firstRun(debuggee);
      return first.kind === 'goTo' ? towards(first.position, session.position) : undefined;
    }
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

/** A run to the position `target`. */
const towards = (target: number, from: number): LongRun => ({
  title: target >= from ? progressTitles.goForward(target) : progressTitles.goBack(target),
  target,
});
