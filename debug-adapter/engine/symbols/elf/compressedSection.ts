import type { HostCompression } from '../../base/host.ts';
import { SHF_COMPRESSED, type ElfSection } from './elfFile.ts';

type SectionBytes = Pick<ElfSection, 'name' | 'flags' | 'bytes'>;

/** A section's contents, or why they cannot be read. */
export type SectionContents =
  { kind: 'bytes'; bytes: Uint8Array } | { kind: 'unknownCompression' } | { kind: 'damaged' };

/**
 * The contents of a section, decompressed if necessary. Two formats exist. Sections with the flag SHF_COMPRESSED start
 * with an Elf64_Chdr (System V ABI, "Section Compression"). The older `.zdebug_*` sections of GNU tools start with
 * "ZLIB" and the size as a big-endian number. Decompression stops at the size in the header. If the compressed data
 * cannot expand to that size, it is rejected before any memory is allocated.
 */
export function sectionContents(section: SectionBytes, compression: HostCompression | undefined): SectionContents {
  const { bytes } = section;
  if (!isCompressed(section)) return { kind: 'bytes', bytes };
  const stream = isGnuCompressed(section) ? gnuStream(bytes) : abiStream(bytes);
  if (stream === 'damaged') return { kind: 'damaged' };
  if (stream.format === 'unknown' || !compression) return { kind: 'unknownCompression' };
  if (stream.sizeBytes > Math.min(SIZE_BYTES_MAX, Math.max(SMALL_BYTES, bytes.length * DEFLATE_RATIO_MAX))) {
    return { kind: 'damaged' };
  }
  try {
    return { kind: 'bytes', bytes: decompress(stream, compression) };
  } catch {
    return { kind: 'damaged' };
  }
}

export const isCompressed = (section: SectionBytes): boolean =>
  (section.flags & SHF_COMPRESSED) !== 0 || isGnuCompressed(section);

const isGnuCompressed = ({ name }: SectionBytes): boolean => name.startsWith('.zdebug_');

interface Stream {
  format: 'zlib' | 'zstd' | 'unknown';
  sizeBytes: number;
  bytes: Uint8Array;
}

function abiStream(bytes: Uint8Array): Stream | 'damaged' {
  if (bytes.length < CHDR_BYTES) return 'damaged';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = FORMATS[view.getUint32(0, true)] ?? 'unknown';
  return { format, sizeBytes: Number(view.getBigUint64(8, true)), bytes: bytes.subarray(CHDR_BYTES) };
}

function gnuStream(bytes: Uint8Array): Stream | 'damaged' {
  if (bytes.length < GNU_HEADER_BYTES || !GNU_MAGIC.every((byte, i) => bytes[i] === byte)) return 'damaged';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    format: 'zlib',
    sizeBytes: Number(view.getBigUint64(GNU_MAGIC.length, false)),
    bytes: bytes.subarray(GNU_HEADER_BYTES),
  };
}

function decompress({ format, sizeBytes, bytes }: Stream, compression: HostCompression): Uint8Array {
  if (format === 'zstd') return compression.decompress(bytes, sizeBytes);
  if (bytes.length <= ZLIB_BYTES) throw new Error('no zlib stream');
  // RFC 1950: a two-byte header, deflate data, and a four-byte checksum.
  return compression.inflate(bytes.subarray(2, bytes.length - 4), sizeBytes);
}

/** The values of ch_type. */
const FORMATS: Record<number, Stream['format'] | undefined> = { 1: 'zlib', 2: 'zstd' };
const CHDR_BYTES = 24;
/** "ZLIB" in ASCII. */
const GNU_MAGIC = [0x5a, 0x4c, 0x49, 0x42];
const GNU_HEADER_BYTES = 12;
const ZLIB_BYTES = 6;

/** Deflate expands a byte to at most 1032 bytes. Zstandard exceeds this only for data that is nearly constant. */
const DEFLATE_RATIO_MAX = 1032;
/** Up to this decompressed size, any compression ratio is accepted. */
const SMALL_BYTES = 16 << 20;
const SIZE_BYTES_MAX = 1 << 30;
