import { type Stats, closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { fileTooLarge, notAFile } from '../engine/errors/host.ts';
import { memoryNotGiven } from '../engine/errors/outOfMemory.ts';
import { checkInterruption } from './interruption.ts';
import { NONBLOCKING } from './nodeFiles.ts';
import { refuseBadName } from './filePaths.ts';
import { codeOf, openFailure, useFailure } from './systemErrors.ts';

/**
 * A whole file, for boot files, symbols and `--stdin`: at most `maxBytes`. It may be a pipe, as in `--stdin <(...)`, which
 * is read to its end and up to a bound; other things that are no files (devices have no end, sockets no name) are refused,
 * but for the null device, which is an empty file. Nothing here waits but for a pipe that somebody writes to, and that
 * can be interrupted.
 */
export function readWholeFile(filePath: string, maxBytes: number, name = filePath): Uint8Array {
  const opening = { name, access: 'read', creating: false } as const;
  checkInterruption(name);
  let handle: number;
  refuseBadName(filePath);
  try {
    refuseDevice(statSync(filePath), name);
    handle = openSync(filePath, constants.O_RDONLY | NONBLOCKING);
  } catch (error) {
    throw openFailure(error, opening);
  }
  try {
    const stat = fstatSync(handle);
    refuseDevice(stat, name);
    if (!stat.isFIFO()) return readToEnd(handle, { name, maxBytes, lengthBytes: stat.size });
    const bytes = readToEnd(handle, { name, maxBytes: Math.min(maxBytes, PIPE_BYTES_MAX), isPipe: true });
    // A pipe with a name may have nobody at its other end, which reads as an end at once.
    if (bytes.length === 0 && lstatSync(filePath).isFIFO()) throw notAFile(name, 'a pipe that nothing writes to');
    return bytes;
  } catch (error) {
    throw useFailure(error, 'Reading', name);
  } finally {
    closeSync(handle);
  }
}

/** More than boot files and scripts that programs make on the way have; how much will come is not known. */
const PIPE_BYTES_MAX = 256 << 20;
// Between two pieces an interruption is seen.
const PIECE_BYTES = 4 << 20;

interface Source {
  name: string;
  maxBytes: number;
  /** What the system says, which is 0 for files of /proc. */
  lengthBytes?: number;
  isPipe?: boolean;
}

function readToEnd(handle: number, source: Source): Uint8Array {
  const { name, maxBytes, lengthBytes = 0 } = source;
  if (lengthBytes > maxBytes) throw fileTooLarge({ name, lengthBytes, maxBytes });
  // One more than there should be tells whether that is the end.
  let bytes = allocate(Math.max(lengthBytes + 1, SMALL_BYTES), name);
  let done = 0;
  const patience = new PipePatience();
  for (;;) {
    checkInterruption(name);
    if (done === bytes.length) bytes = grown(bytes, Math.min(done * 2, maxBytes + 1), name);
    const read = tryRead(handle, bytes.subarray(done, done + PIECE_BYTES), source);
    if (read === 'nothing yet') patience.wait();
    else if (read === 0 && !(source.isPipe && done === 0 && patience.isThereTime())) return bytes.subarray(0, done);
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
    // Some files of /proc and /sys are pipes that call themselves regular.
    if (!isPipe) throw notAFile(name, 'a device or pipe');
    return 'nothing yet';
  }
}

/** For who opens a pipe to write it, which takes its time once a reader is there. */
class PipePatience {
  private left = 20;
  /** A writer has been seen: an end is one. */
  private hasWriter = false;

  isThereTime(): boolean {
    if (this.hasWriter || this.left === 0) return false;
    this.left--;
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

function grown(bytes: Uint8Array, lengthBytes: number, name: string): Uint8Array {
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

function refuseDevice(stat: Stats, name: string): void {
  if (stat.isDirectory()) throw notAFile(name, 'a folder');
  if (stat.isFile() || stat.isFIFO() || isNullDevice(stat)) return;
  throw notAFile(name, 'a device or pipe');
}

function isNullDevice(stat: Stats): boolean {
  if (!stat.isCharacterDevice() || process.platform === 'win32') return false;
  return stat.rdev === statSync('/dev/null', { throwIfNoEntry: false })?.rdev;
}
