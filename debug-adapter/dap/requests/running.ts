import {
  type Position,
  type Sliced,
  type SourceSteps,
  stepBack as stepBackInstruction,
  stepForward,
  stepOverCall,
  type StopReason,
} from '../../engine/index.ts';
import { requestMalformed } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { hartOf } from './stack.ts';
import { expected } from '../../messages/expected.ts';

/**
 * Starts the run that a request asks for. The request is answered before the machine starts to run. Returns undefined
 * if the machine must not run; the client then receives a `stopped` event immediately.
 */
export type StartRun = (debuggee: Debuggee, args: Arguments) => Step | undefined;

type Step = Sliced<StopReason>;

/** Starts the session. */
export const configurationDone: StartRun = (debuggee) => {
  const first = firstRun(debuggee);
  switch (first.kind) {
    case 'continue':
      return debuggee.session.continue();
    case 'goTo':
      return debuggee.session.goTo(first.position);
    case 'none':
      return undefined;
  }
};

/**
 * Returns what the session does after the client has sent its configuration. If a replay's start position is past the
 * end of the recording, the replay goes to the end. With `noDebug`, the session always runs to completion.
 */
export function firstRun({
  configuration,
  session,
}: Pick<Debuggee, 'configuration' | 'session'>): { kind: 'continue' | 'none' } | { kind: 'goTo'; position: Position } {
  const { startPosition, stopOnEntry, noDebug } = configuration;
  if (noDebug) return { kind: 'continue' };
  if (startPosition === null) return { kind: stopOnEntry ? 'none' : 'continue' };
  const { start, end } = session.history;
  return { kind: 'goTo', position: Math.max(start, Math.min(startPosition, end)) };
}

export const continueForwards: StartRun = ({ session }) => session.continue();

export const reverseContinue: StartRun = ({ session }) => session.reverseContinue();

/** Executes `blkreplay/goTo`. */
export const goTo: StartRun = ({ session }, args) => session.goTo(args.integer('position'));

// --- steps: by line, unless there is no line information or the client requests instruction steps --------------------

export const next = forwards(byLine((steps) => steps.stepOver(), overCall));

export const stepIn = forwards(byLine((steps) => steps.stepIn(), instructionForward));

/** Runs until the function returns to its caller, regardless of the step granularity in the request. */
export const stepOut = forwards(alwaysByLine((steps) => steps.stepOut(), instructionForward));

export const stepBack = backwards(byLine((steps) => steps.stepBack(), instructionBack));

/** Steps back into the last function that the previous line called. */
export const reverseStepIn = backwards(byLine((steps) => steps.reverseStepIn(), instructionBack));

/** Goes back to where this function was called, regardless of the step granularity in the request. */
export const reverseStepOut = backwards(alwaysByLine((steps) => steps.reverseStepOut(), instructionBack));

type SourceStep = (steps: SourceSteps) => Step;
type InstructionStep = (debuggee: Debuggee) => Step;
/** Creates a step for the current hart, that is, the hart that executes the machine's next step. */
type MakeStep = (debuggee: Debuggee, wantsLines: boolean) => Step;

function byLine(sourceStep: SourceStep, instructionStep: InstructionStep): MakeStep {
  return (debuggee, wantsLines) => {
    const steps = wantsLines ? debuggee.sourceSteps() : undefined;
    return steps ? sourceStep(steps) : instructionStep(debuggee);
  };
}

function alwaysByLine(sourceStep: SourceStep, instructionStep: InstructionStep): MakeStep {
  const make = byLine(sourceStep, instructionStep);
  return (debuggee) => make(debuggee, true);
}

/**
 * Steps the hart that corresponds to the client's thread. If another hart is current, the machine first runs to the
 * next quantum of the hart that is to be stepped.
 */
function forwards(make: MakeStep): StartRun {
  return onThread(make, function* ({ session }, hart, begin) {
    const reason = yield* session.runToQuantumOf(hart);
    return reason.kind === 'step' ? yield* begin() : reason;
  });
}

/**
 * Steps backward on the hart that corresponds to the client's thread. If another hart is current, the machine first
 * runs forward to the next quantum of the hart that is to be stepped, and then goes back past the other harts' steps. A
 * hart that is waiting for an interrupt has no next quantum; in this case, the step goes back over its wait
 * instruction.
 */
function backwards(make: MakeStep): StartRun {
  const step = onThread(make, function* (debuggee, hart, begin) {
    const { session } = debuggee;
    const { position } = session;
    if (yield* session.skipToQuantumOf(hart)) return yield* begin();
    yield* session.moveTo(position);
    return yield* instructionBack(debuggee, hart);
  });
  return (debuggee, args) => {
    debuggee.session.checkHistory();
    return step(debuggee, args);
  };
}

function onThread(
  make: MakeStep,
  onOtherHart: (debuggee: Debuggee, hart: number, begin: () => Step) => Step,
): StartRun {
  return (debuggee, args) => {
    const hart = hartOf(debuggee, args.optionalInteger('threadId'));
    const wantsLines = isByLine(args);
    const begin = () => make(debuggee, wantsLines);
    return hart === debuggee.currentHart ? begin() : onOtherHart(debuggee, hart, begin);
  };
}

function overCall({ session }: Debuggee): Step {
  return stepOverCall(session);
}

function instructionForward({ session }: Debuggee): Step {
  return stepForward(session);
}

function instructionBack({ session }: Debuggee, hart?: number): Step {
  return stepBackInstruction(session, hart);
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
