import { ByteReader, ByteWriter, Malformed } from '../../base/bytes.ts';
import type { LogEntry } from '../logEntry.ts';
import { chunkFlaws } from '../../../messages/recordingDamage.ts';
import { readSpanSummary, SpanBuilder, type SpanSummary } from './spanSummary.ts';

/**
 * A page of the index. It divides the events chunks between the previous page and this one into spans, and describes
 * each span. All information in a page comes from those chunks, so a page that is missing or damaged can be rebuilt
 * from them.
 *
 * The payload consists of the layout version, the number of chunks, the names of series and drives, and the spans. Each
 * span consists of its number of chunks and its summary.
 */
export interface IndexPage {
  spans: readonly Span[];
  /** The length of the encoded page, used as an estimate of its memory use. */
  lengthBytes: number;
}

export interface Span extends SpanSummary {
  firstChunk: number;
  chunks: number;
}

const LAYOUT_VERSION = 1;

/**
 * The minimum total length of the chunks in a span. A full chunk is 60 KiB long, so it forms a span by itself. Shorter
 * chunks are combined, so that the index stays small if the log is flushed often.
 */
const SPAN_BYTES = 48 << 10;
/** With 16 spans, a page describes about 1 MiB of the log. */
const PAGE_SPANS = 16;
/** Limits the time needed to rebuild a page that describes many very short chunks. */
const PAGE_CHUNKS_MAX = 16_384;

/** Builds the pages while a recording is being written, and rebuilds pages that are missing or damaged. */
export class IndexPageBuilder {
  private readonly span = new SpanBuilder();
  private readonly spans = new ByteWriter(4096);
  private readonly names = new Map<string, number>();
  private readonly nameNumber = (name: string): number => {
    let number = this.names.get(name);
    if (number === undefined) this.names.set(name, (number = this.names.size));
    return number;
  };
  private spanCount = 0;
  private spanChunks = 0;
  private spanBytes = 0;
  private chunkCount = 0;

  /** Adds an entry of the current chunk. */
  add(entry: LogEntry): void {
    this.span.add(entry);
  }

  /** Ends the current chunk, whose payload has the given length. */
  endChunk(lengthBytes: number): void {
    this.chunkCount++;
    this.spanChunks++;
    this.spanBytes += lengthBytes;
    if (this.spanBytes >= SPAN_BYTES) this.endSpan();
  }

  get isFull(): boolean {
    return this.spanCount >= PAGE_SPANS || this.chunkCount >= PAGE_CHUNKS_MAX;
  }

  /** The number of complete spans in the current page. */
  get completeSpans(): number {
    return this.spanCount;
  }

  /** The number of chunks in the current page. */
  get chunks(): number {
    return this.chunkCount;
  }

  /** Returns the payload of the current page and starts the next one. */
  takePage(): Uint8Array {
    if (this.spanChunks > 0) this.endSpan();
    const page = new ByteWriter(this.spans.length + 256);
    page.varint(LAYOUT_VERSION);
    page.varint(this.chunkCount);
    page.varint(this.names.size);
    for (const name of this.names.keys()) page.text(name);
    page.varint(this.spanCount);
    page.bytes(this.spans.view());
    this.spans.clear();
    this.names.clear();
    this.spanCount = this.chunkCount = 0;
    return page.view();
  }

  private endSpan(): void {
    this.spans.varint(this.spanChunks);
    this.span.encode(this.spans, this.nameNumber);
    this.spanCount++;
    this.spanChunks = this.spanBytes = 0;
  }
}

/**
 * Decodes a page that describes `chunks` chunks, the first of which has the number `firstChunk`. Throws `Malformed` if
 * the page is invalid or describes a different number of chunks.
 */
export function decodeIndexPage(payload: Uint8Array, { firstChunk, chunks }: ChunkRange): IndexPage {
  const source = new ByteReader(payload);
  if (source.varint() !== LAYOUT_VERSION || source.varint() !== chunks) throw new Malformed(chunkFlaws.otherIndex());
  const names: string[] = [];
  for (let left = source.varint(); left > 0; left--) names.push(source.text());
  const spans: Span[] = [];
  let next = firstChunk;
  for (let left = source.varint(); left > 0; left--) {
    const spanChunks = source.varint();
    spans.push({ firstChunk: next, chunks: spanChunks, ...readSpanSummary(source, names) });
    next += spanChunks;
  }
  if (next !== firstChunk + chunks) throw new Malformed(chunkFlaws.otherIndex());
  return { spans, lengthBytes: payload.length };
}

/** A range of consecutive events chunks, identified by their numbers in the recording's table of chunks. */
export interface ChunkRange {
  firstChunk: number;
  chunks: number;
}
