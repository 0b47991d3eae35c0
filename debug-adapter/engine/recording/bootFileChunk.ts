import { ByteReader, ByteWriter, Malformed } from '../base/bytes.ts';
import { type BootFile, BOOT_FILE_ROLES, type RecordedBootFile } from './header.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

/** Encodes the payload for a boot file's chunk: metadata, followed by the compressed bytes. */
export function encodeBootFileChunk(file: BootFile, compressed: Uint8Array): Uint8Array {
  const sink = new ByteWriter(compressed.length + 512);
  sink.byte(BOOT_FILE_ROLES.indexOf(file.role));
  sink.text(file.name);
  sink.varint(file.bytes.length);
  sink.bytes(compressed);
  return sink.view();
}

/**
 * Decodes the payload of a boot file's chunk and returns the compressed bytes. Throws `Malformed` if the payload is
 * invalid or does not match its entry in the header.
 */
export function decodeBootFileChunk(payload: Uint8Array, line: RecordedBootFile): Uint8Array {
  const source = new ByteReader(payload);
  const role = BOOT_FILE_ROLES[source.byte()];
  const name = source.text();
  const lengthBytes = source.varint();
  if (role !== line.role || name !== line.name || lengthBytes !== line.lengthBytes) {
    throw new Malformed(chunkFlaws.otherBootFile());
  }
  const compressed = source.bytes(source.remaining);
  if (lengthBytes > (compressed.length + 1) * COMPRESSION_RATIO_MAX) throw new Malformed(chunkFlaws.impossibleLength());
  return compressed;
}

/**
 * The maximum compression ratio of Zstandard: a block of 128 KiB takes at least four bytes (RFC 8878, 3.1.1.2). The
 * maximum ratio of deflate is 1032.
 */
const COMPRESSION_RATIO_MAX = (128 << 10) / 4;
