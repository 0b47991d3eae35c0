import { linkSync, lstatSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { overlayInUse, overlayLockUnclear } from '../engine/errors/host.ts';
import { atProcessEnd } from './processEnd.ts';
import { identityOf, isAlive } from './processes.ts';
import { codeOf, openFailure } from './systemErrors.ts';

/**
 * One session an overlay: `<overlay>.lock` stands beside it while it is open, and says which process on which host
 * holds it. The lock appears with its content in one step (a finished file is linked to its name), so nobody reads half
 * of one; where the file system knows no links it is created exclusively and then written. A lock whose process is
 * gone, on this host, is taken over; one of another host never is, for we cannot look there. Taking over happens under
 * a second lock, so that of two sessions that find the same dead one, one wins.
 */
export interface OverlayLock {
  readonly path: string;
  /** Gives the overlay free. Harmless when called twice. Also done when the process ends. */
  release(): void;
}

/** Throws a UserError when another session holds it. `name` is what messages call the overlay. */
export function lockOverlay(overlayPath: string, name = overlayPath): OverlayLock {
  const lock = `${throughLink(overlayPath)}.lock`;
  const holder: Holder = {
    pid: process.pid,
    host: os.hostname(),
    process: identityOf(process.pid),
    token: `${os.hostname().replaceAll(/[^\w-]/g, '_')}-${process.pid}-${process.hrtime.bigint()}`,
  };
  if (!create(lock, holder)) takeOver({ overlay: name, lock, holder });
  return held(lock, holder);
}

interface Holder {
  pid: number;
  host: string;
  /** Tells a process from a later one with the same number; null where the system does not say. */
  process: string | null;
  /** No two locks have the same: host, process and when. Random bytes would cost the slowest module that Node has. */
  token: string;
}

/** What a lock file says; `unclear` when it is not (or not yet) a lock's content. */
type Found = { kind: 'none' } | { kind: 'holder'; holder: Holder } | { kind: 'unclear' };

/** Where a link points to, so that an overlay has one lock by whichever name it is opened. */
function throughLink(overlayPath: string): string {
  try {
    return lstatSync(overlayPath).isSymbolicLink() ? realpathSync(overlayPath) : overlayPath;
  } catch {
    return overlayPath; // Not there yet, or leading nowhere: opening it will say so.
  }
}

function held(lock: string, holder: Holder): OverlayLock {
  const remove = () => {
    const found = read(lock);
    if (found.kind === 'holder' && found.holder.token === holder.token) rmSync(lock, { force: true });
  };
  const forget = atProcessEnd(remove);
  let released = false;
  return {
    path: lock,
    release() {
      if (released) return;
      released = true;
      forget();
      remove();
    },
  };
}

/** Takes a dead session's lock, or throws. */
function takeOver(wanted: { overlay: string; lock: string; holder: Holder }): void {
  refuseIfHeld(wanted.overlay, wanted.lock);
  const guard = `${wanted.lock}.takeover`;
  acquireGuard(guard, wanted);
  try {
    // Again, now that nobody else takes over: what was dead before may have been replaced meanwhile.
    refuseIfHeld(wanted.overlay, wanted.lock);
    rmSync(wanted.lock, { force: true });
    if (create(wanted.lock, wanted.holder)) return;
    refuseIfHeld(wanted.overlay, wanted.lock);
    throw overlayLockUnclear({ overlay: wanted.overlay, lock: wanted.lock });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** The guard is held for microseconds; one whose process died in them is removed. */
function acquireGuard(guard: string, { overlay, holder }: { overlay: string; holder: Holder }): void {
  for (let attempt = 0; attempt < 50; attempt++) {
    if (create(guard, holder)) return;
    const found = read(guard);
    if (found.kind === 'holder' && isDead(found.holder)) rmSync(guard, { force: true });
    else sleep(10);
  }
  throw overlayLockUnclear({ overlay, lock: guard });
}

function refuseIfHeld(overlay: string, lock: string): void {
  let found = read(lock);
  // Where locks are not linked, it may be between creating and writing: give it a moment.
  for (let attempt = 0; found.kind === 'unclear' && attempt < 20; attempt++) {
    sleep(10);
    found = read(lock);
  }
  if (found.kind === 'unclear') throw overlayLockUnclear({ overlay, lock });
  if (found.kind === 'none' || isDead(found.holder)) return;
  const { pid, host } = found.holder;
  throw overlayInUse({ overlay, lock, pid, hostName: host === os.hostname() ? null : host });
}

function isDead({ pid, host, process: identity }: Holder): boolean {
  if (host !== os.hostname()) return false;
  if (!isAlive(pid)) return true;
  const now = identityOf(pid);
  return identity !== null && now !== null && identity !== now;
}

/** Creates the lock with its content; returns false when there is one already. */
function create(lock: string, holder: Holder): boolean {
  const finished = `${lock}.${holder.token}`;
  const content = JSON.stringify(holder) + '\n';
  try {
    writeFileSync(finished, content, { flag: 'wx' });
    try {
      linkSync(finished, lock);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      // No links here (FAT, some network file systems).
      return createExclusively(lock, content);
    } finally {
      rmSync(finished, { force: true });
    }
  } catch (error) {
    throw openFailure(error, { name: lock, access: 'write', creating: true });
  }
}

function createExclusively(lock: string, content: string): boolean {
  try {
    writeFileSync(lock, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function read(lock: string): Found {
  let text: string;
  try {
    text = readFileSync(lock, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'none' };
    throw openFailure(error, { name: lock, access: 'read', creating: false });
  }
  try {
    const { pid, host, process: identity, token } = JSON.parse(text) as Partial<Holder>;
    if (Number.isSafeInteger(pid) && pid! > 0 && typeof host === 'string' && typeof token === 'string') {
      return { kind: 'holder', holder: { pid: pid!, host, process: identity ?? null, token } };
    }
  } catch {
    // Not JSON: unclear.
  }
  return { kind: 'unclear' };
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
