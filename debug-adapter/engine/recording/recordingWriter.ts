import { assert } from '../base/assert.ts';
import type { HostCompression, HostFile } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { ByteSink } from './bytes.ts';
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
  type HeaderToWrite,
  type RecordingHeader,
} from './header.ts';
import type { EndEntry, LogEntry } from './logEntry.ts';

// One write call for some 2,500 disk requests; beyond that a bigger chunk saves nothing and a kill loses more.
const BUFFERED_BYTES_MAX = 64 << 10;
// Leaves room for the entry that crosses it: a digest of 20 parts takes 190 bytes.
const CHUNK_BYTES = BUFFERED_BYTES_MAX - 4096;

/**
 * Writes a recording front to back: what is in the file is never touched again, so that a kill at any moment leaves a
 * prefix that can be read. Entries gather in a buffer of at most 64 KiB; `flush` hands them to the operating system
 * (they survive our death), `flushDurably` to stable storage (they survive the host's). Owns the file: `close` and
 * `abandon` close it. When a write fails, the error is the host's, what was flushed before stays readable, and nothing is
 * written any more: entries are missing from then on.
 */
export class RecordingWriter {
  readonly #file: HostFile;
  readonly #compression: HostCompression;
  readonly #names = new Map<string, number>();
  #newNames: string[] = [];
  readonly #events = new EventsEncoder((name) => this.#nameNumber(name));
  #offset = 0;
  #checksum = 0n;
  /** The file is on stable storage up to `#offset`. */
  #synced = false;
  #reached: Position = -1;
  #closed = false;
  #failed = false;

  /** `file` is new and empty. */
  constructor(file: HostFile, compression: HostCompression) {
    this.#file = file;
    this.#compression = compression;
  }

  /** The file's length so far. */
  get lengthBytes(): number {
    return this.#offset;
  }

  /** Once, first. Durable when it returns. Returns the header as a reader will see it. */
  writeHeader(header: HeaderToWrite, bootFiles: readonly BootFile[]): RecordingHeader {
    assert(this.#offset === 0, 'the header is written once');
    const complete = completeHeader(header, bootFiles);
    const preamble = encodePreamble();
    this.#file.writeAt(0, preamble);
    this.#offset = preamble.length;
    this.#writeChunk(CHUNK_TYPE.header, encodeHeader(complete));
    for (const file of bootFiles) {
      this.#writeChunk(CHUNK_TYPE.bootFile, encodeBootFileChunk(file, this.#compression.compress(file.bytes)));
    }
    this.#sync();
    return complete;
  }

  /** Positions never fall from one entry to the next. */
  append(entry: LogEntry): void {
    assert(this.#offset > 0 && !this.#closed && !this.#failed, 'entries come between the header and the end');
    this.#events.add(entry);
    if (this.#events.lengthBytes >= CHUNK_BYTES) this.#writeEvents();
  }

  /** Nothing more will come from outside before `position`: a kill after this loses nothing up to there. */
  flush(position: Position): void {
    if (this.#events.lengthBytes === 0 && position === this.#reached) return;
    this.append({ kind: 'reached', position });
    this.#reached = position;
    this.#writeEvents();
  }

  /** As `flush`, and a power failure after this loses nothing either. Costs a sync: milliseconds. */
  flushDurably(position: Position): void {
    this.flush(position);
    if (!this.#synced) this.#sync();
  }

  /** Ends the recording properly, durably, and closes the file. After a failure it only closes. */
  close(end: Omit<EndEntry, 'kind'>): void {
    if (this.#failed) return this.abandon();
    // The end has a chunk of its own after a sync: its `afterSync` then vouches for everything before it.
    this.flushDurably(end.position);
    this.append({ kind: 'end', ...end });
    this.#writeEvents();
    this.#sync();
    this.abandon();
  }

  /** Closes the file as it is, after a failure: the recording then reaches what was flushed. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  #nameNumber(name: string): number {
    let number = this.#names.get(name);
    if (number === undefined) {
      number = this.#names.size;
      this.#names.set(name, number);
      this.#newNames.push(name);
    }
    return number;
  }

  #writeEvents(): void {
    if (this.#events.lengthBytes === 0) return;
    // Names stand in a chunk of their own before the first events that use them.
    if (this.#newNames.length > 0) {
      const names = new ByteSink();
      for (const name of this.#newNames) names.text(name);
      this.#writeChunk(CHUNK_TYPE.names, names.view());
      this.#newNames = [];
    }
    this.#writeChunk(CHUNK_TYPE.events, this.#events.take());
  }

  #writeChunk(type: number, payload: Uint8Array): void {
    const payloadBytesMax = type === CHUNK_TYPE.bootFile ? BOOT_FILE_BYTES_MAX : MAX_EVENTS_PAYLOAD_BYTES;
    assert(payload.length <= payloadBytesMax, 'no reader takes a chunk of that length');
    const flags = CHUNK_FLAG.critical | (this.#synced ? CHUNK_FLAG.afterSync : 0);
    const { bytes, checksum } = encodeChunk({ type, flags, payload }, this.#checksum);
    this.#synced = false;
    this.#failed = true;
    this.#file.writeAt(this.#offset, bytes);
    this.#failed = false;
    this.#offset += bytes.length;
    this.#checksum = checksum;
  }

  #sync(): void {
    this.#file.sync();
    this.#synced = true;
  }
}
