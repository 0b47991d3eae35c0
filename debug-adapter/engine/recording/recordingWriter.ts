import { assert } from '../base/assert.ts';
import type { HostCompression, HostFile } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { ByteWriter } from './bytes.ts';
import {
  BOOT_FILE_BYTES_MAX,
  CHUNK_FLAG,
  CHUNK_TYPE,
  encodeChunk,
  encodePreamble,
  MAX_EVENTS_PAYLOAD_BYTES,
} from './chunk.ts';
import { EventsEncoder } from './entryCodec.ts';
import {
  type BootFile,
  completeHeader,
  encodeBootFileChunk,
  encodeHeader,
  type HeaderFields,
  type RecordingHeader,
} from './header.ts';
import type { EndEntry, LogEntry } from './logEntry.ts';

// One write call per about 2,500 disk requests; a larger buffer saves nothing, and a kill would lose more.
const BUFFERED_BYTES_MAX = 64 << 10;
// Leaves space for the entry that exceeds it: a digest of 20 parts takes 190 bytes.
const CHUNK_BYTES = BUFFERED_BYTES_MAX - 4096;

/**
 * Writes a recording sequentially: written bytes are never modified, so that a kill at any time leaves a readable
 * prefix. Entries are buffered, up to 64 KiB; after `flush` they survive the end of this process, and after
 * `flushDurably` a power failure. Owns the file: `close` and `abandon` close it. After a failed write, which throws
 * the host's error, flushed entries stay readable and nothing more is written, because entries are missing from then
 * on.
 */
export class RecordingWriter {
  private readonly file: HostFile;
  private readonly compression: HostCompression;
  private readonly names = new Map<string, number>();
  private newNames: string[] = [];
  private readonly events = new EventsEncoder((name) => this.nameNumber(name));
  private offset = 0;
  private checksum = 0n;
  /** Whether the file is on stable storage up to `offset`. */
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

  /** Must be called first, and once. Durable when it returns. Returns the header as a reader sees it. */
  writeHeader(header: HeaderFields, bootFiles: readonly BootFile[]): RecordingHeader {
    assert(this.offset === 0, 'the header is written once');
    const complete = completeHeader(header, bootFiles);
    const preamble = encodePreamble();
    this.file.writeAt(0, preamble);
    this.offset = preamble.length;
    this.writeChunk(CHUNK_TYPE.header, encodeHeader(complete));
    for (const file of bootFiles) {
      this.writeChunk(CHUNK_TYPE.bootFile, encodeBootFileChunk(file, this.compression.compress(file.bytes)));
    }
    this.sync();
    return complete;
  }

  /** Appends an entry; positions must not decrease. */
  append(entry: LogEntry): void {
    assert(this.offset > 0 && !this.closed && !this.failed, 'entries come between the header and the end');
    this.events.add(entry);
    if (this.events.lengthBytes >= CHUNK_BYTES) this.writeEvents();
  }

  /** Records that no more external events occur before `position`: a kill after this loses nothing up to there. */
  flush(position: Position): void {
    if (this.events.lengthBytes === 0 && position === this.reached) return;
    this.append({ kind: 'reached', position });
    this.reached = position;
    this.writeEvents();
  }

  /** Like `flush`, but a power failure loses nothing either. Costs a sync: milliseconds. */
  flushDurably(position: Position): void {
    this.flush(position);
    if (!this.synced) this.sync();
  }

  /** Ends the recording durably and closes the file. After a failure it only closes the file. */
  close(end: Omit<EndEntry, 'kind'>): void {
    if (this.failed) return this.closeUnfinished();
    // The end is in a separate chunk after a sync, so that its `afterSync` flag covers everything before it.
    this.flushDurably(end.position);
    this.append({ kind: 'end', ...end });
    this.writeEvents();
    this.sync();
    this.closeUnfinished();
  }

  /** Closes the file after a failure; the recording then extends to the last flush. */
  closeUnfinished(): void {
    if (this.closed) return;
    this.closed = true;
    this.file.close();
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
    // Names are in a separate chunk before the first events that use them.
    if (this.newNames.length > 0) {
      const names = new ByteWriter();
      for (const name of this.newNames) names.text(name);
      this.writeChunk(CHUNK_TYPE.names, names.view());
      this.newNames = [];
    }
    this.writeChunk(CHUNK_TYPE.events, this.events.takePayload());
  }

  private writeChunk(type: number, payload: Uint8Array): void {
    const payloadBytesMax = type === CHUNK_TYPE.bootFile ? BOOT_FILE_BYTES_MAX : MAX_EVENTS_PAYLOAD_BYTES;
    assert(payload.length <= payloadBytesMax, 'no reader takes a chunk of that length');
    const flags = CHUNK_FLAG.critical | (this.synced ? CHUNK_FLAG.afterSync : 0);
    const { bytes, checksum } = encodeChunk({ type, flags, payload }, this.checksum);
    this.synced = false;
    this.failed = true;
    this.file.writeAt(this.offset, bytes);
    this.failed = false;
    this.offset += bytes.length;
    this.checksum = checksum;
  }

  private sync(): void {
    this.file.sync();
    this.synced = true;
  }
}
