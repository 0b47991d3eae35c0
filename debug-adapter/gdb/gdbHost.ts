import type { Runner } from '../engine/index.ts';

/** What the server needs from its host: a connection, and the runner that all front ends of the session share. */
export interface GdbHost {
  send(bytes: Uint8Array): void;
  /** The number of sent bytes that the peer has not accepted yet. */
  unsentBytes(): number;
  /** Resolves when the peer has accepted all bytes. */
  drained(): Promise<void>;
  readonly runner: Runner;
}

/**
 * How the connection to gdb ended. `gone`: the connection broke, or the server's owner ended it. `dropped`: the peer
 * sent bytes that gdb never sends.
 */
export type LeaveReason = 'detached' | 'killed' | 'gone' | 'dropped';
