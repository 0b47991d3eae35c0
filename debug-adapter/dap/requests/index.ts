import { Sliced } from '../../engine/index.ts';
import { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import type { LongRun } from '../progress.ts';
import { progressTitles } from '../../messages/dap.ts';
import { findFunctions, setBreakpoints, setFunctionBreakpoints, setInstructionBreakpoints } from './breakpoints.ts';
import { dataBreakpointInfo, setDataBreakpoints } from './dataBreakpoints.ts';
import { consoleInput } from './console.ts';
import { disassemble } from './disassemble.ts';
import { evaluate } from './evaluate.ts';
import { setEventBreakpoints } from './eventBreakpoints.ts';
import { exceptionInfo, setExceptionBreakpoints } from './exceptions.ts';
import { readMemory, writeMemory } from './memory.ts';
import {
  configurationDone,
  continueForwards,
  goTo,
  next,
  reverseContinue,
  reverseStepIn,
  reverseStepOut,
  type StartRun,
  stepBack,
  stepIn,
  stepOut,
} from './running.ts';
import { deleteSnapshot, overview, renameSnapshot, takeSnapshot } from './snapshots.ts';
import { setExpression, setVariable } from './writing.ts';
import { scopes, stackTrace, variables } from './stack.ts';

/** Answers a request. `ids` are the IDs of the breakpoints that it sets. */
type Answer = (debuggee: Debuggee, args: Arguments, ids: readonly number[]) => object | undefined;

/** The requests that the engine thread answers in an open session. */
export const ANSWERS: Readonly<Record<string, Answer>> = {
  setBreakpoints,
  setFunctionBreakpoints,
  setInstructionBreakpoints,
  setDataBreakpoints,
  setExceptionBreakpoints,
  exceptionInfo,
  dataBreakpointInfo,
  stackTrace,
  scopes,
  variables,
  evaluate,
  readMemory,
  disassemble,
  writeMemory,
  setVariable,
  setExpression,
  'blkreplay/setEventBreakpoints': setEventBreakpoints,
  'blkreplay/consoleInput': consoleInput,
  'blkreplay/overview': overview,
  'blkreplay/takeSnapshot': takeSnapshot,
  'blkreplay/renameSnapshot': renameSnapshot,
  'blkreplay/deleteSnapshot': deleteSnapshot,
};

/** The long parts of commands that may take a long time. They run in slices before the request is answered. */
export const PREPARATIONS: Readonly<Record<string, (debuggee: Debuggee, args: Arguments) => Sliced<void>>> = {
  setFunctionBreakpoints: findFunctions,
};

/** Returns a LongRun for commands whose runs may take a long time: those that go back, search, or go to a position. */
export function longRun(command: string, args: unknown, { session, configuration }: Debuggee): LongRun | undefined {
  switch (command) {
    case 'configurationDone':
      return configuration.startPosition === null ? undefined : towards(configuration.startPosition, session.position);
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

/** The requests after which the machine runs. */
export const RUNS: Readonly<Record<string, StartRun>> = {
  configurationDone,
  continue: continueForwards,
  next,
  stepIn,
  stepOut,
  stepBack,
  reverseContinue,
  'blkreplay/goTo': goTo,
  'blkreplay/reverseStepIn': reverseStepIn,
  'blkreplay/reverseStepOut': reverseStepOut,
};
