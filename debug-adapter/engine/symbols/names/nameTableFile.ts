import { xxh64 } from '../../base/xxhash64.ts';
import { bytesOnce, type FileBytes } from '../elf/fileBytes.ts';
import { NameTable, type NameTableArrays } from './nameTable.ts';

/**
 * Encodes a name table as a file: magic number, version, number of units, checksum of everything that follows, lengths
 * of the arrays, and the arrays. All numbers are little-endian; the checksum has 64 bits, and the others have 32.
 */
export function encodeNameTable({ arrays, unitCount }: { arrays: NameTableArrays; unitCount: number }): Uint8Array {
  const parts = ORDER.map((name) => arrays[name]);
  const bytes = new Uint8Array(HEADER_BYTES + parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, unitCount, true);
  parts.forEach(({ length }, i) => view.setUint32(LENGTHS_AT + 4 * i, length, true));
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  view.setBigUint64(CHECKSUM_AT, checksumOf(bytes), true);
  return bytes;
}

/** Returns undefined if the bytes are damaged, have another version, or belong to a file with different units. */
export function decodeNameTable(bytes: Uint8Array, unitCount: number): NameTable | undefined {
  if (bytes.length < HEADER_BYTES || bytes.byteOffset % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION) return undefined;
  if (view.getUint32(8, true) !== unitCount) return undefined;
  const lengths = ORDER.map((_, i) => view.getUint32(LENGTHS_AT + 4 * i, true));
  if (HEADER_BYTES + 4 * lengths.reduce((sum, length) => sum + length, 0) !== bytes.length) return undefined;
  if (view.getBigUint64(CHECKSUM_AT, true) !== checksumOf(bytes)) return undefined;
  let at = bytes.byteOffset + HEADER_BYTES;
  const [high, low, starts, ends, units, unreadable] = lengths.map((length) => {
    const part = new Uint32Array(bytes.buffer, at, length);
    at += part.byteLength;
    return part;
  });
  const isHashTable = high.length > 0 && (high.length & (high.length - 1)) === 0;
  if (!isHashTable || [low, starts, ends].some(({ length }) => length !== high.length)) return undefined;
  return new NameTable({ high, low, starts, ends, units, unreadable });
}

/** A digest that is computed in pieces: `xxh64` copies its input, so hashing the whole file would double memory use. */
export function digestInPieces(file: FileBytes, seed: bigint): bigint {
  const lengthBytes = file.bytes.length;
  let digest = seed;
  for (let at = 0; at < lengthBytes; at += PIECE_BYTES) {
    digest = xxh64(bytesOnce(file, at, Math.min(at + PIECE_BYTES, lengthBytes)), digest);
  }
  return digest;
}

const checksumOf = (bytes: Uint8Array): bigint =>
  digestInPieces({ bytes: bytes.subarray(CHECKSUM_AT + 8) }, BigInt(bytes.length));

const ORDER = ['high', 'low', 'starts', 'ends', 'units', 'unreadable'] as const;
/** "BRNT" */
const MAGIC = 0x544e_5242;
/** Increase this number whenever the layout, the hashes or the rules that determine the indexed names change. */
const VERSION = 2;
const CHECKSUM_AT = 12;
/** The lengths are covered by the checksum. */
const LENGTHS_AT = CHECKSUM_AT + 8;
const PIECE_BYTES = 1 << 20;
const HEADER_BYTES = LENGTHS_AT + 4 * ORDER.length;
