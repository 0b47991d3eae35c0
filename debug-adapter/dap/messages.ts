import type { RunMode } from '../engine/index.ts';
import type { Failure } from './failure.ts';

/**
 * Messages from the protocol thread to the engine thread. DAP requests are forwarded unchanged once they can be
 * answered; the engine thread checks their arguments.
 */
export type EngineRequest =
  /** `breakpointIds` has one ID for each breakpoint that the request sets. */
  { kind: 'request'; id: number; command: string; arguments: unknown; breakpointIds: number[] } | { kind: 'close' };

export type EngineEvent =
  | { kind: 'reply'; id: number; body: unknown }
  | { kind: 'failed'; id: number; failure: Failure }
  /** A DAP event; `stopped` and `terminated` end a run. */
  | { kind: 'event'; event: string; body: unknown }
  /** Sent when the recording and overlays are complete. */
  | { kind: 'closed' };

/**
 * Specifies when the engine can answer a request, and whether the request starts a run. Between the slices of a run,
 * the engine receives messages; during a `whole` run, the engine thread notices only signals.
 */
export interface CommandRules {
  needs: 'nothing' | 'launched' | 'stopped';
  runs?: RunMode;
  sets?: 'breakpoints' | 'exceptions';
  /** Set if the request can be answered even during a `whole` run, because it does not affect the run. */
  isAnsweredDuringRun?: true;
}

/**
 * Indexes into the shared Int32Array that the two threads use to signal each other. A signal is set if its element is
 * nonzero.
 */
export const SIGNALS = {
  /** Tells the current run to pause, and wakes a sleeping machine. It is cleared before a run starts. */
  pause: 0,
  /** Set when a message has been posted to the engine. The engine clears this element before it reads its messages. */
  request: 1,
  /**
   * The total size of the engine's messages that the client's stream has not accepted. The engine adds to it and the
   * protocol thread subtracts from it; above a limit, the machine waits.
   */
  unsentBytes: 2,
} as const;

export const makeSignals = (): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(Object.keys(SIGNALS).length * Int32Array.BYTES_PER_ELEMENT));

/** The limit for `unsentBytes`: more than twice the console output of one slice. */
const UNSENT_BYTES_MAX = 1 << 20;

/**
 * Estimates the size of a message. Only console output is measured, because it is the only kind of message that can be
 * long without having been requested.
 */
export function sizeOf(message: EngineEvent): number {
  const body =
    message.kind === 'event'
      ? (message.body as { output?: string; base64?: string; steps?: number[] } | undefined)
      : undefined;
  const text = body?.output ?? body?.base64;
  return MESSAGE_BYTES + (text?.length ?? 0) + STEP_BYTES * (body?.steps?.length ?? 0);
}

const MESSAGE_BYTES = 256;
/** The number of steps between two bytes of output typically has three digits and is followed by a comma. */
const STEP_BYTES = 4;

/** Whether the machine must wait for the client before it sends more messages. */
export const isClientBehind = (signals: Int32Array<SharedArrayBuffer>): boolean =>
  Atomics.load(signals, SIGNALS.unsentBytes) > UNSENT_BYTES_MAX;

export const ENGINE_COMMANDS: Readonly<Record<string, CommandRules>> = {
  launch: { needs: 'nothing' },
  configurationDone: { needs: 'launched', runs: 'slices' },
  setBreakpoints: { needs: 'launched', sets: 'breakpoints' },
  setFunctionBreakpoints: { needs: 'launched', sets: 'breakpoints' },
  setInstructionBreakpoints: { needs: 'launched', sets: 'breakpoints' },
  setDataBreakpoints: { needs: 'launched', sets: 'breakpoints' },
  setExceptionBreakpoints: { needs: 'launched', sets: 'exceptions' },
  exceptionInfo: { needs: 'stopped' },
  dataBreakpointInfo: { needs: 'stopped' },
  stackTrace: { needs: 'stopped' },
  scopes: { needs: 'stopped' },
  variables: { needs: 'stopped' },
  evaluate: { needs: 'stopped' },
  readMemory: { needs: 'launched' },
  disassemble: { needs: 'stopped' },
  continue: { needs: 'stopped', runs: 'slices' },
  next: { needs: 'stopped', runs: 'whole' },
  stepIn: { needs: 'stopped', runs: 'whole' },
  stepOut: { needs: 'stopped', runs: 'whole' },
  stepBack: { needs: 'stopped', runs: 'whole' },
  reverseContinue: { needs: 'stopped', runs: 'longSlices' },
  setVariable: { needs: 'stopped' },
  setExpression: { needs: 'stopped' },
  writeMemory: { needs: 'stopped' },
  'blkreplay/setEventBreakpoints': { needs: 'launched', sets: 'breakpoints' },
  'blkreplay/consoleInput': { needs: 'launched', isAnsweredDuringRun: true },
  'blkreplay/overview': { needs: 'launched', isAnsweredDuringRun: true },
  'blkreplay/takeSnapshot': { needs: 'launched' },
  'blkreplay/renameSnapshot': { needs: 'launched' },
  'blkreplay/deleteSnapshot': { needs: 'launched' },
  'blkreplay/goTo': { needs: 'stopped', runs: 'longSlices' },
  'blkreplay/reverseStepIn': { needs: 'stopped', runs: 'whole' },
  'blkreplay/reverseStepOut': { needs: 'stopped', runs: 'whole' },
};
