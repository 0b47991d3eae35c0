import {
  type Stats,
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { HostFile } from '../engine/base/host.ts';
import { fileTooLarge, ioFailed, notAFile, notAFolder } from '../engine/errors/host.ts';
import { refuseBadName, statIfThere } from './filePaths.ts';
import { codeOf, openFailure, useFailure } from './systemErrors.ts';

/**
 * Files for the engine, over Node's synchronous calls. Every failure comes out as a UserError (see systemErrors.ts).
 * Only regular files are opened: a folder reads as nothing, and a pipe would hang.
 */
export interface OpenMode {
  write: boolean;
  /** `new` refuses a file that exists; `truncate` empties it; both need `write`. */
  create: 'never' | 'new' | 'truncate';
}

/** `name` is what messages call it; by default the path as given. */
export function openFile(filePath: string, mode: OpenMode, name = filePath): HostFile {
  const opening = { name, access: mode.write ? 'write' : 'read', creating: mode.create !== 'never' } as const;
  let handle: number;
  refuseBadName(name);
  try {
    refuseIrregular(statSync(filePath, { throwIfNoEntry: false }), name);
    handle = openSync(filePath, flagsOf(mode), PRIVATE);
  } catch (error) {
    throw openFailure(error, opening);
  }
  return new NodeFile(handle, name);
}

/** What we write holds memory and what was typed: it is for its owner, whatever the umask lets through. */
const PRIVATE = 0o600;

/** A whole file, for boot files and `--stdin`, which may be a pipe here. At most `maxBytes`. */
export function readWholeFile(filePath: string, maxBytes: number, name = filePath): Uint8Array {
  const opening = { name, access: 'read', creating: false } as const;
  let lengthBytes: number;
  refuseBadName(name);
  try {
    const stat = statSync(filePath);
    if (stat.isDirectory()) throw notAFile(name, 'a folder');
    lengthBytes = stat.size;
  } catch (error) {
    throw openFailure(error, opening);
  }
  if (lengthBytes > maxBytes) throw fileTooLarge({ name, lengthBytes, maxBytes });
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(filePath);
  } catch (error) {
    throw openFailure(error, opening);
  }
  if (bytes.length > maxBytes) throw fileTooLarge({ name, lengthBytes: bytes.length, maxBytes });
  return bytes;
}

export function fileExistsAt(filePath: string): boolean {
  return statIfThere(filePath) !== undefined;
}

/** Removes a file if it is there. */
export function removeFile(filePath: string, name = filePath): void {
  refuseBadName(filePath);
  try {
    rmSync(filePath, { force: true });
  } catch (error) {
    throw openFailure(error, { name, access: 'write', creating: false });
  }
}

/** Creates the folder of a file, with those above it. Returns what removes those again that it created, while empty. */
export function createFolderOf(filePath: string): () => void {
  refuseBadName(filePath);
  try {
    const folder = path.resolve(path.dirname(filePath));
    const first = mkdirSync(folder, { recursive: true });
    return () => first !== undefined && removeFolders(folder, path.resolve(first));
  } catch (error) {
    const name = path.dirname(filePath);
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR') throw notAFolder(name, filePath);
    throw openFailure(error, { name, access: 'write', creating: true });
  }
}

/** From the innermost one up to `last`. Never throws: a folder that has something in it by now stays. */
function removeFolders(folder: string, last: string): void {
  try {
    for (let each = folder; ; each = path.dirname(each)) {
      rmdirSync(each);
      if (each === last) return;
    }
  } catch {
    // Somebody else uses it.
  }
}

class NodeFile implements HostFile {
  readonly name: string;
  #handle: number;

  constructor(handle: number, name: string) {
    this.name = name;
    this.#handle = handle;
  }

  readAt(offset: number, into: Uint8Array): number {
    return this.#guard('Reading', () => {
      let done = 0;
      while (done < into.length) {
        const read = readSync(this.#handle, into, done, into.length - done, offset + done);
        if (read === 0) break;
        done += read;
      }
      return done;
    });
  }

  writeAt(offset: number, from: Uint8Array): void {
    this.#guard('Writing', () => {
      let done = 0;
      while (done < from.length) {
        const written = writeSync(this.#handle, from, done, from.length - done, offset + done);
        // A full disk is reported by an error on the next call; a host that never does must not make us loop.
        if (written === 0) throw ioFailed({ doing: 'Writing', file: this.name, why: 'nothing was written' });
        done += written;
      }
    });
  }

  length(): number {
    return this.#guard('Reading', () => fstatSync(this.#handle).size);
  }

  truncate(length: number): void {
    this.#guard('Writing', () => ftruncateSync(this.#handle, length));
  }

  sync(): void {
    this.#guard('Writing', () => {
      try {
        fdatasyncSync(this.#handle);
      } catch (error) {
        // Some network and memory file systems, and handles opened only to read on Windows, have no sync: nothing to do.
        if (!['EINVAL', 'ENOTSUP', 'ENOSYS', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
      }
    });
  }

  close(): void {
    if (this.#handle < 0) return;
    const handle = this.#handle;
    this.#handle = -1;
    this.#guard('Closing', () => closeSync(handle));
  }

  #guard<T>(doing: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw useFailure(error, doing, this.name);
    }
  }
}

function flagsOf({ write, create }: OpenMode): string {
  if (create === 'new') return 'wx+';
  if (create === 'truncate') return 'w+';
  return write ? 'r+' : 'r';
}

/** Before opening, because opening a pipe waits for its other end. */
function refuseIrregular(stat: Stats | undefined, name: string): void {
  if (stat === undefined || stat.isFile()) return;
  throw notAFile(name, stat.isDirectory() ? 'a folder' : 'a device or pipe');
}
