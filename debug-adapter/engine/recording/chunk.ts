import { xxh64 } from '../base/xxhash64.ts';
import { ByteWriter } from '../base/bytes.ts';

/**
 * The frame format of a recording file. The file starts with an 8-byte magic number and the format version (u32; all
 * fields are little-endian). Chunks follow. Each chunk consists of a 20-byte header and a payload:
 *
 *     0  marker 0xB1 0x4B        4  payload length, u32        16  check of bytes 0-15: low half of their XXH64
 *     2  type                    8  XXH64 of the payload,
 *     3  flags                      seeded with the checksum of the previous chunk (0 for the first)
 *
 * The seeds link each chunk to its predecessor, so that chunks that are missing, moved or from another file are
 * detected. Because the header has its own checksum, the payload length is known to be correct before the payload is
 * read: if a chunk extends past the end of the file, the file was truncated. Chunks are only ever appended.
 *
 * The flag `afterSync` means that everything before this chunk was on stable storage when the chunk was written.
 * Invalid data before such a chunk is therefore treated as damage. Invalid data that is not followed by such a chunk is
 * a torn tail, which a killed process or a power failure may leave.
 */
export const FORMAT_VERSION = 6;
/** The first version in which the guest's devices behave like QEMU's devices. */
export const QEMU_DEVICES_VERSION = 5;
/** The first version that contains XXH3 digests of disk request data; earlier versions contain XXH64 digests. */
export const XXH3_VERSION = 4;
/**
 * Version 1 had different disk digests and is no longer supported. Version 2, in which boot files are always deflated,
 * is still supported.
 */
export const OLDEST_VERSION = 2;

/**
 * As in PNG, the CR and LF characters reveal a transfer in text mode, which would alter them, and 0x1A ends the output
 * of the DOS command `type`.
 */
export const MAGIC = Uint8Array.of(0x42, 0x4c, 0x4b, 0x52, 0x52, 0x0d, 0x0a, 0x1a); // "BLKRR\r\n\x1a"
export const PREAMBLE_BYTES = MAGIC.length + 4;
export const CHUNK_HEADER_BYTES = 20;

/**
 * An index chunk is a page of the index of the preceding events (`index/indexPage.ts`). A console chunk contains output
 * that the guest printed (`consoleOutput.ts`). Neither is critical, and a damaged payload is tolerated, because the
 * contents can be derived from the events.
 */
export const CHUNK_TYPE = { header: 1, bootFile: 2, names: 3, events: 4, index: 5, console: 6 } as const;
export const CHUNK_FLAG = {
  /**
   * A reader that does not support this type of chunk must reject the file. Without this flag, it can skip the chunk.
   */
  critical: 1,
  afterSync: 2,
} as const;

/**
 * Readers reject longer payloads, so that a damaged or malicious length field cannot make them allocate too much
 * memory.
 */
export const MAX_HEADER_PAYLOAD_BYTES = 1 << 20;
export const MAX_EVENTS_PAYLOAD_BYTES = 1 << 20;
export const MAX_INDEX_PAYLOAD_BYTES = 1 << 20;
export const MAX_CONSOLE_PAYLOAD_BYTES = 1 << 20;
/**
 * The maximum value of the length field. A lower limit is not necessary: if a boot file extends past the end of the
 * recording, the reader treats the recording as truncated.
 */
export const BOOT_FILE_BYTES_MAX = 0xffff_ffff;

const MARKER_0 = 0xb1;
const MARKER_1 = 0x4b;

export interface ChunkHeader {
  type: number;
  flags: number;
  payloadBytes: number;
  checksum: bigint;
}

/** The location of a chunk in a recording, and the checksum to verify it with. */
export interface PlacedChunk {
  /** The offset of the payload in the file. */
  offset: number;
  lengthBytes: number;
  checksum: bigint;
  /** The checksum of the previous chunk, which seeds the checksum of this one. */
  seed: bigint;
}

export function encodePreamble(): Uint8Array<ArrayBuffer> {
  const sink = new ByteWriter(PREAMBLE_BYTES);
  sink.bytes(MAGIC);
  sink.u32(FORMAT_VERSION);
  return sink.view();
}

/** Encodes the header and payload of a chunk, so that both can be written with a single write. */
export function encodeChunk(
  chunk: { type: number; flags: number; payload: Uint8Array },
  previousChecksum: bigint,
): { bytes: Uint8Array<ArrayBuffer>; checksum: bigint } {
  const checksum = xxh64(chunk.payload, previousChecksum);
  const sink = new ByteWriter(CHUNK_HEADER_BYTES + chunk.payload.length);
  sink.byte(MARKER_0);
  sink.byte(MARKER_1);
  sink.byte(chunk.type);
  sink.byte(chunk.flags);
  sink.u32(chunk.payload.length);
  sink.u64(checksum);
  sink.u32(headerCheck(sink.view()));
  sink.bytes(chunk.payload);
  return { bytes: sink.view(), checksum };
}

/** Decodes the chunk header at `at`. Returns undefined if there is no valid header. */
export function decodeChunkHeader(bytes: Uint8Array, at: number): ChunkHeader | undefined {
  if (bytes[at] !== MARKER_0 || bytes[at + 1] !== MARKER_1 || at + CHUNK_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHUNK_HEADER_BYTES);
  if (view.getUint32(16, true) !== headerCheck(bytes.subarray(at, at + 16))) return undefined;
  return {
    type: view.getUint8(2),
    flags: view.getUint8(3),
    payloadBytes: view.getUint32(4, true),
    checksum: view.getBigUint64(8, true),
  };
}

function headerCheck(first16Bytes: Uint8Array): number {
  return Number(BigInt.asUintN(32, xxh64(first16Bytes)));
}
