import os from 'node:os';
import { identityOf, isAlive } from './processes.ts';

/** The holder of a lock: one session in one process on one host. */
export interface LockHolder {
  pid: number;
  host: string;
  /**
   * Distinguishes a process from a later one with the same process ID; null if the system does not provide this
   * information.
   */
  process: string | null;
  /**
   * A string that is unique for each session. It is not generated from random bytes, because node:crypto takes longer
   * to load than any other Node module.
   */
  token: string;
  /** A description of the session for messages, such as `recording a.rr`; empty if unknown. */
  doing: string;
}

let sessions = 0;

export function newHolder(doing: string): LockHolder {
  const host = os.hostname();
  return {
    pid: process.pid,
    host,
    process: identityOf(process.pid),
    token: `${host.replaceAll(/[^\w-]/g, '_').slice(0, 40)}-${process.pid}-${process.hrtime.bigint()}-${sessions++}`,
    doing,
  };
}

/** Whether the holder's process ended without releasing the lock. Always false for other hosts. */
export function hasExited(holder: Pick<LockHolder, 'pid' | 'host' | 'process'>): boolean {
  if (holder.host !== os.hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  const now = identityOf(holder.pid);
  return holder.process !== null && now !== null && holder.process !== now;
}

/** Makes text safe to print. Any user may have written it, so only one short line of printable characters is kept. */
export const printable = (text: unknown): string =>
  typeof text === 'string' ? text.replaceAll(/\p{C}/gu, '?').slice(0, 100) : '';

export function sleepMilliseconds(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
