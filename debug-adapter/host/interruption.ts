import { interrupted } from '../messages/host.ts';

export const URGENCY = {
  none: 0,
  /** The user asked to end: work that only opens or copies files stops. */
  asked: 1,
  /** Later: from now on, a thread may only close the files of a stopped machine. */
  hurry: 2,
  /** Immediately, even if data is lost. */
  now: 3,
} as const;

export type Urgency = (typeof URGENCY)[keyof typeof URGENCY];

export type InterruptionCell = Int32Array<SharedArrayBuffer>;

export const makeInterruptionCell = (): InterruptionCell => new Int32Array(new SharedArrayBuffer(4));

/** The default cell is never raised: without a second thread there are no interruptions. */
let cell = makeInterruptionCell();
let tolerance: Urgency = URGENCY.none;

/** Makes this thread check the shared cell. */
export function useInterruptionCell(shared: InterruptionCell): void {
  cell = shared;
}

/** Sets the highest urgency at which calls on this thread still proceed. */
export function setTolerance(urgency: Urgency): void {
  tolerance = urgency;
}

export const isInterrupted = (): boolean => Atomics.load(cell, 0) !== URGENCY.none;

/**
 * Throws if the current interruption is too urgent for a call on this file. The thread that receives signals
 * interrupts a working thread through a shared cell that contains the urgency, which every call that opens, reads or
 * writes a file checks. The error unwinds like that of any failing call: files are closed, locks released and
 * incomplete files removed.
 */
export function checkInterruption(file: string): void {
  if (Atomics.load(cell, 0) > tolerance) throw interrupted(file);
}
