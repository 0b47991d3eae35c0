import { assert } from '../base/assert.ts';
import type { HostCompression, HostFile } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { noSuchBootFile, recordingDamaged } from '../../messages/recording.ts';
import { Malformed } from './bytes.ts';
import {
  type BootFile,
  type BootFileRole,
  decodeBootFileChunk,
  digestText,
  type RecordedBootFile,
  type RecordingHeader,
} from './header.ts';
import { IndexedEvents } from './indexedEvents.ts';
import { type EndEntry, kindMask, type LogEntry, type LogEntryKind } from './logEntry.ts';
import { type PlacedChunk, type PlacedEvents, scanRecording } from './scan.ts';
import { chunkFlaws, recordingDamage } from '../../messages/recordingDamage.ts';

/**
 * A recording that is open for reading. Opening it checks the whole file once (see scan.ts) and throws a UserError if
 * this version cannot replay it. A torn tail, which a killed process may leave, is accepted; in that case, `complete`
 * is false. Entries are decoded chunk by chunk as they are needed, so memory use does not depend on the length of the
 * recording, and reading can start at any position. The reader owns the file, and `close` closes it.
 */
export class RecordingReader {
  private readonly file: HostFile;
  private readonly compression: HostCompression;
  readonly header: RecordingHeader;
  /** Whether the recording was closed properly. */
  readonly complete: boolean;
  /** The last position that a replay can reach. All external events before it are recorded. */
  readonly lastPosition: Position;
  /** How the recording ended; undefined if it was not closed. */
  readonly end: EndEntry | undefined;
  private readonly bootFiles: readonly PlacedChunk[];
  private readonly names: readonly string[];
  private readonly events: readonly PlacedEvents[];
  /**
   * The chunks that were used most recently. There are several, because a player reads with several cursors at nearby
   * positions.
   */
  private readonly decoded = new Map<PlacedEvents, IndexedEvents>();
  private current: { chunk: PlacedEvents; events: IndexedEvents } | undefined;

  constructor(file: HostFile, compression: HostCompression) {
    this.file = file;
    this.compression = compression;
    const scanned = scanRecording(file);
    this.header = scanned.header;
    this.bootFiles = scanned.bootFiles;
    this.names = scanned.names;
    this.events = scanned.events;
    this.complete = scanned.ended;
    this.lastPosition = scanned.events.at(-1)?.lastPosition ?? 0;
    this.end = scanned.ended ? this.readEnd() : undefined;
  }

  /** The file name, for messages. */
  get name(): string {
    return this.file.name;
  }

  hasBootFile(role: BootFileRole): boolean {
    return this.header.bootFiles.some((line) => line.role === role);
  }

  /** The first boot file with the given role. Throws a UserError if there is none. */
  bootFile(role: BootFileRole): BootFile {
    const index = this.header.bootFiles.findIndex((line) => line.role === role);
    if (index < 0) throw noSuchBootFile({ file: this.name, role });
    return this.bootFileAt(index);
  }

  /**
   * The boot file at the given index in the header's list. The file is read, decompressed and checked, which takes
   * milliseconds for a large kernel.
   */
  bootFileAt(index: number): BootFile {
    const line = this.header.bootFiles[index];
    const chunk = this.bootFiles[index];
    const payload = this.payload(chunk);
    if (xxh64(payload, chunk.seed) !== chunk.checksum) throw this.bootFileError(chunk, line, chunkFlaws.checksum());
    const compressed = this.decode(chunk, () => decodeBootFileChunk(payload, line));
    const bytes = this.decompress(compressed, chunk, line);
    if (digestText(xxh64(bytes)) !== line.digest) throw this.bootFileError(chunk, line, chunkFlaws.notRecorded());
    const { role, name, address } = line;
    return { role, name, bytes, ...(address !== undefined && { address }) };
  }

  /**
   * Yields the entries in order, starting at `position`. If `kinds` is given, only entries of these kinds are yielded,
   * and chunks without them are not read. Each entry is decoded just before it is yielded.
   */
  *entriesFrom(position: Position, kinds?: readonly LogEntryKind[]): Generator<LogEntry, void, undefined> {
    const mask = kinds && kindMask(kinds);
    for (let i = this.firstChunkReaching(position); i < this.events.length; i++) {
      const chunk = this.events[i];
      if (mask !== undefined && (chunk.kinds & mask) === 0) continue;
      // The chunk is looked up again after each entry, because its arrays may have been reused for a different chunk.
      for (let at = this.eventsOf(chunk).firstFrom(position); ; at++) {
        const events = this.eventsOf(chunk);
        while (at < events.count && mask !== undefined && (events.kindBit(at) & mask) === 0) at++;
        if (at >= events.count) break;
        yield events.entry(at);
      }
    }
  }

  close(): void {
    this.file.close();
  }

  private firstChunkReaching(position: Position): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.events[middle].lastPosition < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private eventsOf(chunk: PlacedEvents): IndexedEvents {
    if (this.current?.chunk === chunk) return this.current.events;
    const events = this.decoded.get(chunk) ?? this.load(chunk);
    // Moves the chunk to the end of the map, so that the first chunk in the map is always the least recently used one.
    this.decoded.delete(chunk);
    this.decoded.set(chunk, events);
    this.current = { chunk, events };
    return events;
  }

  private load(chunk: PlacedEvents): IndexedEvents {
    const events = this.unused() ?? new IndexedEvents();
    const read = (into: Uint8Array): number => this.file.readAt(chunk.offset, into);
    this.decode(chunk, () => events.load(chunk.lengthBytes, read, this.names));
    return events;
  }

  /**
   * If the maximum number of chunks is loaded, removes the least recently used chunk and returns its object for reuse.
   */
  private unused(): IndexedEvents | undefined {
    if (this.decoded.size < DECODED_CHUNKS_MAX) return undefined;
    const [chunk, events] = this.decoded.entries().next().value!;
    this.decoded.delete(chunk);
    if (this.current?.chunk === chunk) this.current = undefined;
    return events;
  }

  private readEnd(): EndEntry {
    const last = this.events.at(-1);
    assert(last !== undefined);
    const events = this.eventsOf(last);
    const end = events.count > 0 ? events.entry(events.count - 1) : undefined;
    if (end?.kind === 'end') return end;
    throw recordingDamaged({ file: this.name, offset: last.offset, damage: recordingDamage.entriesAfterEnd() });
  }

  private payload(chunk: PlacedChunk): Uint8Array {
    const bytes = new Uint8Array(chunk.lengthBytes);
    return bytes.subarray(0, this.file.readAt(chunk.offset, bytes));
  }

  private decompress(compressed: Uint8Array, chunk: PlacedChunk, line: RecordedBootFile): Uint8Array {
    try {
      return this.compression.decompress(compressed, line.lengthBytes);
    } catch {
      throw this.bootFileError(chunk, line, chunkFlaws.notDecompressed());
    }
  }

  bootFileError(chunk: PlacedChunk, line: RecordedBootFile, what: string) {
    return recordingDamaged({
      file: this.name,
      offset: chunk.offset,
      damage: recordingDamage.inBootFile(line.name, what),
    });
  }

  private decode<T>(chunk: PlacedChunk, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw recordingDamaged({ file: this.name, offset: chunk.offset, damage: recordingDamage.inChunk(error.message) });
    }
  }
}

/** The maximum number of decoded chunks in memory. */
const DECODED_CHUNKS_MAX = 4;
