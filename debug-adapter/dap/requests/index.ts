import { Sliced } from '../../engine/index.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
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

/** The time-consuming parts of some requests. They run in slices before the rest of the request. */
export const PREPARATIONS: Readonly<Record<string, (debuggee: Debuggee, args: Arguments) => Sliced<void>>> = {
  setFunctionBreakpoints: findFunctions,
};

/** The requests that start a run. */
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
