import {
  type Stats,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { HostFile, PendingSync } from '../engine/base/host.ts';
import { ioFailed, notAFile, notAFolder, nothingWritten } from '../messages/host.ts';
import { checkFileName, statIfExists } from './filePaths.ts';
import { checkInterruption } from './interruption.ts';
import { codeOf, openFailure, useFailure } from './systemErrors.ts';

export interface OpenMode {
  write: boolean;
  /** `new` fails if the file exists; `truncate` empties it. Both require `write`. */
  create: 'never' | 'new' | 'truncate';
}

/**
 * Opens files for the engine with Node's synchronous calls. Every failure is a UserError (see systemErrors.ts). Only
 * regular files are opened: a folder cannot be read, and a pipe would block. After an interruption, the thread's next
 * call that opens, reads or writes a file throws; closing and removing files still works. `name` is the file's name in
 * messages, by default its path.
 */
export function openFile(filePath: string, mode: OpenMode, name = filePath): HostFile {
  const context = { name, access: mode.write ? 'write' : 'read', creating: mode.create !== 'never' } as const;
  checkInterruption(name);
  let handle: number;
  checkFileName(name);
  try {
    // Check before opening the file, because merely opening some devices has side effects.
    checkRegularFile(statSync(filePath, { throwIfNoEntry: false }), name);
    handle = openSync(filePath, flagsOf(mode) | NONBLOCKING, OWNER_ONLY_MODE);
  } catch (error) {
    throw openFailure(error, context);
  }
  try {
    // Check the opened file too, because the name may refer to another file by now.
    checkRegularFile(fstatSync(handle), name);
  } catch (error) {
    closeSync(handle);
    throw openFailure(error, context);
  }
  return new NodeFile(handle, name);
}

/**
 * The mode of new files. Files contain guest memory and typed input, so only their owner can read them, regardless of
 * the umask.
 */
const OWNER_ONLY_MODE = 0o600;

export function fileExistsAt(filePath: string): boolean {
  return statIfExists(filePath) !== undefined;
}

export function modifiedMsOf(filePath: string): number | undefined {
  const stat = statIfExists(filePath);
  return stat && Number(stat.mtimeMs);
}

/** Removes a file if it exists. */
export function removeFile(filePath: string, name = filePath): void {
  checkFileName(filePath);
  try {
    rmSync(filePath, { force: true });
  } catch (error) {
    throw openFailure(error, { name, access: 'write', creating: false });
  }
}

/**
 * Creates a file's folder and its parent folders. Returns a function that removes those of the created folders that are
 * still empty.
 */
export function createFolderOf(filePath: string): () => void {
  checkFileName(filePath);
  const created: string[] = [];
  const remove = () => removeFolders(created);
  try {
    for (const folder of missingFolders(filePath)) {
      if (createFolder(folder)) created.unshift(folder);
    }
    return remove;
  } catch (error) {
    remove();
    const name = path.dirname(filePath);
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR') throw notAFolder(name, filePath);
    throw openFailure(error, { name, access: 'write', creating: true });
  }
}

/**
 * The missing folders, outermost first. They are created one by one, because Node's recursive mkdir reports a disk
 * failure as a missing folder.
 */
function missingFolders(filePath: string): string[] {
  const missing: string[] = [];
  for (let folder = path.dirname(path.resolve(filePath)); ; folder = path.dirname(folder)) {
    const stat = statIfExists(folder);
    if (stat && !stat.isDirectory()) throw notAFolder(path.dirname(filePath), filePath);
    if (stat) return missing;
    missing.unshift(folder);
  }
}

/** Creates a folder. Returns false if another process has just created it. */
function createFolder(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && statSync(folder).isDirectory()) return false;
    throw error;
  }
}

/** Removes folders, innermost first. Never throws; a folder that is no longer empty stays. */
function removeFolders(folders: readonly string[]): void {
  try {
    for (const folder of folders) rmdirSync(folder);
  } catch {
    // Another process has created a file in the folder.
  }
}

class NodeFile implements HostFile {
  readonly name: string;
  private handle: number;

  constructor(handle: number, name: string) {
    this.name = name;
    this.handle = handle;
  }

  readAt(offset: number, into: Uint8Array): number {
    return this.guard('Reading', () => {
      let done = 0;
      while (done < into.length) {
        const read = readSync(this.handle, into, done, into.length - done, offset + done);
        if (read === 0) break;
        done += read;
      }
      return done;
    });
  }

  writeAt(offset: number, from: Uint8Array): void {
    this.guard('Writing', () => {
      let done = 0;
      while (done < from.length) {
        const written = writeSync(this.handle, from, done, from.length - done, offset + done);
        // On a full disk, a write may store fewer bytes than requested; the next write then reports the error. Throw if
        // nothing was written, so that the loop ends even if the host reports no error.
        if (written === 0) throw ioFailed({ doing: 'Writing', file: this.name, why: nothingWritten() });
        done += written;
      }
    });
  }

  length(): number {
    return this.guard('Reading', () => fstatSync(this.handle).size);
  }

  version(): string {
    const { dev, ino, size, mtimeNs } = this.guard('Reading', () => fstatSync(this.handle, { bigint: true }));
    return [dev, ino, size, mtimeNs].join(' ');
  }

  truncate(length: number): void {
    this.guard('Writing', () => ftruncateSync(this.handle, length));
  }

  sync(): void {
    this.guard('Writing', () => {
      try {
        fdatasyncSync(this.handle);
      } catch (error) {
        if (!isSyncUnsupported(error)) throw error;
      }
    });
  }

  startSync(): PendingSync {
    let isDone = false;
    let failure: Error | undefined;
    fdatasync(this.handle, (error) => {
      isDone = true;
      if (error && !isSyncUnsupported(error)) failure = error;
    });
    return {
      isDone: () => {
        if (failure) throw useFailure(failure, 'Writing', this.name);
        return isDone;
      },
      // Waiting would block this thread, so the callback could not run; sync the data again instead.
      wait: () => {
        if (failure) throw useFailure(failure, 'Writing', this.name);
        if (!isDone) this.sync();
      },
    };
  }

  close(): void {
    if (this.handle < 0) return;
    const handle = this.handle;
    this.handle = -1;
    this.guard('Closing', () => closeSync(handle));
  }

  private guard<T>(doing: string, call: () => T): T {
    if (doing !== 'Closing') checkInterruption(this.name);
    try {
      return call();
    } catch (error) {
      throw useFailure(error, doing, this.name);
    }
  }
}

/** Some network and memory file systems, and read-only handles on Windows, do not support sync. */
const isSyncUnsupported = (error: unknown): boolean =>
  ['EINVAL', 'ENOTSUP', 'ENOSYS', 'EPERM'].includes(codeOf(error) ?? '');

/**
 * With this flag, opening a pipe does not wait for its other end. It has no effect on regular files, and Windows does
 * not provide it.
 */
export const NONBLOCKING = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

function flagsOf({ write, create }: OpenMode): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC } = constants;
  if (create === 'new') return O_RDWR | O_CREAT | O_EXCL;
  if (create === 'truncate') return O_RDWR | O_CREAT | O_TRUNC;
  return write ? O_RDWR : O_RDONLY;
}

function checkRegularFile(stat: Stats | undefined, name: string): void {
  if (stat === undefined || stat.isFile()) return;
  throw notAFile(name, stat.isDirectory() ? 'folder' : 'device');
}
