import {
  errors,
  type Run,
  runBackward,
  runForward,
  runToPosition,
  type SourceSteps,
  StepBack,
  StepForward,
  StepOverCall,
  type StopReason,
  type WantsPause,
} from '../../engine/index.ts';
import { requestMalformed } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { hartOf } from './stack.ts';
import { expected } from '../../messages/expected.ts';

/**
 * Starts a run for a request, which is answered before the machine starts to run. Returns undefined if the machine must
 * not run; the client then receives a `stopped` event immediately.
 */
export type StartRun = (debuggee: Debuggee, args: Arguments) => Run | undefined;

export const configurationDone: StartRun = ({ configuration, session }) =>
  configuration.stopOnEntry && !configuration.noDebug ? undefined : runForward(session);

export const continueForwards: StartRun = ({ session }) => runForward(session);

export const reverseContinue: StartRun = ({ session }) => runBackward(session);

/** `blkreplay/goTo`. */
export const goTo: StartRun = ({ session }, args) => runToPosition(session, args.integer('position'));

// --- steps: by line, unless there is no line information or the client requests instruction steps --------------------

export const next = forwards(byLine((steps, wantsPause) => steps.stepOver(wantsPause), overCall));

export const stepIn = forwards(byLine((steps, wantsPause) => steps.stepIn(wantsPause), instructionForward));

/** Runs to the caller, regardless of the step granularity in the request. */
export const stepOut = forwards(alwaysByLine((steps, wantsPause) => steps.stepOut(wantsPause), instructionForward));

export const stepBack = backwards(byLine((steps, wantsPause) => steps.stepBack(wantsPause), instructionBack));

/** Steps back into the function that the previous line called last. */
export const reverseStepIn = backwards(byLine((steps, wantsPause) => steps.reverseStepIn(wantsPause), instructionBack));

/** Goes back to the call to this function, regardless of the step granularity in the request. */
export const reverseStepOut = backwards(
  alwaysByLine((steps, wantsPause) => steps.reverseStepOut(wantsPause), instructionBack),
);

/** A step by line ends when it is paused: it is always a `whole` run. */
type SourceStep = (steps: SourceSteps, wantsPause: WantsPause) => StopReason;
type InstructionStep = (debuggee: Debuggee) => Run;
/** Creates a step for the current hart, which executes the machine's next step. */
type MakeStep = (debuggee: Debuggee, wantsLines: boolean) => Run;

function byLine(sourceStep: SourceStep, instructionStep: InstructionStep): MakeStep {
  return (debuggee, wantsLines) => {
    const steps = wantsLines ? debuggee.sourceSteps() : undefined;
    return steps ? { resume: (wantsPause) => sourceStep(steps, wantsPause) } : instructionStep(debuggee);
  };
}

function alwaysByLine(sourceStep: SourceStep, instructionStep: InstructionStep): MakeStep {
  const make = byLine(sourceStep, instructionStep);
  return (debuggee) => make(debuggee, true);
}

/**
 * Steps the hart that corresponds to the client's thread. If another hart is current, the machine first runs to this
 * hart's next quantum.
 */
function forwards(make: MakeStep): StartRun {
  return onThread(make, ({ session }, hart, begin) => {
    let step: Run | undefined;
    return {
      resume: (wantsPause) => {
        const reason = step ? undefined : session.runToQuantumOf(hart, wantsPause);
        if (reason && reason.kind !== 'step') return reason;
        step ??= begin();
        return step.resume(wantsPause);
      },
    };
  });
}

/**
 * Steps backward on the hart that corresponds to the client's thread. If another hart is current, the step starts at
 * this hart's next quantum, and goes back past the other harts' steps. A hart that is waiting for an interrupt has no
 * next quantum, so it steps back over its wait instruction.
 */
function backwards(make: MakeStep): StartRun {
  const step = onThread(make, (debuggee, hart, begin) => {
    const { session } = debuggee;
    const { position } = session;
    let step: Run | undefined;
    return {
      resume: (wantsPause) => {
        step ??= session.skipToQuantumOf(hart) ? begin() : (session.goTo(position), instructionBack(debuggee, hart));
        return step.resume(wantsPause);
      },
    };
  });
  return (debuggee, args) => {
    if (!debuggee.session.hasHistory) throw errors.noHistory();
    return step(debuggee, args);
  };
}

function onThread(make: MakeStep, onOtherHart: (debuggee: Debuggee, hart: number, begin: () => Run) => Run): StartRun {
  return (debuggee, args) => {
    const hart = hartOf(debuggee, args.optionalInteger('threadId'));
    const wantsLines = isByLine(args);
    const begin = () => make(debuggee, wantsLines);
    return hart === debuggee.currentHart ? begin() : onOtherHart(debuggee, hart, begin);
  };
}

function overCall({ session }: Debuggee): Run {
  return new StepOverCall(session);
}

function instructionBack({ session }: Debuggee, hart?: number): Run {
  return new StepBack(session, hart);
}

function instructionForward({ session }: Debuggee): Run {
  return new StepForward(session);
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
        command: args.command,
        argument: 'granularity',
        expected: expected.granularity(),
      });
  }
}
