import type { HostCompression } from '../engine/base/host.ts';
import { decompressZstd } from './zstd.ts';

// A Linux image of 31 MB takes 0.34 s and 11.1 MB at level 3, 0.54 s and 10.7 MB at level 6.
const LEVEL = 3;

// Less than that is left as it is: loading zlib takes as long as writing 100 KiB.
const STORED_BYTES_MAX = 32 << 10;

/** Loaded when somebody wants it: a start should not wait for it. */
const zlib = () => process.getBuiltinModule('node:zlib');

/** Compression for the engine: deflate over node:zlib. Inflating stops at the stated length, whatever the data would grow to. */
export const nodeCompression: HostCompression = {
  deflate(bytes) {
    return bytes.length <= STORED_BYTES_MAX ? stored(bytes) : zlib().deflateRawSync(bytes, { level: LEVEL });
  },

  inflate(bytes, lengthBytes) {
    // zlib wants room for at least one byte. Bytes after the end of the stream are fine: qcow2 pads to sectors.
    const inflated = zlib().inflateRawSync(bytes, { maxOutputLength: Math.max(1, lengthBytes) });
    if (inflated.length !== lengthBytes) {
      throw new Error(`inflates to ${inflated.length} bytes instead of ${lengthBytes}`);
    }
    return inflated;
  },

  decompressZstd,
};

/** RFC 1951, section 3.2.4: one block without compression, which is the last, with its length twice. */
function stored(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(5 + bytes.length);
  const view = new DataView(block.buffer);
  view.setUint8(0, 1);
  view.setUint16(1, bytes.length, true);
  view.setUint16(3, ~bytes.length, true);
  block.set(bytes, 5);
  return block;
}
