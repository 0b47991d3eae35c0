import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { overlayLockUnclear } from '../engine/errors/host.ts';
import { isGone, type LockHolder, printable, sleepMilliseconds } from './lockHolder.ts';
import type { LockMode } from './lockRegistry.ts';
import { codeOf, openFailure } from './systemErrors.ts';
import { removeAbandonedTemporaries, removeQuietly, temporaryNameBeside } from './temporaryNames.ts';

/**
 * The lock that other hosts see: `<file>.lock` beside a file on a folder that they share. It names its holder, or all of
 * them when it is shared. It appears with its content in one step (a finished file is linked to its name), so nobody
 * reads half of one; where the file system knows no links it is created exclusively and then written. A holder of this
 * host whose process is gone is ignored; one of another host never is, for we cannot look there. Whoever changes a lock
 * file does so under a second one, the guard, so that of two sessions one wins.
 */
export interface LockBeside {
  release(): void;
}

/** Names the holder that is in the way. */
export type BesideConflict = { conflict: LockHolder; lock: string };

/** A file that is locked: where it is, and what messages call it. */
export interface FileBeside {
  path: string;
  name: string;
}

/** Throws a UserError where no lock can be put there, or what is there is no lock. */
export function lockBeside(file: FileBeside, mode: LockMode, holder: LockHolder): LockBeside | BesideConflict {
  const lock = lockOf(file);
  removeAbandonedTemporaries(path.dirname(file.path));
  const conflict = underGuard({ lock, holder }, () => {
    const found = read(lock);
    const others = found.holders.filter((other) => other.token !== holder.token && !isGone(other));
    if (others.length > 0 && (mode === 'exclusive' || found.mode === 'exclusive')) return others[0];
    if (!put(lock, encode(mode, [...others, holder]), found.isThere)) throw unclear(lock);
    return undefined;
  });
  return conflict ? { conflict, lock: lock.name } : { release: () => release(lock, holder) };
}

/** Looks only: for files beside which nothing may be left. */
export function conflictBeside(file: FileBeside, mode: LockMode, holder: LockHolder): BesideConflict | undefined {
  const lock = lockOf(file);
  const found = read(lock);
  const others = found.holders.filter((other) => other.token !== holder.token && !isGone(other));
  const isConflict = others.length > 0 && (mode === 'exclusive' || found.mode === 'exclusive');
  return isConflict ? { conflict: others[0], lock: lock.name } : undefined;
}

/** Never throws: a release must not hide why a session ends. */
function release(lock: LockFile, holder: LockHolder): void {
  const remove = () => {
    const found = read(lock);
    const rest = found.holders.filter((other) => other.token !== holder.token);
    if (rest.length === found.holders.length) return;
    if (rest.every(isGone)) removeQuietly(lock.path);
    else put(lock, encode('shared', rest), true);
  };
  try {
    underGuard({ lock, holder }, remove);
  } catch {
    // On a full disk there is no guard. Who was alone in the lock needs none.
    attempt(remove);
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The lock stays, and is ignored once this process is gone.
  }
}

// --- the guard -------------------------------------------------------------------------------------------------------

/** The guard is held for microseconds; one whose process died in them is removed. */
function underGuard<T>({ lock, holder }: { lock: LockFile; holder: LockHolder }, work: () => T): T {
  const guard: LockFile = { of: lock.of, path: `${lock.path}.takeover`, name: `${lock.name}.takeover` };
  acquireGuard(guard, holder);
  try {
    return work();
  } finally {
    removeQuietly(guard.path);
  }
}

function acquireGuard(guard: LockFile, holder: LockHolder): void {
  for (let attempts = 0; attempts < 50; attempts++) {
    if (put(guard, encode('exclusive', [holder]), false)) return;
    const found = decode(contentOf(guard) ?? '');
    if (found?.holders.every(isGone)) rmSync(guard.path, { force: true });
    else sleepMilliseconds(10);
  }
  throw unclear(guard);
}

// --- the file --------------------------------------------------------------------------------------------------------

interface LockFile {
  path: string;
  /** For messages. */
  name: string;
  /** What messages call the file that it locks. */
  of: string;
}

const lockOf = ({ path, name }: FileBeside): LockFile => ({ path: `${path}.lock`, name: `${name}.lock`, of: name });

const unclear = ({ of, name }: LockFile) => overlayLockUnclear({ overlay: of, lock: name });

interface Found {
  isThere: boolean;
  mode: LockMode;
  holders: readonly LockHolder[];
}

function read(lock: LockFile): Found {
  // Where locks are not linked, it may be between creating and writing: give it a moment.
  for (let attempts = 0; attempts <= 20; attempts++) {
    const content = contentOf(lock);
    if (content === undefined) return { isThere: false, mode: 'shared', holders: [] };
    const decoded = decode(content);
    if (decoded) return { isThere: true, ...decoded };
    sleepMilliseconds(10);
  }
  throw unclear(lock);
}

/** Writes a lock file in one step. Returns false when there is one already and it is not to be replaced. */
function put(lock: LockFile, content: string, replaces: boolean): boolean {
  const finished = temporaryNameBeside(lock.path);
  try {
    writeFileSync(finished, content, { flag: 'wx', mode: 0o600 });
    if (replaces) renameSync(finished, lock.path);
    else linkSync(finished, lock.path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // No links here (FAT, some network file systems). A failed write fails again.
    if (!replaces && NO_LINKS.has(codeOf(error) ?? '')) return createExclusively(lock, content);
    throw openFailure(error, { name: lock.name, access: 'write', creating: true });
  } finally {
    removeQuietly(finished);
  }
}

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

function createExclusively(lock: LockFile, content: string): boolean {
  try {
    writeFileSync(lock.path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // It was created, and is empty or half of one.
    removeQuietly(lock.path);
    throw openFailure(error, { name: lock.name, access: 'write', creating: true });
  }
}

function contentOf(lock: LockFile): string | undefined {
  try {
    return readFileSync(lock.path, 'utf8');
  } catch (error) {
    // A name that is too long for a lock beside it has none.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENAMETOOLONG') return undefined;
    throw openFailure(error, { name: lock.name, access: 'read', creating: false });
  }
}

/** One that is shared has nothing in the places where an exclusive one has its holder: older versions refuse it. */
function encode(mode: LockMode, holders: readonly LockHolder[]): string {
  return JSON.stringify(mode === 'exclusive' ? holders[0] : { shared: holders }) + '\n';
}

/** Undefined when it is not (or not yet) a lock's content. */
function decode(content: string): { mode: LockMode; holders: LockHolder[] } | undefined {
  try {
    const value = JSON.parse(content) as { shared?: unknown };
    if (!Array.isArray(value.shared)) return { mode: 'exclusive', holders: [decodeHolder(value)] };
    return { mode: 'shared', holders: value.shared.map(decodeHolder) };
  } catch {
    return undefined;
  }
}

function decodeHolder(value: unknown): LockHolder {
  const { pid, host, process: identity, token, doing } = value as Partial<LockHolder>;
  const isHolder = Number.isSafeInteger(pid) && pid! > 0 && typeof host === 'string' && typeof token === 'string';
  if (!isHolder) throw new Error('not a holder');
  return { pid: pid!, host, process: identity ?? null, token, doing: printable(doing) };
}
