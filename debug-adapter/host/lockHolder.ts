import os from 'node:os';
import { identityOf, isAlive } from './processes.ts';

/** Who holds a lock: one session of one process of one host. */
export interface LockHolder {
  pid: number;
  host: string;
  /** Distinguishes a process from a later one with the same number; null where the system does not say. */
  process: string | null;
  /** No two sessions have the same. Random bytes would cost the slowest module that Node has. */
  token: string;
  /** For messages, such as `recording a.rr`; empty when it is not known. */
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

/** Whether its process ended without releasing the lock. Of another host's nobody here can tell. */
export function isGone(holder: Pick<LockHolder, 'pid' | 'host' | 'process'>): boolean {
  if (holder.host !== os.hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  const now = identityOf(holder.pid);
  return holder.process !== null && now !== null && holder.process !== now;
}

/** Anyone may have written it: a line of printable text, and not much of it. */
export const printable = (text: unknown): string =>
  typeof text === 'string' ? text.replaceAll(/\p{C}/gu, '?').slice(0, 100) : '';

export function sleepMilliseconds(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
