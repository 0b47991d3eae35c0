import { assert } from '../base/assert.ts';
import type { HostCompression, HostFile } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { INPUT_PORTS, type PortTable } from '../machine/ports/portTable.ts';
import { noSuchBootFile, recordingDamaged, recordingNeedsNewerPort } from '../../messages/recording.ts';
import { Malformed } from '../base/bytes.ts';
import { decodeBootFileChunk } from './bootFileChunk.ts';
import { MAX_CONSOLE_PAYLOAD_BYTES, MAX_INDEX_PAYLOAD_BYTES, type PlacedChunk } from './chunk.ts';
import { type ConsoleOutput, decodeConsoleOutput } from './consoleOutput.ts';
import { codeSet, kindMask } from './entryKinds.ts';
import { type BootFile, type BootFileRole, digestText, type RecordedBootFile, type RecordingHeader } from './header.ts';
import type { ChunkTable } from './index/chunkTable.ts';
import type { PlacedPage, WantedEntries } from './index/indexPages.ts';
import { RecordingIndex } from './index/recordingIndex.ts';
import { IndexedEvents } from './indexedEvents.ts';
import { type EndEntry, isPortEntry, type LogEntry, type LogEntryKind, type PortEntry } from './logEntry.ts';
import { type ScannedRecording, scanRecording } from './scan.ts';
import { chunkFlaws, recordingDamage } from '../../messages/recordingDamage.ts';

/**
 * A recording that is open for reading. Opening it checks the whole file once (see scan.ts) and throws a UserError if
 * this version of blkreplay cannot replay it. A torn tail, which a killed process may leave behind, is accepted; in
 * that case, `complete` is false. Entries are decoded chunk by chunk as they are needed, so memory use does not depend
 * on the length of the recording, and reading can start at any position. The reader owns the file, and `close` closes
 * it.
 */
export class RecordingReader {
  private readonly file: HostFile;
  private readonly compression: HostCompression;
  /** The input ports whose entries the recording may contain. */
  readonly ports: PortTable;
  readonly header: RecordingHeader;
  /** Whether the recording was closed properly. */
  readonly complete: boolean;
  /** The last position that a replay can reach. All external events before it are recorded. */
  readonly lastPosition: Position;
  /** How the recording ended; undefined if it was not closed. */
  readonly end: EndEntry | undefined;
  private readonly bootFiles: readonly PlacedChunk[];
  private readonly names: readonly string[];
  private readonly events: ChunkTable;
  private readonly pages: readonly PlacedPage[];
  private readonly output: readonly PlacedChunk[];
  private openedIndex: RecordingIndex | undefined;
  /**
   * The chunks that were used most recently. More than one is kept, because a player reads with several cursors at
   * nearby positions.
   */
  private readonly decoded = new Map<number, IndexedEvents>();
  private current: { chunk: number; events: IndexedEvents } | undefined;

  /**
   * If `scanned` is given, the constructor does not scan the file. While a recording is being written, its writer
   * provides this object (`RecordingWriter.contents`).
   */
  constructor(
    file: HostFile,
    compression: HostCompression,
    scanned: ScannedRecording = scanRecording(file),
    ports: PortTable = INPUT_PORTS,
  ) {
    this.file = file;
    this.compression = compression;
    this.ports = ports;
    this.header = scanned.header;
    this.bootFiles = scanned.bootFiles;
    this.names = scanned.names;
    this.events = scanned.events;
    this.pages = scanned.pages;
    this.output = scanned.output;
    this.complete = scanned.ended;
    this.lastPosition = scanned.events.lastPosition;
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
    const codes = kinds && codeSet(kinds);
    for (let chunk = this.events.firstReaching(position); chunk < this.events.length; chunk++) {
      if (mask !== undefined && (this.events.kinds(chunk) & mask) === 0) continue;
      // The chunk is looked up again after each entry, because its arrays may have been reused for a different chunk.
      for (let at = this.eventsOf(chunk).firstFrom(position); ; at++) {
        const events = this.eventsOf(chunk);
        while (at < events.count && codes !== undefined && codes[events.code(at)] === 0) at++;
        if (at >= events.count) break;
        yield events.entry(at);
      }
    }
  }

  /** Answers questions about the log without reading all of it. */
  get index(): RecordingIndex {
    this.openedIndex ??= new RecordingIndex({
      chunks: this.events,
      pages: this.pages,
      readPage: (page) => this.intactPayload(page, MAX_INDEX_PAYLOAD_BYTES),
      entriesOf: (chunk, wanted) => this.entriesOf(chunk, wanted),
    });
    return this.openedIndex;
  }

  /**
   * Yields the guest's console output from the start of the recording, in parts. Each part is read just before it is
   * yielded. Damaged parts are omitted. Older recordings do not contain console output.
   */
  *consoleOutput(): Generator<ConsoleOutput, void, undefined> {
    for (const chunk of this.output) {
      const payload = this.intactPayload(chunk, MAX_CONSOLE_PAYLOAD_BYTES);
      if (payload) yield this.decode(chunk, () => decodeConsoleOutput(payload));
    }
  }

  close(): void {
    this.file.close();
  }

  private *entriesOf(
    chunk: number,
    { kinds, port, from = 0, to = Infinity, backwards = false }: WantedEntries = {},
  ): Generator<LogEntry, void, undefined> {
    if (kinds && (this.events.kinds(chunk) & kindMask(kinds)) === 0) return;
    const codes = kinds && codeSet(kinds);
    const first = this.eventsOf(chunk).firstFrom(from);
    const end = this.eventsOf(chunk).firstFrom(to);
    const step = backwards ? -1 : 1;
    for (let at = backwards ? end - 1 : first; at >= first && at < end; at += step) {
      // The chunk is looked up again for the same reason as in `entriesFrom`.
      const events = this.eventsOf(chunk);
      if (codes !== undefined && codes[events.code(at)] === 0) continue;
      const entry = events.entry(at);
      if (port === undefined || !isPortEntry(entry) || entry.port === port) yield entry;
    }
  }

  /** The payload of a chunk that is not critical; undefined if it is damaged or longer than `bytesMax`. */
  private intactPayload(chunk: PlacedChunk, bytesMax: number): Uint8Array | undefined {
    if (chunk.lengthBytes > bytesMax) return undefined;
    const payload = this.payload(chunk);
    return xxh64(payload, chunk.seed) === chunk.checksum ? payload : undefined;
  }

  private eventsOf(chunk: number): IndexedEvents {
    if (this.current?.chunk === chunk) return this.current.events;
    const events = this.decoded.get(chunk) ?? this.load(chunk);
    // Moves the chunk to the end of the map, so that the first chunk in the map is always the least recently used one.
    this.decoded.delete(chunk);
    this.decoded.set(chunk, events);
    this.current = { chunk, events };
    return events;
  }

  private load(index: number): IndexedEvents {
    const chunk = this.events.at(index);
    const events = this.unused() ?? new IndexedEvents();
    // The file may have changed since it was checked, and chunks that the writer provided have not been checked yet.
    const read = (into: Uint8Array): number => {
      const lengthBytes = this.file.readAt(chunk.offset, into);
      if (xxh64(into.subarray(0, lengthBytes), chunk.seed) !== chunk.checksum)
        throw new Malformed(chunkFlaws.checksum());
      return lengthBytes;
    };
    const check = (entry: PortEntry) => this.checkPortEntry(entry, chunk.offset);
    this.decode(chunk, () => events.load({ lengthBytes: chunk.lengthBytes, read, names: this.names, check }));
    return events;
  }

  private checkPortEntry({ kind, port, payload }: PortEntry, offset: number): void {
    const format = this.ports.format(kind, port);
    if (!format) throw recordingNeedsNewerPort({ file: this.name, offset, port });
    format.decode(payload);
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
    assert(this.events.length > 0);
    const last = this.events.at(this.events.length - 1);
    const events = this.eventsOf(this.events.length - 1);
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
