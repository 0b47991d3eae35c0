import type { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { Malformed } from '../../base/bytes.ts';
import { isPortEntry, type LogEntry, type LogEntryKind } from '../logEntry.ts';
import { chunkFlaws } from '../../../messages/recordingDamage.ts';
import { readSectorSet, type SectorSet, SectorSetBuilder } from './sectorSet.ts';

/**
 * What the index stores about a span (a run of consecutive events chunks): how many entries of each series it contains,
 * and which sectors of each drive its requests touch. A search reads the summaries and then only the spans that may
 * contain the result.
 */
export interface SpanSummary {
  /** The number of entries in each series, indexed by `seriesName`. */
  counts: ReadonlyMap<string, number>;
  drives: ReadonlyMap<string, DriveSummary>;
}

export interface DriveSummary {
  /** The number of requests, including flushes. */
  requests: number;
  /** The sectors touched by reads; undefined if there are none. */
  reads: SectorSet | undefined;
  /** The sectors touched by writes, discards and requests to write zeroes. */
  writes: SectorSet | undefined;
}

/** Entries that are counted together: all entries of a kind, or only those of one input port. */
export interface EntrySeries {
  kind: LogEntryKind;
  port?: number;
}

/** The name of a series in the index, such as `digest` or `input 1`. */
export function seriesName({ kind, port }: EntrySeries): string {
  return port === undefined ? kind : `${kind} ${port}`;
}

export const SECTOR_BYTES = 512;

/**
 * The maximum length of a set of sectors. A request and its completion take about 20 bytes in the log, so even if the
 * requests are as scattered as possible, the index takes only about 5% of the log's length.
 */
const setBytesMax = (requests: number): number => 16 + requests;

/** Summarizes entries. `encode` returns the summary of the entries that were added since its last call. */
export class SpanBuilder {
  private counts = new Map<string, number>();
  private readonly drives = new Map<string, DriveBuilder>();

  add(entry: LogEntry): void {
    this.count(entry.kind);
    if (isPortEntry(entry)) this.count(seriesName(entry));
    if (entry.kind !== 'blockRequest') return;
    let drive = this.drives.get(entry.drive);
    if (drive === undefined) this.drives.set(entry.drive, (drive = new DriveBuilder()));
    drive.requests++;
    if (entry.lengthBytes === 0 || entry.operation === 'flush') return;
    const isRead = entry.operation === 'read';
    const set = isRead ? drive.reads : drive.writes;
    if (isRead) drive.readRequests++;
    else drive.writeRequests++;
    const first = Math.floor(entry.offset / SECTOR_BYTES);
    set.add(first, Math.max(first + 1, Math.ceil((entry.offset + entry.lengthBytes) / SECTOR_BYTES)));
  }

  private count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Writes the summary. `nameNumber` returns the number of a series or drive in the page's list of names. */
  encode(to: ByteWriter, nameNumber: (name: string) => number): void {
    to.varint(this.counts.size);
    for (const [kind, count] of this.counts) {
      to.varint(nameNumber(kind));
      to.varint(count);
    }
    this.counts.clear();
    const used = [...this.drives].filter(([, { requests }]) => requests > 0);
    to.varint(used.length);
    for (const [name, drive] of used) {
      to.varint(nameNumber(name));
      to.varint(drive.requests);
      drive.reads.encode(to, setBytesMax(drive.readRequests));
      drive.writes.encode(to, setBytesMax(drive.writeRequests));
      drive.requests = drive.readRequests = drive.writeRequests = 0;
    }
  }
}

class DriveBuilder {
  requests = 0;
  readRequests = 0;
  writeRequests = 0;
  readonly reads = new SectorSetBuilder();
  readonly writes = new SectorSetBuilder();
}

/** Reads a summary. Throws `Malformed`. */
export function readSpanSummary(source: ByteReader, names: readonly string[]): SpanSummary {
  const name = (): string => {
    const number = source.varint();
    if (number >= names.length) throw new Malformed(chunkFlaws.unknownName());
    return names[number];
  };
  const counts = new Map<string, number>();
  for (let left = source.varint(); left > 0; left--) counts.set(name(), source.varint());
  const drives = new Map<string, DriveSummary>();
  for (let left = source.varint(); left > 0; left--) {
    drives.set(name(), { requests: source.varint(), reads: readSectorSet(source), writes: readSectorSet(source) });
  }
  return { counts, drives };
}
