import type { HostFile } from '../base/host.ts';
import { xxh64 } from '../base/xxhash64.ts';
import {
  notARecording,
  recordingCutShort,
  recordingDamaged,
  recordingFromFuture,
  recordingFromPast,
  recordingNeedsNewer,
} from '../../messages/recording.ts';
import { ByteReader, Malformed } from '../base/bytes.ts';
import {
  BOOT_FILE_BYTES_MAX,
  CHUNK_FLAG,
  CHUNK_HEADER_BYTES,
  CHUNK_TYPE,
  type ChunkHeader,
  decodeChunkHeader,
  FORMAT_VERSION,
  MAGIC,
  MAX_EVENTS_PAYLOAD_BYTES,
  MAX_HEADER_PAYLOAD_BYTES,
  OLDEST_VERSION,
  type PlacedChunk,
  PREAMBLE_BYTES,
} from './chunk.ts';
import { decodeHeader } from './decodeHeader.ts';
import { kindMask } from './entryKinds.ts';
import { readPrologue } from './entryLayout.ts';
import type { RecordingHeader } from './header.ts';
import { ChunkTable } from './index/chunkTable.ts';
import type { PlacedPage } from './index/indexPages.ts';
import { recordingDamage, recordingParts } from '../../messages/recordingDamage.ts';

export interface ScannedRecording {
  header: RecordingHeader;
  /** The boot files' chunks, in the same order as the header's list. */
  bootFiles: PlacedChunk[];
  names: string[];
  events: ChunkTable;
  /** The pages of the index. Their payloads have not been checked. */
  pages: PlacedPage[];
  /** The chunks of the guest's console output. Their payloads have not been checked. */
  output: PlacedChunk[];
  /** Whether the recording was closed properly, that is, whether its last entry is the end entry. */
  ended: boolean;
}

const END = kindMask(['end']);

/**
 * Reads a recording once from start to end, checks all chunks and builds the table of chunks that the reader needs. The
 * contents of boot files, index pages and console output are not checked here, but only when they are read. Stops at the
 * end entry or at a torn tail. Throws a UserError if a part that was already on stable storage is damaged, or if the file
 * contains data that blkreplay did not write. Keeps only the table in memory.
 */
export function scanRecording(file: HostFile): ScannedRecording {
  return new Scan(file).run();
}

class Scan {
  private readonly file: HostFile;
  private readonly length: number;
  private offset = PREAMBLE_BYTES;
  private checksum = 0n;

  constructor(file: HostFile) {
    this.file = file;
    this.length = file.length();
  }

  run(): ScannedRecording {
    const version = this.checkPreamble();
    const { chunk, payload } = this.requiredChunk(CHUNK_TYPE.header, recordingParts.header(), MAX_HEADER_PAYLOAD_BYTES);
    const header = this.decode(chunk, () => decodeHeader(payload()));
    if (header.formatVersion !== version) throw this.damaged(MAGIC.length, recordingDamage.twoVersions());
    const bootFiles = header.bootFiles.map(
      (line) => this.requiredChunk(CHUNK_TYPE.bootFile, recordingParts.bootFile(line.name), BOOT_FILE_BYTES_MAX).chunk,
    );
    return { header, bootFiles, ...this.scanEvents() };
  }

  /** Checks the start of the file and returns the format version. */
  private checkPreamble(): number {
    const preamble = this.read(0, PREAMBLE_BYTES);
    const magic = preamble.subarray(0, MAGIC.length);
    if (magic.length === 0)
      throw recordingCutShort({ file: this.file.name, inside: recordingParts.header(), lengthBytes: 0 });
    if (!magic.every((byte, index) => byte === MAGIC[index])) throw notARecording(this.file.name);
    if (preamble.length < PREAMBLE_BYTES) throw this.cutShort(recordingParts.header());
    const version = new ByteReader(preamble.subarray(MAGIC.length)).u32();
    if (version > FORMAT_VERSION) {
      throw recordingFromFuture({ file: this.file.name, version, newestKnown: FORMAT_VERSION });
    }
    if (version > 0 && version < OLDEST_VERSION) {
      throw recordingFromPast({ file: this.file.name, version, oldestKnown: OLDEST_VERSION });
    }
    if (version === 0) throw this.damaged(MAGIC.length, recordingDamage.versionZero());
    return version;
  }

  /** Reads one of the chunks that must precede the first event. A replay requires all of these chunks. */
  private requiredChunk(type: number, what: string, payloadBytesMax: number) {
    const offset = this.offset;
    const header = this.headerAt(offset);
    if (header === undefined) {
      if (this.length - offset < CHUNK_HEADER_BYTES) throw this.cutShort(what);
      throw this.damaged(offset, recordingDamage.notThere(what));
    }
    if (header.type !== type || header.payloadBytes > payloadBytesMax)
      this.refuseChunk(header, recordingDamage.notThere(what));
    if (offset + CHUNK_HEADER_BYTES + header.payloadBytes > this.length) throw this.cutShort(what);
    const chunk = this.locate(header);
    const payload = () => {
      const bytes = this.read(chunk.offset, chunk.lengthBytes);
      if (xxh64(bytes, chunk.seed) !== chunk.checksum) throw this.damaged(offset, recordingDamage.checksum(what));
      return bytes;
    };
    return { chunk, payload };
  }

  private scanEvents(): Omit<ScannedRecording, 'header' | 'bootFiles'> {
    const names: string[] = [];
    const events = new ChunkTable();
    const pages: PlacedPage[] = [];
    const output: PlacedChunk[] = [];
    let indexed = 0;
    let ended = false;
    while (!ended && this.offset < this.length) {
      const offset = this.offset;
      const header = this.headerAt(offset);
      const isComplete = header && offset + CHUNK_HEADER_BYTES + header.payloadBytes <= this.length;
      if (isComplete && header.type === CHUNK_TYPE.index) {
        pages.push({ page: this.locate(header), firstChunk: indexed, chunks: events.length - indexed });
        indexed = events.length;
        continue;
      }
      if (isComplete && header.type === CHUNK_TYPE.console) {
        output.push(this.locate(header));
        continue;
      }
      const payload = header && this.intactPayload(header);
      if (header === undefined || payload === undefined) {
        this.refuseUnlessTorn(offset, header);
        break;
      }
      const chunk = this.locate(header);
      if (header.type === CHUNK_TYPE.names) this.decode(chunk, () => readNames(payload, names));
      if (header.type !== CHUNK_TYPE.events) continue;
      const summary = this.decode(chunk, () => readPrologue(new ByteReader(payload)));
      if (summary.firstPosition < events.lastPosition) throw this.damaged(offset, recordingDamage.positionsFall());
      events.append({ ...chunk, ...summary });
      ended = (summary.kinds & END) !== 0;
    }
    return { names, events, pages, output, ended };
  }

  /**
   * The payload of a chunk; undefined if it is incomplete or its checksum does not match. Noncritical chunks of unknown
   * types, which later versions may write, are checked but otherwise ignored.
   */
  private intactPayload(header: ChunkHeader): Uint8Array | undefined {
    const known = header.type === CHUNK_TYPE.names || header.type === CHUNK_TYPE.events;
    if (!known && header.flags & CHUNK_FLAG.critical) this.refuseChunk(header, recordingDamage.misplacedChunk());
    if (known && header.payloadBytes > MAX_EVENTS_PAYLOAD_BYTES)
      this.refuseChunk(header, recordingDamage.chunkTooLong());
    const from = this.offset + CHUNK_HEADER_BYTES;
    if (from + header.payloadBytes > this.length) return undefined;
    const payload = this.read(from, header.payloadBytes);
    return xxh64(payload, this.checksum) === header.checksum ? payload : undefined;
  }

  private locate(header: ChunkHeader): PlacedChunk {
    const offset = this.offset + CHUNK_HEADER_BYTES;
    const chunk = { offset, lengthBytes: header.payloadBytes, checksum: header.checksum, seed: this.checksum };
    this.offset = offset + header.payloadBytes;
    this.checksum = header.checksum;
    return chunk;
  }

  /**
   * Throws if the invalid data at `offset` is not a torn tail. A killed process can leave an incomplete last chunk, and
   * a power failure can leave anything after the last sync. All other invalid data is treated as damage.
   */
  private refuseUnlessTorn(offset: number, header: ChunkHeader | undefined): void {
    const from = header ? offset + CHUNK_HEADER_BYTES : offset + 1;
    if (this.syncedChunkAfter(from)) {
      throw this.damaged(offset, recordingDamage.chunkChanged());
    }
  }

  private syncedChunkAfter(start: number): boolean {
    const windowBytes = 64 << 10;
    for (let offset = start; offset < this.length; offset += windowBytes - CHUNK_HEADER_BYTES) {
      const window = this.read(offset, windowBytes);
      for (let i = window.indexOf(0xb1); i >= 0; i = window.indexOf(0xb1, i + 1)) {
        const header = decodeChunkHeader(window, i);
        if (header && header.flags & CHUNK_FLAG.afterSync) return true;
      }
    }
    return false;
  }

  private headerAt(offset: number): ChunkHeader | undefined {
    return decodeChunkHeader(this.read(offset, CHUNK_HEADER_BYTES), 0);
  }

  private read(offset: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(lengthBytes, this.length - offset)));
    return bytes.subarray(0, this.file.readAt(offset, bytes));
  }

  private decode<T>(chunk: PlacedChunk, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (error instanceof Malformed) throw this.damaged(chunk.offset, recordingDamage.inChunk(error.message));
      throw error;
    }
  }

  private refuseChunk(header: ChunkHeader, otherwise: string): never {
    const known = (Object.values(CHUNK_TYPE) as number[]).includes(header.type);
    if (known) throw this.damaged(this.offset, otherwise);
    throw recordingNeedsNewer({ file: this.file.name, offset: this.offset, type: header.type });
  }

  private cutShort(inside: string) {
    return recordingCutShort({ file: this.file.name, inside, lengthBytes: this.length });
  }

  private damaged(offset: number, damage: string) {
    return recordingDamaged({ file: this.file.name, offset, damage });
  }
}

function readNames(payload: Uint8Array, names: string[]): void {
  const source = new ByteReader(payload);
  while (!source.done) names.push(source.text());
}
