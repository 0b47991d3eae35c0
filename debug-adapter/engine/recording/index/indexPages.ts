import type { Position } from '../../base/quantities.ts';
import { Malformed } from '../../base/bytes.ts';
import type { LogEntry, LogEntryKind } from '../logEntry.ts';
import type { PlacedChunk } from '../chunk.ts';
import type { ChunkTable } from './chunkTable.ts';
import { type ChunkRange, decodeIndexPage, type IndexPage, IndexPageBuilder } from './indexPage.ts';

/** A page of the index in a recording, and the events chunks that it describes. */
export interface PlacedPage extends ChunkRange {
  page: PlacedChunk;
}

/** Selects entries of a log. The default is all entries, in order. */
export interface WantedEntries {
  kinds?: readonly LogEntryKind[];
  /** If given, the traffic of other ports is omitted. */
  port?: number;
  /** Selects only entries at positions from `from` up to but not including `to`. */
  from?: Position;
  to?: Position;
  backwards?: boolean;
}

/** The log that is indexed. */
export interface IndexedLog {
  chunks: ChunkTable;
  /** The pages in the file, in order. Some chunks may not be described by any page. */
  pages: readonly PlacedPage[];
  /**
   * Reads the payload of a page. Returns undefined if the payload is too long or incomplete, or if its checksum is
   * wrong.
   */
  readPage(page: PlacedChunk): Uint8Array | undefined;
  /** The matching entries of a chunk, in forward or reverse order. */
  entriesOf(chunk: number, wanted?: WantedEntries): Iterable<LogEntry>;
}

/**
 * The pages of a recording's index, which together describe all events chunks. A page is read from the file when it is
 * needed. A page that is missing or damaged is rebuilt from its chunks, which takes about 20 ms. Pages that were used
 * recently stay in memory, up to `CACHED_BYTES_MAX`.
 */
export class IndexPages {
  private readonly log: IndexedLog;
  private readonly ranges: readonly (ChunkRange & { page?: PlacedChunk })[];
  private readonly cache = new Map<number, IndexPage>();
  private cachedBytes = 0;

  constructor(log: IndexedLog) {
    this.log = log;
    this.ranges = allRanges(log);
  }

  get length(): number {
    return this.ranges.length;
  }

  at(index: number): IndexPage {
    let page = this.cache.get(index);
    if (page) this.cache.delete(index);
    else {
      page = this.read(index) ?? this.rebuild(index);
      this.cachedBytes += page.lengthBytes;
    }
    this.cache.set(index, page);
    for (const [oldest, { lengthBytes }] of this.cache) {
      if (this.cachedBytes <= CACHED_BYTES_MAX || oldest === index) break;
      this.cache.delete(oldest);
      this.cachedBytes -= lengthBytes;
    }
    return page;
  }

  /** The index of the page that describes a chunk. */
  pageOf(chunk: number): number {
    let low = 0;
    let high = this.ranges.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.ranges[middle].firstChunk <= chunk) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private read(index: number): IndexPage | undefined {
    const range = this.ranges[index];
    const payload = range.page ? this.log.readPage(range.page) : undefined;
    if (payload === undefined) return undefined;
    try {
      return decodeIndexPage(payload, range);
    } catch (error) {
      if (error instanceof Malformed) return undefined;
      throw error;
    }
  }

  private rebuild(index: number): IndexPage {
    const range = this.ranges[index];
    const builder = new IndexPageBuilder();
    for (let chunk = range.firstChunk; chunk < range.firstChunk + range.chunks; chunk++) {
      for (const entry of this.log.entriesOf(chunk)) builder.add(entry);
      builder.endChunk(this.log.chunks.lengthBytes(chunk));
    }
    return decodeIndexPage(builder.takePage(), range);
  }
}

/** The budget for pages in memory. This is enough for the index of a log of about 800 MiB. */
const CACHED_BYTES_MAX = 32 << 20;

/** The approximate length of the part of the log that a rebuilt page describes. */
const REBUILT_LOG_BYTES = 1 << 20;
const REBUILT_CHUNKS_MAX = 4096;

function allRanges({ chunks, pages }: IndexedLog): (ChunkRange & { page?: PlacedChunk })[] {
  const ranges: (ChunkRange & { page?: PlacedChunk })[] = [];
  let next = 0;
  const addMissing = (end: number) => {
    while (next < end) {
      const firstChunk = next;
      for (let bytes = 0; next < end && bytes < REBUILT_LOG_BYTES && next - firstChunk < REBUILT_CHUNKS_MAX; next++) {
        bytes += chunks.lengthBytes(next);
      }
      ranges.push({ firstChunk, chunks: next - firstChunk });
    }
  };
  for (const page of pages) {
    addMissing(page.firstChunk);
    ranges.push({ firstChunk: page.firstChunk, chunks: page.chunks, page: page.page });
    next = page.firstChunk + page.chunks;
  }
  addMissing(chunks.length);
  return ranges;
}
