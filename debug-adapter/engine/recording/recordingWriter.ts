import { assert } from '../base/assert.ts';
import { type HostCompression, type HostFile, type PendingSync, SYNCED } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { encodeBootFileChunk } from './bootFileChunk.ts';
import {
  BOOT_FILE_BYTES_MAX,
  CHUNK_FLAG,
  CHUNK_HEADER_BYTES,
  CHUNK_TYPE,
  encodeChunk,
  encodePreamble,
  MAX_EVENTS_PAYLOAD_BYTES,
  type PlacedChunk,
} from './chunk.ts';
import { ConsoleOutputWriter } from './consoleOutput.ts';
import { readPrologue } from './entryLayout.ts';
import { EventsEncoder } from './eventsEncoder.ts';
import { decodeHeader } from './decodeHeader.ts';
import { type BootFile, completeHeader, encodeHeader, type HeaderFields, type RecordingHeader } from './header.ts';
import { IndexWriter } from './index/indexWriter.ts';
import type { EndEntry, LogEntry } from './logEntry.ts';
import type { ScannedRecording } from './scan.ts';

// With a buffer of this size, there is about one write call for every 2,500 disk requests. A larger buffer would not be
// faster, and more entries would be lost if the process were killed.
const BUFFERED_BYTES_MAX = 64 << 10;
// The margin leaves space for the entry that exceeds the limit: a digest with 20 parts takes 190 bytes.
const CHUNK_BYTES = BUFFERED_BYTES_MAX - 4096;

/**
 * Writes a recording sequentially. Bytes that have been written are never modified, so they remain readable even if the
 * process is killed. Up to 64 KiB of entries are buffered. After `flush`, they survive the end of this process; after
 * `flushDurably`, they also survive a power failure. The writer owns the file: `close` and `closeUnfinished` close it.
 * If a write fails, the host's error is thrown. Entries that were flushed earlier stay readable, but nothing more is
 * written, because the entries in the failed write would be missing from the recording.
 */
export class RecordingWriter {
  private readonly file: HostFile;
  private readonly compression: HostCompression;
  private header: Uint8Array | undefined;
  private readonly bootFiles: PlacedChunk[] = [];
  private readonly names = new Map<string, number>();
  private newNames: string[] = [];
  private readonly events = new EventsEncoder((name) => this.nameNumber(name));
  private readonly index = new IndexWriter();
  private readonly output = new ConsoleOutputWriter();
  private offset = 0;
  private checksum = 0n;
  /** Whether everything written so far is on stable storage. */
  private synced = false;
  private reached: Position = -1;
  private closed = false;
  private failed = false;

  /** `file` must be new and empty. */
  constructor(file: HostFile, compression: HostCompression) {
    this.file = file;
    this.compression = compression;
  }

  /** The current length of the file. */
  get lengthBytes(): number {
    return this.offset;
  }

  /**
   * Writes the header and the boot files, which are durable when the call returns. Must be called exactly once, before
   * all other methods. Returns the header as a reader will decode it.
   */
  writeHeader(header: HeaderFields, bootFiles: readonly BootFile[]): RecordingHeader {
    assert(this.offset === 0, 'the header is written once');
    const complete = completeHeader(header, bootFiles);
    const preamble = encodePreamble();
    this.file.writeAt(0, preamble);
    this.offset = preamble.length;
    this.header = encodeHeader(complete);
    this.writeChunk(CHUNK_TYPE.header, this.header);
    for (const file of bootFiles) {
      const payload = encodeBootFileChunk(file, this.compression.compress(file.bytes));
      this.bootFiles.push(this.writeChunk(CHUNK_TYPE.bootFile, payload));
    }
    this.sync();
    return complete;
  }

  /** Appends an entry. Positions must not decrease from one entry to the next. */
  append(entry: LogEntry): void {
    assert(this.offset > 0 && !this.closed && !this.failed, 'entries must be between the header and the end');
    this.events.add(entry);
    this.index.add(entry);
    if (this.events.lengthBytes >= CHUNK_BYTES) this.writeEvents();
  }

  /** Adds a byte that the guest printed to its console. Positions must not decrease from one byte to the next. */
  printed(byte: number, position: Position): void {
    assert(this.offset > 0 && !this.closed && !this.failed, 'output must be between the header and the end');
    this.output.add(byte, position);
    if (this.output.isFull) this.writeOutput();
  }

  /**
   * Records that no further external event occurs before `position`. If the process is killed after this call, a
   * replay can still run to `position`.
   */
  flush(position: Position): void {
    if (this.events.lengthBytes === 0 && position === this.reached) return;
    this.append({ kind: 'reached', position });
    this.reached = position;
    this.writeEvents();
  }

  /** Like `flush`, but the entries also survive a power failure. Requires a sync, which takes milliseconds. */
  flushDurably(position: Position): void {
    this.flush(position);
    if (!this.synced) this.sync();
  }

  /**
   * Like `flushDurably`, but does not wait for the sync if the host can sync in the background. The returned sync does
   * not cover entries that are appended later.
   */
  startFlush(position: Position): PendingSync {
    this.flush(position);
    const sync = this.synced ? undefined : this.file.startSync?.();
    if (!sync && !this.synced) this.sync();
    return sync ?? SYNCED;
  }

  /** Durably writes the end of the recording and closes the file. After a failed write, only closes the file. */
  close(end: Omit<EndEntry, 'kind'>): void {
    if (this.failed) return this.closeUnfinished();
    // The end entry is in a separate chunk, which is written after a sync. The `afterSync` flag of that chunk then
    // covers everything before it.
    this.flush(end.position);
    if (this.index.isPageDue(true)) this.writeIndexPage();
    this.flushDurably(end.position);
    this.append({ kind: 'end', ...end });
    this.writeEvents();
    this.sync();
    this.closeUnfinished();
  }

  /** Closes the file without an end entry, after a failure. The recording then ends at the last flush. */
  closeUnfinished(): void {
    if (this.closed) return;
    this.closed = true;
    this.file.close();
  }

  /**
   * The result that a scan of the file would return after a flush. With this result, a reader can open the recording
   * while it is being written, without reading the log. Entries that are written later are not included.
   */
  contents(): ScannedRecording {
    assert(this.header !== undefined && !this.closed, 'a recording can be read between its header and its end');
    return {
      header: decodeHeader(this.header),
      bootFiles: [...this.bootFiles],
      names: [...this.names.keys()].slice(0, this.names.size - this.newNames.length),
      ...this.index.contents(),
      output: this.output.contents(),
      ended: false,
    };
  }

  private nameNumber(name: string): number {
    let number = this.names.get(name);
    if (number === undefined) {
      number = this.names.size;
      this.names.set(name, number);
      this.newNames.push(name);
    }
    return number;
  }

  private writeEvents(): void {
    if (this.events.lengthBytes === 0) return;
    if (!this.output.isEmpty) this.writeOutput();
    // New names are written in a separate chunk before the first events that use them.
    if (this.newNames.length > 0) {
      const names = new ByteWriter();
      for (const name of this.newNames) names.text(name);
      this.writeChunk(CHUNK_TYPE.names, names.view());
      this.newNames = [];
    }
    const payload = this.events.takePayload();
    const chunk = this.writeChunk(CHUNK_TYPE.events, payload);
    this.index.addChunk({ ...chunk, ...readPrologue(new ByteReader(payload)) });
    if (this.index.isPageDue()) this.writeIndexPage();
  }

  private writeOutput(): void {
    this.output.writeChunk((payload) => this.writeChunk(CHUNK_TYPE.console, payload));
  }

  private writeIndexPage(): void {
    this.index.writePage((payload) => this.writeChunk(CHUNK_TYPE.index, payload));
  }

  private writeChunk(type: number, payload: Uint8Array): PlacedChunk {
    const payloadBytesMax = type === CHUNK_TYPE.bootFile ? BOOT_FILE_BYTES_MAX : MAX_EVENTS_PAYLOAD_BYTES;
    assert(payload.length <= payloadBytesMax, 'readers refuse a chunk of this length');
    const critical = type === CHUNK_TYPE.index || type === CHUNK_TYPE.console ? 0 : CHUNK_FLAG.critical;
    const flags = critical | (this.synced ? CHUNK_FLAG.afterSync : 0);
    const seed = this.checksum;
    const { bytes, checksum } = encodeChunk({ type, flags, payload }, seed);
    const chunk = { offset: this.offset + CHUNK_HEADER_BYTES, lengthBytes: payload.length, checksum, seed };
    this.synced = false;
    this.failed = true;
    this.file.writeAt(this.offset, bytes);
    this.failed = false;
    this.offset += bytes.length;
    this.checksum = checksum;
    return chunk;
  }

  private sync(): void {
    this.file.sync();
    this.synced = true;
  }
}
