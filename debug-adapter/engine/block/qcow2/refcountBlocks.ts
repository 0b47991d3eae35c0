import { assert } from '../../base/assert.ts';
import { viewOf } from './bigEndian.ts';

/**
 * Refcount blocks as bytes (qcow2 spec, "Host cluster management"): one number for each cluster of the file, 1 to 64
 * bits wide. Widths below a byte fill each byte from its least significant bit on. In memory a refcount is 16 bits:
 * more than 65535 snapshots fit in no image.
 */
export function refcountsPerBlock(clusterSizeBytes: number, bits: number): number {
  return (clusterSizeBytes * 8) / bits;
}

/** The largest refcount we keep in `bits`. */
export function refcountMax(bits: number): number {
  return Math.min(2 ** bits - 1, 0xffff);
}

/** A refcount that does not fit into 16 bits reads as 65535: more than there can be references, so it is a leak. */
export function decodeRefcounts(block: Uint8Array, bits: number, into: Uint16Array): void {
  const view = viewOf(block);
  for (let i = 0; i < into.length; i++) into[i] = Math.min(readRefcount(view, i, bits), 0xffff);
}

export function encodeRefcounts(counts: Uint16Array, bits: number, block: Uint8Array): void {
  if (bits === 16) return encodeUsual(counts, block);
  const view = viewOf(block);
  const max = refcountMax(bits);
  block.fill(0);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i];
    // Where it is narrow, a larger one would run into its neighbour, or wrap to 0 and free a cluster in use.
    assert(count <= max, 'a refcount fits its width');
    if (bits === 32) view.setUint32(i * 4, count);
    else if (bits === 64) view.setUint32(i * 8 + 4, count);
    else {
      const bit = i * bits;
      block[bit >> 3] |= count << (bit & 7);
    }
  }
}

/** The width that nearly all images have. */
function encodeUsual(counts: Uint16Array, block: Uint8Array): void {
  for (let i = 0; i < counts.length; i++) {
    block[2 * i] = counts[i] >> 8;
    block[2 * i + 1] = counts[i];
  }
  // The file's last clusters may need only a part, and the buffer may have held another block.
  block.fill(0, 2 * counts.length);
}

function readRefcount(view: DataView, index: number, bits: number): number {
  switch (bits) {
    case 16:
      return view.getUint16(index * 2);
    case 32:
      return view.getUint32(index * 4);
    case 64:
      return view.getUint32(index * 8) > 0 ? Infinity : view.getUint32(index * 8 + 4);
    default: {
      const bit = index * bits;
      return (view.getUint8(bit >> 3) >> (bit & 7)) & (2 ** bits - 1);
    }
  }
}
