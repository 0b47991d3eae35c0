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
import { isGone, type LockHolder, printable, sleepMilliseconds } from './lockHolder.ts';
import { codeOf } from './systemErrors.ts';

/**
 * The locks of this host: a folder that all users share, with an empty-handed entry for each lock that is held. What
 * matters is in the entry's name (which file, how, by which process), so an entry appears whole in one step, and nobody
 * needs to delete what is another user's: entries of processes that are gone are ignored, and removed where permitted.
 *
 * Taking a lock needs no lock: a session first creates its entries as claims and then looks for others. Of two that see
 * each other's claims the one with the smaller token waits and the other withdraws; a claim that saw no conflict is
 * renamed to a held lock.
 */
export type LockMode = 'shared' | 'exclusive';

/** A file by what it is (device and inode) or by where it is; see fileLock.ts. */
export interface RegistryLock {
  key: string;
  mode: LockMode;
}

export interface HeldEntries {
  release(): void;
  /** Gives up those of some files. */
  releaseKeys(keys: ReadonlySet<string>): void;
}

/** What keeps a lock from being taken: another session's, and which of the wanted locks it conflicts with. */
export interface RegistryConflict {
  wanted: RegistryLock;
  holder: LockHolder;
}

/** Returns null when this host has no usable registry: then a lock beside the file must do. */
export function takeInRegistry(
  wanted: readonly RegistryLock[],
  holder: LockHolder,
  folders: readonly string[],
): HeldEntries | { conflict: RegistryConflict } | null {
  for (const folder of folders) {
    const taken = takeIn(folder, wanted, holder);
    if (taken) return taken;
  }
  return null;
}

/**
 * Not only the temporary folder: sessions of one host may be told different ones (`TMPDIR`), and on macOS each user has
 * one. It is where the common one cannot be used.
 */
export function registryFolders(): string[] {
  const places = process.platform === 'win32' ? [os.tmpdir()] : ['/tmp', os.tmpdir()];
  return [...new Set(places)].map((place) => path.join(place, 'blkreplay-locks'));
}

interface Entry extends RegistryLock {
  name: string;
  state: 'claim' | 'held';
  token: string;
  pid: number;
  process: string | null;
}

/** A second of claims that neither succeed nor go away: that process is stopped, say. */
const ATTEMPTS = 200;
const WAIT_MS = 5;

function takeIn(folder: string, wanted: readonly RegistryLock[], holder: LockHolder) {
  for (let attempt = 1; ; attempt++) {
    const claims = createEntries(folder, wanted, holder);
    if (!claims) return null;
    const found = waitForClaims(folder, wanted, holder, attempt === ATTEMPTS);
    if (found === 'free') return hold(folder, claims);
    removeEntries(folder, claims);
    if (found !== 'withdraw') return { conflict: found };
    sleepMilliseconds(WAIT_MS);
  }
}

/** Whether the claims may become locks, must be withdrawn for somebody else's, or conflict with a lock. */
function waitForClaims(
  folder: string,
  wanted: readonly RegistryLock[],
  holder: LockHolder,
  isLastAttempt: boolean,
): 'free' | 'withdraw' | RegistryConflict {
  for (let attempt = 1; ; attempt++) {
    const conflicts = conflictsIn(folder, wanted, holder);
    const decisive =
      conflicts.find(({ entry }) => entry.state === 'held') ??
      conflicts.find(({ entry }) => entry.token < holder.token);
    if (conflicts.length === 0) return 'free';
    if (decisive?.entry.state === 'claim' && !isLastAttempt) return 'withdraw';
    if (decisive || attempt === ATTEMPTS) {
      const { wanted: lock, entry } = decisive ?? conflicts[0];
      return { wanted: lock, holder: holderOf(folder, entry) };
    }
    sleepMilliseconds(WAIT_MS);
  }
}

function conflictsIn(folder: string, wanted: readonly RegistryLock[], holder: LockHolder) {
  const gone = new Map<string, boolean>();
  const isOfTheGone = ({ pid, process: identity }: Entry): boolean => {
    const who = `${pid} ${identity}`;
    if (!gone.has(who)) gone.set(who, isGone({ pid, process: identity, host: os.hostname() }));
    return gone.get(who)!;
  };
  const conflicts: { wanted: RegistryLock; entry: Entry }[] = [];
  for (const entry of entriesIn(folder)) {
    if (entry.token === holder.token) continue;
    if (isOfTheGone(entry)) {
      removeEntries(folder, [entry.name]);
      continue;
    }
    const lock = wanted.find(
      ({ key, mode }) => key === entry.key && (mode === 'exclusive' || entry.mode === 'exclusive'),
    );
    if (lock) conflicts.push({ wanted: lock, entry });
  }
  // The one to tell of is the one that was named first.
  return conflicts.sort((a, b) => wanted.indexOf(a.wanted) - wanted.indexOf(b.wanted));
}

// --- entries ---------------------------------------------------------------------------------------------------------

/** Returns their names; null where none can be created. */
function createEntries(folder: string, wanted: readonly RegistryLock[], holder: LockHolder): string[] | null {
  const created: string[] = [];
  for (const lock of wanted) {
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
  // Whoever released the last lock may just have removed the folder.
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
      // On a full disk the lock is as good without the words for messages.
    }
    return true;
  }
  return false;
}

/** Another user may have put something else there: a link would have us write elsewhere. */
function isUsable(folder: string): boolean {
  try {
    mkdirSync(folder);
    // Not by mkdir's mode, which the umask cuts. Sticky: an entry is removed by its owner only.
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

function hold(folder: string, claims: readonly string[]): HeldEntries | null {
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
    // Nothing is left behind when it was the last.
    rmdirSync(folder);
  } catch {
    // Others are in it, or it is another user's: an entry that stays is ignored once its process is gone.
  }
}

function entriesIn(folder: string): Entry[] {
  try {
    return readdirSync(folder).flatMap((name) => entryOf(name) ?? []);
  } catch {
    return [];
  }
}

/** Parts are separated by dots and have none: key, mode, state, process number, its boot and start, token. */
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

/** It may be anything that another user put there: not a pipe that would hang, no link that leads elsewhere. */
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
