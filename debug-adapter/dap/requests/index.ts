import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { setBreakpoints, setFunctionBreakpoints, setInstructionBreakpoints } from './breakpoints.ts';
import { dataBreakpointInfo, setDataBreakpoints } from './dataBreakpoints.ts';
import { consoleInput } from './console.ts';
import { disassemble } from './disassemble.ts';
import { evaluate } from './evaluate.ts';
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
  'blkreplay/consoleInput': consoleInput,
  'blkreplay/overview': overview,
  'blkreplay/takeSnapshot': takeSnapshot,
  'blkreplay/renameSnapshot': renameSnapshot,
  'blkreplay/deleteSnapshot': deleteSnapshot,
};

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
