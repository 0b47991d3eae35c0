import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasExited, type LockHolder, printable, sleepMilliseconds } from './lockHolder.ts';
import { codeOf } from './systemErrors.ts';

export type LockMode = 'shared' | 'exclusive';

/** A file, identified by device and inode or by its path; see fileLock.ts. */
export interface RegistryLock {
  key: string;
  mode: LockMode;
}

export interface HeldEntries {
  release(): void;
  /** Releases the locks on the files with these keys. */
  releaseKeys(keys: ReadonlySet<string>): void;
}

/** The requested lock, and the holder of the existing lock that it conflicts with. */
export interface RegistryConflict {
  requested: RegistryLock;
  holder: LockHolder;
}

/**
 * Takes locks in this host's registry: a folder shared by all users, with one file (an entry) per lock. The name of an
 * entry specifies the locked file, the mode and the process, so an entry is complete as soon as its file exists.
 * Entries created by processes that have ended are ignored, and removed if permitted, so no user has to delete other
 * users' entries.
 *
 * Acquiring a lock does not require another lock: a session first creates its entries as claims and then looks for
 * conflicts. Of two sessions that see each other's claims, the one with the smaller token waits and the other withdraws
 * its claims. A claim without conflicts becomes a held lock when its entry is renamed.
 *
 * Returns null if this host has no usable registry; in that case, a lock file next to the file must suffice.
 */
export function acquireInRegistry(
  requested: readonly RegistryLock[],
  holder: LockHolder,
  folders: readonly string[],
): HeldEntries | { conflict: RegistryConflict } | null {
  for (const folder of folders) {
    const acquired = acquireIn(folder, requested, holder);
    if (acquired) return acquired;
  }
  return null;
}

/**
 * Prefers `/tmp` to the system's temporary folder, because `TMPDIR` may differ between sessions, and macOS has a
 * temporary folder for each user. If `/tmp` is unusable, falls back to the system's temporary folder.
 */
export function registryFolders(): string[] {
  const folders = process.platform === 'win32' ? [os.tmpdir()] : ['/tmp', os.tmpdir()];
  return [...new Set(folders)].map((folder) => path.join(folder, 'blkreplay-locks'));
}

interface Entry extends RegistryLock {
  name: string;
  state: 'claim' | 'held';
  token: string;
  pid: number;
  process: string | null;
}

/**
 * Together, these limit the wait to one second if another session's claims neither succeed nor disappear, for example
 * because its process is stopped.
 */
const ATTEMPTS = 200;
const WAIT_MS = 5;

function acquireIn(folder: string, requested: readonly RegistryLock[], holder: LockHolder) {
  for (let attempt = 1; ; attempt++) {
    const claims = createEntries(folder, requested, holder);
    if (!claims) return null;
    const result = waitForClaims(folder, requested, holder, attempt === ATTEMPTS);
    if (result === 'free') return commitClaims(folder, claims);
    removeEntries(folder, claims);
    if (result !== 'withdraw') return { conflict: result };
    sleepMilliseconds(WAIT_MS);
  }
}

/**
 * Waits until it is clear whether this session's claims can become locks, must be withdrawn in favor of another
 * session's claims, or conflict with a lock.
 */
function waitForClaims(
  folder: string,
  requested: readonly RegistryLock[],
  holder: LockHolder,
  isLastAttempt: boolean,
): 'free' | 'withdraw' | RegistryConflict {
  for (let attempt = 1; ; attempt++) {
    const conflicts = conflictsIn(folder, requested, holder);
    const decisive =
      conflicts.find(({ entry }) => entry.state === 'held') ??
      conflicts.find(({ entry }) => entry.token < holder.token);
    if (conflicts.length === 0) return 'free';
    if (decisive?.entry.state === 'claim' && !isLastAttempt) return 'withdraw';
    if (decisive || attempt === ATTEMPTS) {
      const { requested: lock, entry } = decisive ?? conflicts[0];
      return { requested: lock, holder: holderOf(folder, entry) };
    }
    sleepMilliseconds(WAIT_MS);
  }
}

function conflictsIn(folder: string, requested: readonly RegistryLock[], holder: LockHolder) {
  const gone = new Map<string, boolean>();
  const isOfTheGone = ({ pid, process: identity }: Entry): boolean => {
    const processKey = `${pid} ${identity}`;
    if (!gone.has(processKey)) gone.set(processKey, hasExited({ pid, process: identity, host: os.hostname() }));
    return gone.get(processKey)!;
  };
  const conflicts: { requested: RegistryLock; entry: Entry }[] = [];
  for (const entry of entriesIn(folder)) {
    if (entry.token === holder.token) continue;
    if (isOfTheGone(entry)) {
      removeEntries(folder, [entry.name]);
      continue;
    }
    const lock = requested.find(
      ({ key, mode }) => key === entry.key && (mode === 'exclusive' || entry.mode === 'exclusive'),
    );
    if (lock) conflicts.push({ requested: lock, entry });
  }
  // Report the conflict for the file that was named first.
  return conflicts.sort((a, b) => requested.indexOf(a.requested) - requested.indexOf(b.requested));
}

// --- entries ---------------------------------------------------------------------------------------------------------

/** Creates an entry for each lock and returns the names of the entries; null if they cannot be created. */
function createEntries(folder: string, requested: readonly RegistryLock[], holder: LockHolder): string[] | null {
  const created: string[] = [];
  for (const lock of requested) {
    const name = nameOf(lock, 'claim', holder);
    if (!createEntry(folder, name, holder)) {
      removeEntries(folder, created);
      return null;
    }
    created.push(name);
  }
  return created;
}

function createEntry(folder: string, name: string, { doing }: LockHolder): boolean {
  // Another session may have just released the last lock and removed the folder.
  for (let attempt = 0; attempt < 10; attempt++) {
    if (!isUsable(folder)) return false;
    const entry = path.join(folder, name);
    try {
      closeSync(openSync(entry, 'wx', 0o644));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue;
      return false;
    }
    try {
      writeFileSync(entry, doing);
      chmodSync(entry, 0o644);
    } catch {
      // On a full disk, the description for messages cannot be written. The lock works without it.
    }
    return true;
  }
  return false;
}

/**
 * Whether the folder exists or can be created, and is a real folder. Another user may have created a link with its
 * name, and writing through the link would change other files.
 */
function isUsable(folder: string): boolean {
  try {
    mkdirSync(folder);
    // Use chmod, because the umask restricts mkdir's mode. The sticky bit lets only the owner remove an entry.
    chmodSync(folder, 0o1777);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') return false;
  }
  try {
    return lstatSync(folder).isDirectory();
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

function commitClaims(folder: string, claims: readonly string[]): HeldEntries | null {
  const held: string[] = [];
  for (const claim of claims) {
    const name = claim.replace('.claim.', '.held.');
    try {
      renameSync(path.join(folder, claim), path.join(folder, name));
    } catch {
      removeEntries(folder, [...claims, ...held]);
      return null;
    }
    held.push(name);
  }
  return {
    release: () => removeEntries(folder, held),
    releaseKeys: (keys) =>
      removeEntries(
        folder,
        held.filter((name) => keys.has(name.slice(0, name.indexOf('.')))),
      ),
  };
}

function removeEntries(folder: string, names: readonly string[]): void {
  try {
    for (const name of names) rmSync(path.join(folder, name), { force: true });
    // After the last lock has been released, remove the folder too.
    rmdirSync(folder);
  } catch {
    // The folder has other entries or belongs to another user. An entry that remains is ignored after its process ends.
  }
}

function entriesIn(folder: string): Entry[] {
  try {
    return readdirSync(folder).flatMap((name) => entryOf(name) ?? []);
  } catch {
    return [];
  }
}

/**
 * The name of an entry consists of key, mode, state, process id, the process's boot id and start time, and token. Dots
 * separate these parts and do not occur in them.
 */
function nameOf({ key, mode }: RegistryLock, state: Entry['state'], { pid, process: identity, token }: LockHolder) {
  return [key, mode, state, pid, (identity ?? 'unknown').replace('/', '_'), token].join('.');
}

function entryOf(name: string): Entry | undefined {
  const [key, mode, state, pid, identity, token, ...more] = name.split('.');
  if (token === undefined || more.length > 0 || !/^[1-9]\d*$/.test(pid)) return undefined;
  if ((mode !== 'shared' && mode !== 'exclusive') || (state !== 'claim' && state !== 'held')) return undefined;
  const process = identity === 'unknown' ? null : identity.replace('_', '/');
  return { name, key, mode, state, token, pid: Number(pid), process };
}

function holderOf(folder: string, { name, pid, process, token }: Entry): LockHolder {
  return { pid, process, token, host: os.hostname(), doing: printable(readText(path.join(folder, name))) };
}

/**
 * Reads an entry's text. Another user may have created the entry, so this function does not block on a pipe or follow a
 * link.
 */
function readText(file: string): string {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch {
    return '';
  }
  try {
    if (!fstatSync(handle).isFile()) return '';
    const bytes = Buffer.alloc(400);
    return bytes.toString('utf8', 0, readSync(handle, bytes, 0, bytes.length, 0));
  } catch {
    return '';
  } finally {
    closeSync(handle);
  }
}
