import { errors, StepBack, StepForward, StepOverCall, type StopReason } from '../../engine/index.ts';
import { requestMalformed } from '../../engine/errors/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { hartOf } from './stack.ts';

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

export const next: StartRun = (debuggee, args) =>
  stepOf(debuggee, args, (byLine) => {
    const steps = byLine && debuggee.sourceSteps();
    if (steps) return (wantsPause) => steps.stepOver(wantsPause);
    const step = new StepOverCall(debuggee.session);
    return (wantsPause) => step.run(wantsPause);
  });

export const stepIn: StartRun = (debuggee, args) =>
  stepOf(debuggee, args, (byLine) => {
    const steps = byLine && debuggee.sourceSteps();
    return steps ? (wantsPause) => steps.stepIn(wantsPause) : stepForward(debuggee);
  });

/** To the caller, whatever the granularity. */
export const stepOut: StartRun = (debuggee, args) =>
  stepOf(debuggee, args, () => {
    const steps = debuggee.sourceSteps();
    return steps ? (wantsPause) => steps.stepOut(wantsPause) : stepForward(debuggee);
  });

/** A reverse step over a line; by instruction when asked for, or where there are no lines. */
export const stepBack: StartRun = (debuggee, args) =>
  stepBackOf(debuggee, args, (byLine) => {
    const steps = byLine && debuggee.sourceSteps();
    return steps ? (wantsPause) => steps.stepBack(wantsPause) : instructionBack(debuggee);
  });

/** Into what the line before called last. */
export const reverseStepIn: StartRun = (debuggee, args) =>
  stepBackOf(debuggee, args, (byLine) => {
    const steps = byLine && debuggee.sourceSteps();
    return steps ? (wantsPause) => steps.reverseStepIn(wantsPause) : instructionBack(debuggee);
  });

/** To the call of this function, whatever the granularity. */
export const reverseStepOut: StartRun = (debuggee, args) =>
  stepBackOf(debuggee, args, () => {
    const steps = debuggee.sourceSteps();
    return steps ? (wantsPause) => steps.reverseStepOut(wantsPause) : instructionBack(debuggee);
  });

/** Made when its hart stands where its next step is. */
type MakeStep = (byLine: boolean) => Slice;

/** A step of the thread that the client names. Where another hart's step is next, that thread's turn is run to first. */
function stepOf(debuggee: Debuggee, args: Arguments, make: MakeStep): Slice {
  const { session, currentHart } = debuggee;
  const hart = hartOf(debuggee, args.optionalInteger('threadId'));
  const byLine = isByLine(args);
  if (hart === currentHart) return make(byLine);
  let step: Slice | undefined;
  return (wantsPause) => {
    const reason = step ? undefined : session.runToTurnOf(hart, wantsPause);
    if (reason && reason.kind !== 'step') return reason;
    step ??= make(byLine);
    return step(wantsPause);
  };
}

/**
 * The same backwards: from a hart's next turn on it steps back past the others'. One that waits has none: of that one it
 * goes back by the instruction it waits at.
 */
function stepBackOf(debuggee: Debuggee, args: Arguments, make: MakeStep): Slice {
  const { session, currentHart } = debuggee;
  if (!session.canGoBack) throw errors.noHistory();
  const hart = hartOf(debuggee, args.optionalInteger('threadId'));
  const byLine = isByLine(args);
  if (hart === currentHart) return make(byLine);
  const { position } = session;
  let step: Slice | undefined;
  return (wantsPause) => {
    step ??= session.passToTurnOf(hart) ? make(byLine) : (session.goTo(position), instructionBack(debuggee, hart));
    return step(wantsPause);
  };
}

function instructionBack({ session }: Debuggee, hart?: number): Slice {
  const step = new StepBack(session, hart);
  return (wantsPause) => step.run(wantsPause);
}

function stepForward({ session }: Debuggee): Slice {
  const step = new StepForward(session);
  return (wantsPause) => step.run(wantsPause);
}

function isByLine(args: Arguments): boolean {
  const granularity = args.optionalText('granularity') ?? 'line';
  switch (granularity) {
    case 'line':
    case 'statement':
      return true;
    case 'instruction':
      return false;
    default:
      throw requestMalformed({
        command: 'a step',
        argument: 'granularity',
        expected: 'line, statement or instruction',
      });
  }
}
