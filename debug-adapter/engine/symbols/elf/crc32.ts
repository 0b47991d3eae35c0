import { bytesOnce, type FileBytes } from './fileBytes.ts';

/** The CRC-32 of a file. The file is read in pieces, so that a large file is not kept in memory. */
export function crc32OfFile(file: FileBytes): number {
  const lengthBytes = file.bytes.length;
  let crc = 0;
  for (let at = 0; at < lengthBytes; at += PIECE_BYTES) {
    crc = crc32(bytesOnce(file, at, Math.min(at + PIECE_BYTES, lengthBytes)), crc);
  }
  return crc;
}

/**
 * The CRC-32 of a separate debug file, as `.gnu_debuglink` stores it (the polynomial of IEEE 802.3, as in gzip).
 * Processing eight bytes at a time reaches about 1 GB/s. `previous` is the CRC of the preceding bytes.
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let crc = ~previous;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    crc =
      t7[low & 0xff] ^
      t6[(low >>> 8) & 0xff] ^
      t5[(low >>> 16) & 0xff] ^
      t4[low >>> 24] ^
      t3[bytes[at + 4]] ^
      t2[bytes[at + 5]] ^
      t1[bytes[at + 6]] ^
      t0[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) crc = t0[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

let tables: Int32Array[] | undefined;

function makeTables(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? POLYNOMIAL ^ (value >>> 1) : value >>> 1;
    return value;
  });
  const all = [first];
  for (let i = 1; i < 8; i++) all.push(all[i - 1].map((value) => first[value & 0xff] ^ (value >>> 8)));
  return all;
}

const POLYNOMIAL = 0xedb88320;
const PIECE_BYTES = 1 << 20;
