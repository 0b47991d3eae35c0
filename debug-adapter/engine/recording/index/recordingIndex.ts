import type { Position } from '../../base/quantities.ts';
import type { LogEntry } from '../logEntry.ts';
import type { Span } from './indexPage.ts';
import { type IndexedLog, IndexPages, type WantedEntries } from './indexPages.ts';
import { mayTouch } from './sectorSet.ts';
import { type EntrySeries, SECTOR_BYTES, seriesName } from './spanSummary.ts';

type RequestEntry = Extract<LogEntry, { kind: 'blockRequest' }>;
type CompletionEntry = Extract<LogEntry, { kind: 'blockCompletion' }>;

/** A request that changed the disk, and the completion at which the change became visible. */
export interface DiskWrite {
  request: RequestEntry;
  completion: CompletionEntry;
}

/** A range of 512-byte disk sectors. */
export interface SectorRange {
  drive: string;
  firstSector: number;
  sectors: number;
}

/** A summary of the entries in part of the log, for example for drawing an overview. */
export interface LogActivity {
  firstPosition: Position;
  lastPosition: Position;
  /** The number of entries of each kind, such as `digest`, and of each input port, such as `input 1`. */
  counts: ReadonlyMap<string, number>;
  /** The number of requests for each drive. */
  requests: ReadonlyMap<string, number>;
}

/**
 * Answers questions about a recording's log without replaying the recording or reading the whole log. Examples: which
 * request wrote a sector, which requests touch a range, and which byte was the nth one typed on the console. The index
 * consists of pages (see indexPage.ts) that the recording's writer stores in the file. The pages contain counts and
 * indicate which chunks may contain an entry; the entries themselves are always read from the chunks. A page that is
 * missing or damaged is rebuilt from its chunks. Recordings in formats before version 6 have no pages. If the recording
 * process was killed, the pages for the end of the recording are missing.
 *
 * All methods throw a UserError if the recording is damaged. Generators read the log as their results are consumed.
 */
export class RecordingIndex {
  private readonly log: IndexedLog;
  private readonly pages: IndexPages;
  /** For each series, the number of entries before each page; undefined until it is needed. */
  private totals: Map<string, Float64Array> | undefined;

  constructor(log: IndexedLog) {
    this.log = log;
    this.pages = new IndexPages(log);
  }

  /** The number of entries in a series. */
  count(series: EntrySeries): number {
    return this.totalsOf(series)[this.pages.length];
  }

  /**
   * The entry with the given number in a series; numbers start at 0. Returns undefined if the series has no entry with
   * this number. For example, `nth({ kind: 'input', port: CONSOLE_PORT.number }, 99)` is the 100th byte that was typed
   * on the console.
   */
  nth(series: EntrySeries, number: number): LogEntry | undefined {
    if (!(number >= 0 && number < this.count(series))) return undefined;
    const totals = this.totalsOf(series);
    const name = seriesName(series);
    const wanted = { kinds: [series.kind], port: series.port };
    let low = 0;
    let high = this.pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (totals[middle] <= number) low = middle;
      else high = middle - 1;
    }
    let left = number - totals[low];
    for (const span of this.pages.at(low).spans) {
      const count = span.counts.get(name) ?? 0;
      if (left >= count) {
        left -= count;
        continue;
      }
      for (const entry of this.entriesOfSpan(span, wanted)) if (left-- === 0) return entry;
      break;
    }
    return undefined;
  }

  /**
   * The number of entries in a series before `position`. This is also the number of the first entry at or after
   * `position`.
   */
  numberAt(series: EntrySeries, position: Position): number {
    const chunk = this.log.chunks.firstReaching(position);
    if (chunk === this.log.chunks.length) return this.count(series);
    const page = this.pages.pageOf(chunk);
    const name = seriesName(series);
    const wanted = { kinds: [series.kind], port: series.port, to: position };
    let number = this.totalsOf(series)[page];
    for (const span of this.pages.at(page).spans) {
      if (span.firstChunk + span.chunks <= chunk) {
        number += span.counts.get(name) ?? 0;
        continue;
      }
      for (let i = span.firstChunk; i <= chunk; i++) {
        for (const _ of this.log.entriesOf(i, wanted)) number++;
      }
      break;
    }
    return number;
  }

  /** The matching entries. Does not read the index, and skips chunks that contain none of the wanted kinds. */
  *entries(wanted: WantedEntries): Generator<LogEntry, void, undefined> {
    const { first, end } = this.chunksOf(wanted);
    for (let i = 0; i < end - first; i++) {
      yield* this.log.entriesOf(wanted.backwards ? end - 1 - i : first + i, wanted);
    }
  }

  /**
   * The last successful write, discard or request to write zeroes that completed before `position` and touches a
   * sector. At `position`, the sector contains the data of this request. Returns undefined if the sector has its
   * initial contents.
   */
  lastWriter(drive: string, sector: number, position: Position): DiskWrite | undefined {
    const range = { drive, firstSector: sector, sectors: 1 };
    for (const request of this.requestsTouching(range, { to: position, writesOnly: true, backwards: true })) {
      const completion = this.completionOf(request);
      if (completion?.status === 'ok' && completion.position < position) return { request, completion };
    }
    return undefined;
  }

  /**
   * The first successful write, discard or request to write zeroes that touches a sector and completed at or after
   * `position`.
   */
  nextWriter(drive: string, sector: number, position: Position): DiskWrite | undefined {
    const range = { drive, firstSector: sector, sectors: 1 };
    return this.writeInFlight(range, position) ?? this.writeFrom(range, position);
  }

  /**
   * The requests that touch at least one sector of a range, in the order in which the guest made them or in reverse.
   * With `writesOnly`, reads are omitted. Failed and unfinished requests are included.
   */
  *requestsTouching(
    { drive, firstSector, sectors }: SectorRange,
    { writesOnly = false, ...where }: Omit<WantedEntries, 'kinds'> & { writesOnly?: boolean } = {},
  ): Generator<RequestEntry, void, undefined> {
    const endSector = firstSector + sectors;
    for (const span of this.spans(where)) {
      const summary = span.drives.get(drive);
      if (!summary) continue;
      const { writes, reads } = summary;
      const isCandidate =
        (writes && mayTouch(writes, firstSector, endSector)) ||
        (!writesOnly && reads && mayTouch(reads, firstSector, endSector));
      if (!isCandidate) continue;
      for (const entry of this.entriesOfSpan(span, { ...where, kinds: ['blockRequest'] })) {
        const request = entry as RequestEntry;
        if (request.drive !== drive || (writesOnly && request.operation === 'read')) continue;
        if (touches(request, firstSector, endSector)) yield request;
      }
    }
  }

  /** The completion of a request; undefined if the request did not complete. */
  completionOf(request: RequestEntry): CompletionEntry | undefined {
    for (const entry of this.entries({ kinds: ['blockCompletion'], from: request.position })) {
      const completion = entry as CompletionEntry;
      // A drive completes its requests in the order of their ids.
      if (completion.drive === request.drive && completion.id >= request.id) {
        return completion.id === request.id ? completion : undefined;
      }
    }
    return undefined;
  }

  /** Summarizes a range of positions. Each summary covers about 60 KiB of the log. */
  *activity(where: Pick<WantedEntries, 'from' | 'to'> = {}): Generator<LogActivity, void, undefined> {
    for (const { firstChunk, chunks, counts, drives } of this.spans(where)) {
      const requests = new Map([...drives].map(([drive, summary]) => [drive, summary.requests]));
      const { firstPosition } = this.log.chunks.at(firstChunk);
      const { lastPosition } = this.log.chunks.at(firstChunk + chunks - 1);
      yield { firstPosition, lastPosition, counts, requests };
    }
  }

  /**
   * The first write to a sector that was in flight at `position`: it was requested before `position`, and completed at
   * or after `position`.
   */
  private writeInFlight({ drive, firstSector, sectors }: SectorRange, position: Position): DiskWrite | undefined {
    let first: DiskWrite | undefined;
    for (const request of this.requestsOf(drive, position)) {
      const completion = this.completionOf(request);
      if (!completion) continue;
      if (completion.position < position) break;
      const isWrite = request.operation !== 'read' && completion.status === 'ok';
      if (isWrite && touches(request, firstSector, firstSector + sectors)) first = { request, completion };
    }
    return first;
  }

  private writeFrom(range: SectorRange, position: Position): DiskWrite | undefined {
    for (const request of this.requestsTouching(range, { from: position, writesOnly: true })) {
      const completion = this.completionOf(request);
      if (completion?.status === 'ok') return { request, completion };
    }
    return undefined;
  }

  /** All requests of a drive before `to`, in reverse order. */
  private *requestsOf(drive: string, to: Position): Generator<RequestEntry, void, undefined> {
    for (const span of this.spans({ to, backwards: true })) {
      if (!span.drives.has(drive)) continue;
      for (const entry of this.entriesOfSpan(span, { kinds: ['blockRequest'], to, backwards: true })) {
        if ((entry as RequestEntry).drive === drive) yield entry as RequestEntry;
      }
    }
  }

  /** The chunks that contain positions in a range: from `first` up to but not including `end`. */
  private chunksOf({ from = 0, to = Infinity }: WantedEntries): { first: number; end: number } {
    const { chunks } = this.log;
    return { first: chunks.firstReaching(from), end: chunks.countStartingBefore(to) };
  }

  /** The spans that contain positions in a range. */
  private *spans(wanted: WantedEntries): Generator<Span, void> {
    const { first, end } = this.chunksOf(wanted);
    if (first >= end) return;
    const { backwards } = wanted;
    const [firstPage, lastPage] = [this.pages.pageOf(first), this.pages.pageOf(end - 1)];
    for (let i = 0; i <= lastPage - firstPage; i++) {
      const { spans } = this.pages.at(backwards ? lastPage - i : firstPage + i);
      for (let j = 0; j < spans.length; j++) {
        const span = spans[backwards ? spans.length - 1 - j : j];
        if (span.firstChunk < end && span.firstChunk + span.chunks > first) yield span;
      }
    }
  }

  private *entriesOfSpan({ firstChunk, chunks }: Span, wanted: WantedEntries): Generator<LogEntry, void, undefined> {
    for (let i = 0; i < chunks; i++) {
      yield* this.log.entriesOf(wanted.backwards ? firstChunk + chunks - 1 - i : firstChunk + i, wanted);
    }
  }

  /** The number of entries in a series before each page, followed by the total number of entries. */
  private totalsOf(series: EntrySeries): Float64Array {
    this.totals ??= this.countAll();
    return this.totals.get(seriesName(series)) ?? new Float64Array(this.pages.length + 1);
  }

  private countAll(): Map<string, Float64Array> {
    const totals = new Map<string, Float64Array>();
    for (let page = 0; page < this.pages.length; page++) {
      for (const { counts } of this.pages.at(page).spans) {
        for (const [name, count] of counts) {
          let before = totals.get(name);
          if (!before) totals.set(name, (before = new Float64Array(this.pages.length + 1)));
          before[page + 1] += count;
        }
      }
    }
    for (const before of totals.values()) for (let i = 1; i < before.length; i++) before[i] += before[i - 1];
    return totals;
  }
}

function touches({ operation, offset, lengthBytes }: RequestEntry, firstSector: number, endSector: number): boolean {
  if (operation === 'flush' || lengthBytes === 0) return false;
  return offset < endSector * SECTOR_BYTES && offset + lengthBytes > firstSector * SECTOR_BYTES;
}
