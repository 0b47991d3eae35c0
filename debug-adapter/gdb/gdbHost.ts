import type { StopReason } from '../engine/index.ts';

/** What the server needs from its host: a connection, a clock and the machine's owner. */
export interface GdbHost {
  send(bytes: Uint8Array): void;
  /** The number of sent bytes that the peer has not accepted yet. */
  unsentBytes(): number;
  /** Resolves when the peer has accepted all bytes. */
  drained(): Promise<void>;
  /** A clock with an arbitrary start, for measuring slices. */
  milliseconds(): number;
  /**
   * Called after each slice of a run and at each stop: shows console output, and resolves when incoming bytes have been
   * delivered.
   */
  betweenSlices(): Promise<void>;
  /** Throws a UserError while another front end is running the machine. */
  checkRunOwner?(): void;
  /** Called before and after each run. `reason` is why the machine stopped. */
  onRunStarted?(): void;
  onRunEnded?(reason: StopReason): void;
}

/**
 * How gdb left. `gone`: the connection broke, or the server's owner ended it. `dropped`: the peer sent bytes that gdb
 * never sends.
 */
export type LeaveReason = 'detached' | 'killed' | 'gone' | 'dropped';
