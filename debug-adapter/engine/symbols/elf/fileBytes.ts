import { symbolDamage } from '../../../messages/symbolDamage.ts';
import { UserError } from '../../../messages/userError.ts';
import type { HostFile } from '../../base/host.ts';
import { MalformedData, WHOLE_FILE } from '../damage.ts';

/**
 * The bytes of a file that is read on demand. `bytes` has the length of the file, but only the parts that were loaded
 * are valid. The operating system allocates memory only for the pages of the array that are written, so the unread
 * parts of a large file need no memory.
 */
export interface FileBytes {
  readonly bytes: Uint8Array;
  /**
   * Makes the bytes from `start` to `end` valid. Throws if the file cannot be read. Undefined if all bytes are valid.
   */
  readonly load?: (start: number, end: number) => void;
  /**
   * Reads bytes that are needed only once. The result is valid until the next call. Undefined if all bytes are valid.
   */
  readonly readOnce?: (start: number, end: number) => Uint8Array;
}

/** All bytes of a file or of a part of it. */
export function allBytes({ bytes, load }: FileBytes): Uint8Array {
  load?.(0, bytes.length);
  return bytes;
}

/** Returns bytes that are needed only once. The result is valid until the next call. */
export function bytesOnce({ bytes, readOnce }: FileBytes, start: number, end: number): Uint8Array {
  return readOnce ? readOnce(start, end) : bytes.subarray(start, end);
}

/** A part of a file; empty if it would lie outside the file. */
export function partOfFile({ bytes, load, readOnce }: FileBytes, offset: number, lengthBytes: number): FileBytes {
  if (!(offset + lengthBytes <= bytes.length)) return { bytes: new Uint8Array() };
  return {
    bytes: bytes.subarray(offset, offset + lengthBytes),
    load: load && ((start, end) => load(offset + start, offset + end)),
    readOnce: readOnce && ((start, end) => readOnce(offset + start, offset + end)),
  };
}

/**
 * A file that is read on demand. If it cannot be read or has changed since this call, the parts that were not yet read
 * count as damaged.
 */
export function fileOnDemand(file: Pick<HostFile, 'length' | 'readAt' | 'version'>): PagedFile {
  const version = file.version?.();
  return new PagedFile(file.length(), (offset, into) => {
    if (!isRead(file, offset, into) || file.version?.() !== version) {
      throw new MalformedData(WHOLE_FILE, symbolDamage.fileChanged());
    }
  });
}

function isRead(file: Pick<HostFile, 'readAt'>, offset: number, into: Uint8Array): boolean {
  try {
    return file.readAt(offset, into) === into.length;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** Reads a file in pages, each page once. */
export class PagedFile implements FileBytes {
  readonly bytes: Uint8Array;
  private readonly readAt: (offset: number, into: Uint8Array) => void;
  private readonly isLoaded: Uint8Array;
  private scratch = new Uint8Array();

  /** `readAt` fills `into` with the file's bytes at `offset`, or throws if they cannot be read. */
  constructor(lengthBytes: number, readAt: (offset: number, into: Uint8Array) => void) {
    this.bytes = new Uint8Array(lengthBytes);
    this.isLoaded = new Uint8Array(Math.ceil(lengthBytes / PAGE_BYTES));
    this.readAt = readAt;
  }

  readonly load = (start: number, end: number): void => {
    const { isLoaded } = this;
    const first = Math.floor(start / PAGE_BYTES);
    let last = Math.min(Math.ceil(end / PAGE_BYTES), isLoaded.length);
    let unread = first;
    while (unread < last && isLoaded[unread] === 1) unread++;
    if (unread >= last) return;
    // If the preceding page has been read, access is probably sequential, so read ahead.
    const continues = unread > 0 && isLoaded[unread - 1] === 1 && start <= unread * PAGE_BYTES + VALUE_BYTES;
    if (continues) last = Math.min(last + READ_AHEAD_PAGES, isLoaded.length);
    for (let page = unread; page < last;) {
      const gapEnd = this.endOfRun(page, last, isLoaded[page]);
      if (isLoaded[page] === 0) {
        this.readAt(page * PAGE_BYTES, this.bytes.subarray(page * PAGE_BYTES, gapEnd * PAGE_BYTES));
        isLoaded.fill(1, page, gapEnd);
      }
      page = gapEnd;
    }
  };

  readonly readOnce = (start: number, end: number): Uint8Array => {
    if (this.scratch.length < end - start) this.scratch = new Uint8Array(Math.max(end - start, SCRATCH_BYTES_MIN));
    const into = this.scratch.subarray(0, end - start);
    this.readAt(start, into);
    return into;
  };

  /** The number of bytes that are in memory. */
  get loadedBytes(): number {
    return this.isLoaded.reduce((sum, loaded) => sum + loaded * PAGE_BYTES, 0);
  }

  private endOfRun(page: number, last: number, value: number): number {
    let end = page;
    while (end < last && this.isLoaded[end] === value) end++;
    return end;
  }
}

/** Pages are small, because the headers of units are scattered throughout the file. */
const PAGE_BYTES = 4096;
const READ_AHEAD_PAGES = 7;
/**
 * A sequential reader may skip some bytes at the start of a page, so its first read may begin up to this many bytes
 * into the page.
 */
const VALUE_BYTES = 16;
const SCRATCH_BYTES_MIN = 1 << 20;
