import { interrupted } from '../engine/errors/host.ts';

/**
 * How a thread that works is interrupted by the one that has the signals: the two share a cell, which says how urgent it
 * is, and every call that opens, reads or writes a file looks at it. A call that is too late throws, and that unwinds as
 * any failing call does: files are closed, locks released, half-made files removed.
 */
export const URGENCY = {
  none: 0,
  /** The user wants it to end: what only opens or copies files gives up. */
  asked: 1,
  /** Some time later: a machine that ran does no more than close its files. */
  hurry: 2,
  /** Now, whatever is lost. */
  now: 3,
} as const;

export type Urgency = (typeof URGENCY)[keyof typeof URGENCY];

export type InterruptionCell = Int32Array<SharedArrayBuffer>;

export const makeInterruptionCell = (): InterruptionCell => new Int32Array(new SharedArrayBuffer(4));

/** Without another thread there is no interruption. */
let cell = makeInterruptionCell();
let borne: Urgency = URGENCY.none;

/** From now on this thread is interrupted by that cell. */
export function obeyInterruption(shared: InterruptionCell): void {
  cell = shared;
}

/** From now on calls work at up to this urgency. */
export function bearInterruption(urgency: Urgency): void {
  borne = urgency;
}

export const isInterrupted = (): boolean => Atomics.load(cell, 0) !== URGENCY.none;

/** Throws when there is no time left for a call on that file. */
export function checkInterruption(file: string): void {
  if (Atomics.load(cell, 0) > borne) throw interrupted(file);
}
