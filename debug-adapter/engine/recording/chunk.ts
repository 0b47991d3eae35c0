import { xxh64 } from '../base/xxhash64.ts';
import { ByteSink } from './bytes.ts';

/**
 * The rrfile's frame. The file starts with a magic of 8 bytes and the format version (u32, little-endian like all of
 * it); then chunks follow one another, each a header of 20 bytes and its payload:
 *
 *     0  marker 0xB1 0x4B        4  payload length, u32        16  check of bytes 0-15: low half of their XXH64
 *     2  type                    8  XXH64 of the payload,
 *     3  flags                      seeded with the checksum of the chunk before (0 for the first)
 *
 * The seed chains the chunks, so that one that was lost, moved or brought from another file shows. The check of the
 * header itself means that a length can be trusted before the payload is read: a chunk that ends past the file was
 * cut off, it is not a damaged length. Chunks are only ever appended.
 *
 * Flag `afterSync` says that all before this chunk was on stable storage when it was written. Damage before such a
 * chunk is damage; damage that no such chunk follows may be what a kill or a power failure leaves, and is a torn tail.
 */
export const FORMAT_VERSION = 5;
/** From this version on, guests see the devices behave as QEMU's do. */
export const QEMU_DEVICES_VERSION = 5;
/** The first version in which the data of disk requests has XXH3 digests; those before have XXH64. */
export const XXH3_VERSION = 4;
/** Version 2 had deflated boot files only, which are read still. Version 1 had other digests of disks. */
export const OLDEST_VERSION = 2;

/** As in PNG, the line ends show a transfer in text mode, and 0x1A ends a DOS `type`. */
export const MAGIC = Uint8Array.of(0x42, 0x4c, 0x4b, 0x52, 0x52, 0x0d, 0x0a, 0x1a); // "BLKRR\r\n\x1a"
export const PREAMBLE_BYTES = MAGIC.length + 4;
export const CHUNK_HEADER_BYTES = 20;

export const CHUNK_TYPE = { header: 1, bootFile: 2, names: 3, events: 4 } as const;
export const CHUNK_FLAG = {
  /** A reader that does not know the type must refuse the file; without it, it may skip the chunk. */
  critical: 1,
  afterSync: 2,
} as const;

/** What keeps a reader from allocating for a length that only damage or malice would write. */
export const MAX_HEADER_PAYLOAD_BYTES = 1 << 20;
export const MAX_EVENTS_PAYLOAD_BYTES = 1 << 20;
/** All that the field can say: a boot file longer than the recording shows that this was cut, not that the length is wrong. */
export const BOOT_FILE_BYTES_MAX = 0xffff_ffff;

const MARKER_0 = 0xb1;
const MARKER_1 = 0x4b;

export interface ChunkHeader {
  type: number;
  flags: number;
  payloadBytes: number;
  checksum: bigint;
}

export function encodePreamble(): Uint8Array<ArrayBuffer> {
  const sink = new ByteSink(PREAMBLE_BYTES);
  sink.bytes(MAGIC);
  sink.u32(FORMAT_VERSION);
  return sink.view();
}

/** Header and payload in one piece, for one write. */
export function encodeChunk(
  chunk: { type: number; flags: number; payload: Uint8Array },
  previousChecksum: bigint,
): { bytes: Uint8Array<ArrayBuffer>; checksum: bigint } {
  const checksum = xxh64(chunk.payload, previousChecksum);
  const sink = new ByteSink(CHUNK_HEADER_BYTES + chunk.payload.length);
  sink.byte(MARKER_0);
  sink.byte(MARKER_1);
  sink.byte(chunk.type);
  sink.byte(chunk.flags);
  sink.u32(chunk.payload.length);
  sink.u64(checksum);
  sink.u32(checkOf(sink.view()));
  sink.bytes(chunk.payload);
  return { bytes: sink.view(), checksum };
}

/** The chunk header at `at`, or undefined when there is none. */
export function decodeChunkHeader(bytes: Uint8Array, at: number): ChunkHeader | undefined {
  if (bytes[at] !== MARKER_0 || bytes[at + 1] !== MARKER_1 || at + CHUNK_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHUNK_HEADER_BYTES);
  if (view.getUint32(16, true) !== checkOf(bytes.subarray(at, at + 16))) return undefined;
  return {
    type: view.getUint8(2),
    flags: view.getUint8(3),
    payloadBytes: view.getUint32(4, true),
    checksum: view.getBigUint64(8, true),
  };
}

function checkOf(first16Bytes: Uint8Array): number {
  return Number(BigInt.asUintN(32, xxh64(first16Bytes)));
}
