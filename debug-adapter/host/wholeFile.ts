import { type Stats, closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { fileTooLarge, notAFile } from '../messages/host.ts';
import { memoryNotGiven } from '../messages/outOfMemory.ts';
import { checkInterruption } from './interruption.ts';
import { NONBLOCKING } from './nodeFiles.ts';
import { checkFileName } from './filePaths.ts';
import { codeOf, openFailure, useFailure } from './systemErrors.ts';

/**
 * Reads a whole file of at most `maxBytes`, for boot files, symbols and `--stdin`. The file may be a pipe, as in
 * `--stdin <(...)`; it is then read to its end, up to a limit. Other special files are rejected (reading a device may
 * never end, and a socket cannot be opened by name), except the null device, which counts as an empty file. Only a read
 * from a pipe with a writer can block; an interruption ends the read.
 */
export function readWholeFile(filePath: string, maxBytes: number, name = filePath): Uint8Array {
  const opening = { name, access: 'read', creating: false } as const;
  checkInterruption(name);
  let handle: number;
  checkFileName(filePath);
  try {
    checkReadable(statSync(filePath), name);
    handle = openSync(filePath, constants.O_RDONLY | NONBLOCKING);
  } catch (error) {
    throw openFailure(error, opening);
  }
  try {
    const stat = fstatSync(handle);
    checkReadable(stat, name);
    if (!stat.isFIFO()) return readToEnd(handle, { name, maxBytes, lengthBytes: stat.size });
    const bytes = readToEnd(handle, { name, maxBytes: Math.min(maxBytes, PIPE_BYTES_MAX), isPipe: true });
    // Reading a named pipe without a writer immediately reports the end of the file.
    if (bytes.length === 0 && lstatSync(filePath).isFIFO()) throw notAFile(name, 'silentPipe');
    return bytes;
  } catch (error) {
    throw useFailure(error, 'Reading', name);
  } finally {
    closeSync(handle);
  }
}

/**
 * The maximum number of bytes to read from a pipe, whose length is unknown in advance. Generated boot files and scripts
 * are shorter.
 */
const PIPE_BYTES_MAX = 256 << 20;
// A file is read in chunks of this size, so that interruptions take effect between two chunks.
const PIECE_BYTES = 4 << 20;

interface Source {
  name: string;
  maxBytes: number;
  /** The length that the system reports, which is 0 for files in /proc. */
  lengthBytes?: number;
  isPipe?: boolean;
}

function readToEnd(handle: number, source: Source): Uint8Array {
  const { name, maxBytes, lengthBytes = 0 } = source;
  if (lengthBytes > maxBytes) throw fileTooLarge({ name, lengthBytes, maxBytes });
  // Allocate one extra byte, to detect the end of the file.
  let bytes = allocate(Math.max(lengthBytes + 1, SMALL_BYTES), name);
  let done = 0;
  const writerWait = new PipeWriterWait();
  for (;;) {
    checkInterruption(name);
    if (done === bytes.length) bytes = grow(bytes, Math.min(done * 2, maxBytes + 1), name);
    const read = tryRead(handle, bytes.subarray(done, done + PIECE_BYTES), source);
    if (read === 'nothing yet') writerWait.wait();
    else if (read === 0 && !(source.isPipe && done === 0 && writerWait.waitForWriter())) return bytes.subarray(0, done);
    else done += read;
    if (done > maxBytes) throw fileTooLarge({ name, maxBytes });
  }
}

const SMALL_BYTES = 1 << 16;

function tryRead(handle: number, into: Uint8Array, { name, isPipe }: Source): number | 'nothing yet' {
  try {
    return readSync(handle, into, 0, into.length, null);
  } catch (error) {
    if (codeOf(error) !== 'EAGAIN') throw error;
    // Some files in /proc and /sys behave like pipes but are reported as regular files.
    if (!isPipe) throw notAFile(name, 'device');
    return 'nothing yet';
  }
}

/** Waits until a process has opened the pipe for writing, which may happen some time after the reader opens it. */
class PipeWriterWait {
  private attemptsLeft = 20;
  /** Whether a process has opened the pipe for writing. If so, there is no more data after an end of file. */
  private hasWriter = false;

  waitForWriter(): boolean {
    if (this.hasWriter || this.attemptsLeft === 0) return false;
    this.attemptsLeft--;
    sleep();
    return true;
  }

  wait(): void {
    this.hasWriter = true;
    sleep();
  }
}

const SLEEP_MILLISECONDS = 5;

function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLEEP_MILLISECONDS);
}

function grow(bytes: Uint8Array, lengthBytes: number, name: string): Uint8Array {
  const larger = allocate(lengthBytes, name);
  larger.set(bytes);
  return larger;
}

function allocate(lengthBytes: number, name: string): Uint8Array {
  try {
    return new Uint8Array(lengthBytes);
  } catch {
    throw memoryNotGiven({ what: name, lengthBytes });
  }
}

function checkReadable(stat: Stats, name: string): void {
  if (stat.isDirectory()) throw notAFile(name, 'folder');
  if (stat.isFile() || stat.isFIFO() || isNullDevice(stat)) return;
  throw notAFile(name, 'device');
}

function isNullDevice(stat: Stats): boolean {
  if (!stat.isCharacterDevice() || process.platform === 'win32') return false;
  return stat.rdev === statSync('/dev/null', { throwIfNoEntry: false })?.rdev;
}
