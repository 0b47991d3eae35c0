import { assert } from '../../base/assert.ts';
import { viewOf } from './bigEndian.ts';

/** The number of refcounts in a refcount block. A block is as large as a cluster. */
export function refcountsPerBlock(clusterSizeBytes: number, bits: number): number {
  return (clusterSizeBytes * 8) / bits;
}

/** The largest supported refcount if refcounts are `bits` bits wide. */
export function refcountMax(bits: number): number {
  return Math.min(2 ** bits - 1, 0xffff);
}

/**
 * Decodes a refcount block. A refcount that does not fit in 16 bits is decoded as 65535. This exceeds the number of
 * possible references, so the cluster is treated as leaked.
 */
export function decodeRefcounts(block: Uint8Array, bits: number, into: Uint16Array): void {
  const view = viewOf(block);
  for (let i = 0; i < into.length; i++) into[i] = Math.min(readRefcount(view, i, bits), 0xffff);
}

/**
 * Encodes a refcount block (qcow2 specification, "Host cluster management"). A block contains refcounts, each 1 to 64
 * bits wide, of consecutive clusters in the file. Refcounts narrower than 8 bits fill each byte from its least
 * significant bit. In memory, refcounts are 16 bits wide, which is enough because no image has more than 65535
 * snapshots.
 */
export function encodeRefcounts(counts: Uint16Array, bits: number, block: Uint8Array): void {
  if (bits === 16) return encode16Bit(counts, block);
  const view = viewOf(block);
  const max = refcountMax(bits);
  block.fill(0);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i];
    // If refcounts are narrow, a value that is too large would overwrite the next refcount, or wrap to 0 and free a
    // cluster in use.
    assert(count <= max, 'a refcount exceeds its width');
    if (bits === 32) view.setUint32(i * 4, count);
    else if (bits === 64) view.setUint32(i * 8 + 4, count);
    else {
      const bit = i * bits;
      block[bit >> 3] |= count << (bit & 7);
    }
  }
}

/** Encodes 16-bit refcounts, which nearly all images have. */
function encode16Bit(counts: Uint16Array, block: Uint8Array): void {
  for (let i = 0; i < counts.length; i++) {
    block[2 * i] = counts[i] >> 8;
    block[2 * i + 1] = counts[i];
  }
  // The refcounts of the last clusters may fill only part of the block, and the buffer may still contain an earlier
  // block.
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
