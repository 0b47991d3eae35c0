import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FileUse, HostLock } from '../engine/base/host.ts';
import { xxh64 } from '../engine/base/xxhash64.ts';
import { fileInSession, imageInQemu } from '../messages/host.ts';
import { UserError } from '../messages/userError.ts';
import { realPath, statIfExists } from './filePaths.ts';
import { lockFileConflict, type LockTarget, type LockFileHandle, createLockFile } from './lockFile.ts';
import { type LockHolder, newHolder } from './lockHolder.ts';
import {
  type HeldEntries,
  type LockMode,
  type RegistryLock,
  registryFolders,
  acquireInRegistry,
} from './lockRegistry.ts';
import { onProcessExit } from './processEnd.ts';
import { processWithOpen, qemuUseOf } from './qemuLocks.ts';

/**
 * Locks either all of a session's files or none of them. Files that the session writes get an exclusive lock, and files
 * that it only reads get a shared lock. A lock applies to the file itself, regardless of which of its names is used: it
 * covers the device and inode. It also covers the resolved path, because the file may not exist yet or may be replaced.
 * Sessions on this host see each other in a registry (lockRegistry.ts). Sessions on other hosts see a lock file next to
 * the locked file (lockFile.ts); base images get no lock file, because their folder may be read-only. If the registry
 * is unusable, lock files are the only protection. Images that QEMU has open are rejected on systems where this can be
 * detected (qemuLocks.ts). Locked files are kept open, because the system may otherwise give the inode of a deleted
 * file to a new file, which would then appear to be locked.
 */
export function lockFiles(files: readonly FileUse[], doing: string, registry = registryFolders()): HostLock {
  return new FileLocks(files, newHolder(doing), registry);
}

interface LockedFile {
  /** The file's path as the user typed it. */
  name: string;
  /** The path with all links resolved. */
  path: string;
  use: FileUse['use'];
}

class FileLocks implements HostLock {
  private readonly files: readonly LockedFile[];
  private readonly holder: LockHolder;
  private readonly registry: readonly string[];
  private readonly entries: HeldEntries[] = [];
  private readonly keys = new Set<string>();
  /** The handles of the files that are kept open; the keys identify the inodes. */
  private readonly open = new Map<string, number>();
  private readonly lockFiles = new Map<string, LockFileHandle>();
  private readonly cancelCleanup: () => void;
  private isExclusive = false;
  private isReleased = false;

  constructor(files: readonly FileUse[], holder: LockHolder, registry: readonly string[]) {
    this.files = strongestUse(files);
    this.holder = holder;
    this.registry = registry;
    this.cancelCleanup = onProcessExit(() => this.removeAll());
    try {
      this.take();
    } catch (error) {
      this.release();
      throw error;
    }
  }

  refresh(): void {
    const written = this.files.filter(({ use }) => use === 'writes');
    const locks = written.flatMap((file) => locksOf(file, 'exclusive')).filter(({ key }) => !this.keys.has(key));
    this.register(locks);
    const current = new Set(this.files.flatMap(keysOf));
    const replaced = new Set([...this.keys].filter((key) => !current.has(key)));
    for (const entries of this.entries) entries.releaseKeys(replaced);
    for (const key of replaced) this.closeKey(key);
    this.pinFiles();
  }

  withExclusiveLock<T>(work: () => T): T {
    if (this.isExclusive) return work();
    const files = this.files.filter(({ use }) => use === 'reads');
    const before = this.entries.length;
    const upgraded: LockedFile[] = [];
    try {
      this.register(files.flatMap((file) => locksOf(file, 'exclusive')));
      for (const file of files) {
        if (!this.lockFiles.has(file.path)) continue;
        this.createLockFile(file, 'exclusive', true);
        upgraded.push(file);
      }
      for (const file of files) refuseQemu(file, 'exclusive');
      this.isExclusive = true;
      return work();
    } finally {
      this.isExclusive = false;
      for (const file of upgraded) this.downgrade(file);
      for (const entries of this.entries.splice(before)) entries.release();
    }
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.cancelCleanup();
    this.removeAll();
  }

  private take(): void {
    this.pinFiles();
    const hasRegistry = this.register(this.files.flatMap((file) => locksOf(file, modeOf(file))));
    for (const file of this.files) {
      if (file.use === 'base') this.checkLockFile(file);
      else this.createLockFile(file, modeOf(file), hasRegistry);
    }
    for (const file of this.files) refuseQemu(file, modeOf(file));
  }

  /** Takes locks in the registry; returns false if this host has no usable registry. */
  private register(locks: readonly RegistryLock[]): boolean {
    const taken = acquireInRegistry(locks, this.holder, this.registry);
    if (!taken) return false;
    if ('conflict' in taken) {
      const { requested, holder } = taken.conflict;
      throw inUse(
        this.files.find((file) => keysOf(file).includes(requested.key))!,
        holder,
      );
    }
    this.entries.push(taken);
    for (const { key } of locks) this.keys.add(key);
    return true;
  }

  private createLockFile(file: LockedFile, mode: LockMode, hasRegistry: boolean): void {
    try {
      const put = createLockFile(lockFileTarget(file), mode, this.holder);
      if ('conflict' in put) throw inUse(file, put.conflict, put.lock);
      this.lockFiles.set(file.path, put);
    } catch (error) {
      if (!canSkipLockFile(error, mode, hasRegistry)) throw error;
      this.checkLockFile(file);
    }
  }

  private checkLockFile(file: LockedFile): void {
    const found = lockFileConflict(lockFileTarget(file), modeOf(file), this.holder);
    if (found) throw inUse(file, found.conflict, found.lock);
  }

  /**
   * Changes an exclusive lock file to a shared one. If this fails, the lock file stays exclusive until the session
   * ends, which affects only readers on other hosts.
   */
  private downgrade(file: LockedFile): void {
    try {
      createLockFile(lockFileTarget(file), 'shared', this.holder);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }

  private removeAll(): void {
    for (const beside of this.lockFiles.values()) beside.release();
    for (const entries of this.entries.splice(0)) entries.release();
    for (const key of [...this.open.keys()]) this.closeKey(key);
  }

  private pinFiles(): void {
    for (const { path: target } of this.files) {
      const opened = openToPin(target);
      if (!opened) continue;
      if (this.open.has(opened.key)) closeSync(opened.handle);
      else this.open.set(opened.key, opened.handle);
    }
  }

  private closeKey(key: string): void {
    this.keys.delete(key);
    const handle = this.open.get(key);
    this.open.delete(key);
    if (handle !== undefined) closeSync(handle);
  }
}

/**
 * Opens a file so that its inode is not reused. Returns undefined if the file cannot be opened; the error is reported
 * later, when the session opens the file for use.
 */
function openToPin(target: string): { key: string; handle: number } | undefined {
  // On Windows, a file that is open cannot be replaced, and an inode is not reused for a long time.
  if (process.platform === 'win32') return undefined;
  let handle: number;
  try {
    // Nonblocking, so that opening a pipe does not wait for its other end.
    handle = openSync(target, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  const stat = fstatSync(handle, { bigint: true });
  if (stat.isFile()) return { key: inodeKey(stat), handle };
  closeSync(handle);
  return undefined;
}

const inodeKey = ({ dev, ino }: { dev: bigint; ino: bigint }): string => `i${dev}-${ino}`;

/**
 * Whether the session can do without a lock file that cannot be created. Sessions on this host still see each other in
 * the registry.
 */
function canSkipLockFile(error: unknown, mode: LockMode, hasRegistry: boolean): boolean {
  if (!(error instanceof UserError)) return false;
  if (UNCREATABLE_CODES.has(error.code)) return hasRegistry || mode === 'shared';
  return mode === 'shared' && error.kind === 'hostFailure';
}

const UNCREATABLE_CODES = new Set(['file-not-permitted', 'file-read-only-place', 'file-bad-name']);

/** The file next to which a lock file is created. If the path is a link, this is the link's target. */
const lockFileTarget = ({ name, path: target }: LockedFile): LockTarget => ({
  path: target,
  name: path.resolve(name) === target ? name : target,
});

const modeOf = ({ use }: LockedFile): LockMode => (use === 'writes' ? 'exclusive' : 'shared');

/** Merges entries for the same file. A file that is named twice gets the stronger of the two locks. */
function strongestUse(files: readonly FileUse[]): LockedFile[] {
  const found = new Map<string, LockedFile>();
  for (const { path: name, use } of files) {
    const target = realPath(name);
    const known = found.get(target);
    if (!known || USE_STRENGTH[use] > USE_STRENGTH[known.use]) found.set(target, { name, path: target, use });
  }
  return [...found.values()];
}

const USE_STRENGTH = { base: 0, reads: 1, writes: 2 };

const locksOf = (file: LockedFile, mode: LockMode): RegistryLock[] => keysOf(file).map((key) => ({ key, mode }));

/**
 * The registry keys of a file. If the hashes of two paths collide, the only effect is that one of the two files appears
 * to be locked.
 */
function keysOf({ path: target }: LockedFile): string[] {
  const byPath = `p${xxh64(new TextEncoder().encode(target)).toString(16)}`;
  const stat = statIfExists(target);
  return stat && stat.ino !== 0n ? [byPath, inodeKey(stat)] : [byPath];
}

function inUse({ name }: LockedFile, { pid, host, doing }: LockHolder, lock?: string): UserError {
  const other = host === os.hostname() ? null : { name: host, lock: lock ?? '' };
  return fileInSession({ file: name, pid, doing, otherHost: other });
}

function refuseQemu({ name, path: target }: LockedFile, mode: LockMode): void {
  const stat = statIfExists(target);
  if (!stat) return;
  const file = { device: stat.dev, inode: stat.ino };
  const use = qemuUseOf(file);
  if (use === 'writes' || (use === 'reads' && mode === 'exclusive')) {
    throw imageInQemu({ file: name, pid: processWithOpen(file), use });
  }
}
