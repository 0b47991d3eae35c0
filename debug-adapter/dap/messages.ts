/**
 * What the protocol's thread and the engine's thread say to each other. Requests of the protocol travel as they are,
 * once the protocol's thread has found that they can be answered now; the engine's thread checks their arguments.
 */
export type ToEngine =
  /** `breakpointIds` has one for each breakpoint that the request sets. */
  { kind: 'request'; id: number; command: string; arguments: unknown; breakpointIds: number[] } | { kind: 'close' };

export type FromEngine =
  | { kind: 'reply'; id: number; body: unknown }
  | { kind: 'failed'; id: number; failure: Failure }
  /** An event of the protocol; `stopped` and `terminated` end a run. */
  | { kind: 'event'; event: string; body: unknown }
  /** Recording and overlays are complete. */
  | { kind: 'closed' };

export interface Failure {
  /** A stable name, such as `overlay-exists`. */
  code: string;
  message: string;
}

/** `longSlices`: to stop in between costs something, so it is done for a message and now and then. */
export type Running = 'slices' | 'longSlices' | 'whole';

/**
 * When the engine can answer a request, and whether the machine runs afterwards. In `slices` the engine takes messages
 * in between; a `whole` run keeps its thread until it stops, and only the signals reach it.
 */
export interface CommandRules {
  needs: 'nothing' | 'launched' | 'stopped';
  runs?: Running;
  sets?: 'breakpoints';
  /** Answered in the middle of a `whole` run too: it looks at or adds to what no run depends on. */
  anyTime?: true;
}

/** The cells of the memory that the threads share. Anything but 0 in one of them says what its name says. */
export const SIGNALS = {
  /** A run is to pause. Whoever lets the machine run sets it to 0 first. A sleeping machine is woken through this cell. */
  pause: 0,
  /** A message has been posted to the engine. The engine sets it to 0 before it looks. */
  mail: 1,
  /**
   * The size of the engine's messages that the client's stream has not taken yet. The engine adds to it, the protocol's
   * thread takes away, and with too much of it the machine waits.
   */
  untaken: 2,
} as const;

export const makeSignals = (): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(Object.keys(SIGNALS).length * Int32Array.BYTES_PER_ELEMENT));

/** What a run prints in a slice is less than half of it. */
const UNTAKEN_BYTES_MAX = 1 << 20;

/** About what a message takes: only what the guest prints is long and comes unasked. */
export function sizeOf(message: FromEngine): number {
  const body =
    message.kind === 'event' ? (message.body as { output?: unknown; base64?: unknown } | undefined) : undefined;
  const text = body?.output ?? body?.base64;
  return MESSAGE_BYTES + (typeof text === 'string' ? text.length : 0);
}

const MESSAGE_BYTES = 256;

/** Whether the machine is to wait before it says more. */
export const isClientBehind = (signals: Int32Array<SharedArrayBuffer>): boolean =>
  Atomics.load(signals, SIGNALS.untaken) > UNTAKEN_BYTES_MAX;

export const ENGINE_COMMANDS: Readonly<Record<string, CommandRules>> = {
  launch: { needs: 'nothing' },
  configurationDone: { needs: 'launched', runs: 'slices' },
  setBreakpoints: { needs: 'launched', sets: 'breakpoints' },
  setFunctionBreakpoints: { needs: 'launched', sets: 'breakpoints' },
  setInstructionBreakpoints: { needs: 'launched', sets: 'breakpoints' },
  setDataBreakpoints: { needs: 'launched', sets: 'breakpoints' },
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
  'blkreplay/consoleInput': { needs: 'launched', anyTime: true },
  'blkreplay/overview': { needs: 'launched', anyTime: true },
  'blkreplay/takeSnapshot': { needs: 'launched' },
  'blkreplay/renameSnapshot': { needs: 'launched' },
  'blkreplay/deleteSnapshot': { needs: 'launched' },
  'blkreplay/goTo': { needs: 'stopped', runs: 'longSlices' },
  'blkreplay/reverseStepIn': { needs: 'stopped', runs: 'whole' },
  'blkreplay/reverseStepOut': { needs: 'stopped', runs: 'whole' },
};
