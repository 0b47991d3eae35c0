import { interrupted } from '../messages/host.ts';

export const URGENCY = {
  none: 0,
  /** The user asked to end the program. This urgency interrupts file access, unless a machine is running. */
  asked: 1,
  /**
   * Set if the program is still running some time after the request. Ends everything except the closing of a stopped
   * machine's files.
   */
  hurry: 2,
  /** Ends everything immediately, even if data is lost. */
  now: 3,
} as const;

export type Urgency = (typeof URGENCY)[keyof typeof URGENCY];

export type InterruptionCell = Int32Array<SharedArrayBuffer>;

export const makeInterruptionCell = (): InterruptionCell => new Int32Array(new SharedArrayBuffer(4));

/**
 * Until a shared cell is set, there is no second thread that could request an interruption, so this cell's value is
 * never raised.
 */
let cell = makeInterruptionCell();
let tolerance: Urgency = URGENCY.none;

/** Makes this thread check the shared cell. */
export function useInterruptionCell(shared: InterruptionCell): void {
  cell = shared;
}

/** Sets the highest urgency at which this thread's calls still proceed. */
export function setTolerance(urgency: Urgency): void {
  tolerance = urgency;
}

export const isInterrupted = (): boolean => Atomics.load(cell, 0) !== URGENCY.none;

/**
 * Throws if the current interruption is too urgent for this thread to continue; `file` is the file that the thread was
 * about to use. The thread that receives signals writes the urgency to a shared cell. In the other thread, every call
 * that opens, reads or writes a file checks the cell. The error is handled like an error from any other failed call:
 * files are closed, locks are released and incomplete files are removed.
 */
export function checkInterruption(file: string): void {
  if (Atomics.load(cell, 0) > tolerance) throw interrupted(file);
}
