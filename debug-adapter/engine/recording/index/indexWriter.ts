import type { PlacedChunk } from '../chunk.ts';
import type { LogEntry } from '../logEntry.ts';
import { ChunkTable, type PlacedEvents } from './chunkTable.ts';
import { IndexPageBuilder } from './indexPage.ts';
import type { PlacedPage } from './indexPages.ts';

/**
 * Builds the index of a recording that is being written: its table of chunks and the pages of the index. The caller
 * writes each page to the file as soon as it is due.
 */
export class IndexWriter {
  private readonly chunks = new ChunkTable();
  private readonly pages: PlacedPage[] = [];
  private readonly builder = new IndexPageBuilder();

  /** Adds an entry that will be part of the next events chunk. */
  add(entry: LogEntry): void {
    this.builder.add(entry);
  }

  /** Adds an events chunk that has just been written. Its entries must already have been added. */
  addChunk(chunk: PlacedEvents): void {
    this.chunks.append(chunk);
    this.builder.endChunk(chunk.lengthBytes);
  }

  /** Whether a page must be written now. `isLast` means that no further page will be written. */
  isPageDue(isLast = false): boolean {
    return this.builder.isFull || (isLast && this.builder.completeSpans >= LAST_PAGE_SPANS_MIN);
  }

  /** Writes the page that is due. `write` writes a payload to the file. */
  writePage(write: (payload: Uint8Array) => PlacedChunk): void {
    const { chunks } = this.builder;
    const page = write(this.builder.takePage());
    this.pages.push({ page, firstChunk: this.chunks.length - chunks, chunks });
  }

  /** The chunks and pages that have been written so far. */
  contents(): { events: ChunkTable; pages: PlacedPage[] } {
    return { events: this.chunks.snapshot(), pages: [...this.pages] };
  }
}

/**
 * When a recording is closed, a page for its last events is written if they form at least this many spans. Indexing
 * fewer spans on demand takes only a few milliseconds.
 */
const LAST_PAGE_SPANS_MIN = 4;
