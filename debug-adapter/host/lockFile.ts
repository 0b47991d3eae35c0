import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { overlayLockUnclear } from '../messages/host.ts';
import { hasExited, type LockHolder, printable, sleepMilliseconds } from './lockHolder.ts';
import type { LockMode } from './lockRegistry.ts';
import { codeOf, openFailure } from './systemErrors.ts';
import { removeAbandonedTemporaries, removeQuietly, temporaryNameNextTo } from './temporaryNames.ts';

export interface LockFileHandle {
  release(): void;
}

/** The holder of the conflicting lock. */
export type LockFileConflict = { conflict: LockHolder; lock: string };

/** A file to lock: its path, and its name in messages. */
export interface LockTarget {
  path: string;
  name: string;
}

/**
 * Creates the lock that sessions on other hosts see: a file `<file>.lock` next to the locked file. It contains the
 * holder of the lock, or all holders of a shared lock. A complete temporary file is linked to the lock's name, so that
 * no process reads a partial lock file. On file systems without links, the lock file is created exclusively and then
 * written. A holder on this host whose process has ended is ignored. A holder on another host is never ignored, because
 * processes on other hosts are not visible. Every change to a lock file is protected by a second lock file, the guard,
 * so that only one of two competing sessions succeeds.
 *
 * Throws a UserError if no lock file can be created, or if the existing file is not a lock file.
 */
export function createLockFile(
  file: LockTarget,
  mode: LockMode,
  holder: LockHolder,
): LockFileHandle | LockFileConflict {
  const lock = lockOf(file);
  removeAbandonedTemporaries(path.dirname(file.path));
  const conflict = withGuard({ lock, holder }, () => {
    const content = read(lock);
    const others = content.holders.filter((other) => other.token !== holder.token && !hasExited(other));
    if (others.length > 0 && (mode === 'exclusive' || content.mode === 'exclusive')) return others[0];
    if (!writeLockFile(lock, encode(mode, [...others, holder]), content.isThere)) throw unclearError(lock);
    return undefined;
  });
  return conflict ? { conflict, lock: lock.name } : { release: () => release(lock, holder) };
}

/** Checks for a conflicting lock file, but does not create one. Used for files whose folder must stay unchanged. */
export function lockFileConflict(file: LockTarget, mode: LockMode, holder: LockHolder): LockFileConflict | undefined {
  const lock = lockOf(file);
  const content = read(lock);
  const others = content.holders.filter((other) => other.token !== holder.token && !hasExited(other));
  const isConflict = others.length > 0 && (mode === 'exclusive' || content.mode === 'exclusive');
  return isConflict ? { conflict: others[0], lock: lock.name } : undefined;
}

/** Releases a lock. Never throws, because an error here would hide the reason why the session is ending. */
function release(lock: LockFile, holder: LockHolder): void {
  const remove = () => {
    const content = read(lock);
    const rest = content.holders.filter((other) => other.token !== holder.token);
    if (rest.length === content.holders.length) return;
    if (rest.every(hasExited)) removeQuietly(lock.path);
    else writeLockFile(lock, encode('shared', rest), true);
  };
  try {
    withGuard({ lock, holder }, remove);
  } catch {
    // The guard cannot be created on a full disk. If this is the only holder of the lock, no guard is needed.
    tryQuietly(remove);
  }
}

function tryQuietly(work: () => void): void {
  try {
    work();
  } catch {
    // The lock file stays; it is ignored after this process ends.
  }
}

// --- the guard -------------------------------------------------------------------------------------------------------

/**
 * Calls `work` while holding the guard. The guard is held only for microseconds; if the process that holds it has
 * ended, the guard is removed.
 */
function withGuard<T>({ lock, holder }: { lock: LockFile; holder: LockHolder }, work: () => T): T {
  const guard: LockFile = { target: lock.target, path: `${lock.path}.takeover`, name: `${lock.name}.takeover` };
  acquireGuard(guard, holder);
  try {
    return work();
  } finally {
    removeQuietly(guard.path);
  }
}

function acquireGuard(guard: LockFile, holder: LockHolder): void {
  for (let attempts = 0; attempts < 50; attempts++) {
    if (writeLockFile(guard, encode('exclusive', [holder]), false)) return;
    const content = decode(contentOf(guard) ?? '');
    if (content?.holders.every(hasExited)) rmSync(guard.path, { force: true });
    else sleepMilliseconds(10);
  }
  throw unclearError(guard);
}

// --- the file --------------------------------------------------------------------------------------------------------

interface LockFile {
  path: string;
  /** The name of the lock file in messages. */
  name: string;
  /** The name of the locked file in messages. */
  target: string;
}

const lockOf = ({ path, name }: LockTarget): LockFile => ({ path: `${path}.lock`, name: `${name}.lock`, target: name });

const unclearError = ({ target, name }: LockFile) => overlayLockUnclear({ overlay: target, lock: name });

interface LockContent {
  isThere: boolean;
  mode: LockMode;
  holders: readonly LockHolder[];
}

function read(lock: LockFile): LockContent {
  // On a file system without links, another process may have created the lock file but not written it yet: wait
  // briefly.
  for (let attempts = 0; attempts <= 20; attempts++) {
    const content = contentOf(lock);
    if (content === undefined) return { isThere: false, mode: 'shared', holders: [] };
    const decoded = decode(content);
    if (decoded) return { isThere: true, ...decoded };
    sleepMilliseconds(10);
  }
  throw unclearError(lock);
}

/**
 * Writes a lock file in one step. Returns false if a lock file exists and must not be replaced. Errors name the locked
 * file, because users do not know the lock file.
 */
function writeLockFile(lock: LockFile, content: string, replaces: boolean): boolean {
  const finished = temporaryNameNextTo(lock.path);
  try {
    writeFileSync(finished, content, { flag: 'wx', mode: 0o600 });
    if (replaces) renameSync(finished, lock.path);
    else linkSync(finished, lock.path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // The file system does not support links (FAT, some network file systems). If the error has another cause, creating
    // the file fails with the same error.
    if (!replaces && NO_LINKS.has(codeOf(error) ?? '')) return createExclusively(lock, content);
    throw openFailure(error, { name: lock.target, access: 'write', creating: true });
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
    // The lock file was created, but is empty or incomplete.
    removeQuietly(lock.path);
    throw openFailure(error, { name: lock.target, access: 'write', creating: true });
  }
}

function contentOf(lock: LockFile): string | undefined {
  try {
    return readFileSync(lock.path, 'utf8');
  } catch (error) {
    // A lock file whose name is too long cannot exist.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENAMETOOLONG') return undefined;
    throw openFailure(error, { name: lock.name, access: 'read', creating: false });
  }
}

/** A shared lock does not contain the fields of an exclusive lock, so that older versions reject it. */
function encode(mode: LockMode, holders: readonly LockHolder[]): string {
  return JSON.stringify(mode === 'exclusive' ? holders[0] : { shared: holders }) + '\n';
}

/** Parses the contents of a lock file; undefined if they are invalid or still incomplete. */
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
