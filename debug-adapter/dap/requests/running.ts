import { errors, StepBack, StepForward, StepOverCall, type StopReason } from '../../engine/index.ts';
import { requestMalformed } from '../../engine/errors/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';

/** Requests after which the machine runs: they are answered first, and then it runs until it says something new. */
export type WantsPause = () => boolean;
export type Slice = (wantsPause: WantsPause) => StopReason;

/** Undefined: the machine stays where it is, and says so. */
export type StartRun = (debuggee: Debuggee, args: Arguments) => Slice | undefined;

export const configurationDone: StartRun = ({ configuration, session }) =>
  configuration.stopOnEntry && !configuration.noDebug ? undefined : (wantsPause) => session.continue(wantsPause);

export const continueForwards: StartRun =
  ({ session }) =>
  (wantsPause) =>
    session.continue(wantsPause);

export const reverseContinue: StartRun = ({ session }) => {
  if (!session.canGoBack) throw errors.noHistory();
  return (wantsPause) => session.reverseContinue(wantsPause);
};

/** `blkreplay/goTo`. */
export const goTo: StartRun = ({ session }, args) => {
  const position = args.integer('position');
  const { travel } = session.timeline;
  if (!travel) throw errors.noHistory();
  const { start, end } = travel;
  if (position < start || position > end) throw errors.positionOutside({ position, start, end });
  return (wantsPause) => session.goTo(position, wantsPause);
};

export const next: StartRun = (debuggee, args) => {
  const steps = lineSteps(debuggee, args);
  if (steps) return (wantsPause) => steps.stepOver(wantsPause);
  const step = new StepOverCall(debuggee.session);
  return (wantsPause) => step.run(wantsPause);
};

export const stepIn: StartRun = (debuggee, args) => {
  const steps = lineSteps(debuggee, args);
  return steps ? (wantsPause) => steps.stepIn(wantsPause) : stepForward(debuggee);
};

/** To the caller, whatever the granularity. */
export const stepOut: StartRun = (debuggee) => {
  const steps = debuggee.sourceSteps();
  return steps ? (wantsPause) => steps.stepOut(wantsPause) : stepForward(debuggee);
};

/** A reverse step over a line; by instruction when asked for, or where there are no lines. */
export const stepBack: StartRun = (debuggee, args) => {
  const steps = backSteps(debuggee, args);
  return steps ? (wantsPause) => steps.stepBack(wantsPause) : instructionBack(debuggee);
};

/** Into what the line before called last. */
export const reverseStepIn: StartRun = (debuggee, args) => {
  const steps = backSteps(debuggee, args);
  return steps ? (wantsPause) => steps.reverseStepIn(wantsPause) : instructionBack(debuggee);
};

/** To the call of this function, whatever the granularity. */
export const reverseStepOut: StartRun = (debuggee, args) => {
  backSteps(debuggee, args);
  const steps = debuggee.sourceSteps();
  return steps ? (wantsPause) => steps.reverseStepOut(wantsPause) : instructionBack(debuggee);
};

function backSteps(debuggee: Debuggee, args: Arguments) {
  if (!debuggee.session.canGoBack) throw errors.noHistory();
  return lineSteps(debuggee, args);
}

function instructionBack({ session }: Debuggee): Slice {
  const step = new StepBack(session);
  return (wantsPause) => step.run(wantsPause);
}

function stepForward({ session }: Debuggee): Slice {
  const step = new StepForward(session);
  return (wantsPause) => step.run(wantsPause);
}

function lineSteps(debuggee: Debuggee, args: Arguments) {
  const granularity = args.optionalText('granularity') ?? 'line';
  switch (granularity) {
    case 'line':
    case 'statement':
      return debuggee.sourceSteps();
    case 'instruction':
      return undefined;
    default:
      throw requestMalformed({
        command: 'a step',
        argument: 'granularity',
        expected: 'line, statement or instruction',
      });
  }
}
