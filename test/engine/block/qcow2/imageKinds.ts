import assert from 'node:assert/strict';
import { viewOf } from '../../../../debug-adapter/engine/block/qcow2/bigEndian.ts';
import { encodeRefcounts, refcountsPerBlock } from '../../../../debug-adapter/engine/block/qcow2/refcountBlocks.ts';

/**
 * Converts small images created by blkreplay to formats that blkreplay can write to but does not create. The images
 * must have only one refcount block.
 */

/** Converts an image to refcounts of the given width. */
export function withRefcountBits(image: Uint8Array, bits: number): Uint8Array {
  const bytes = image.slice();
  const view = viewOf(bytes);
  const clusterSizeBytes = 2 ** view.getUint32(20);
  const block = firstRefcountBlock(bytes);
  const room = refcountsPerBlock(clusterSizeBytes, bits);
  const counts = Uint16Array.from({ length: Math.min(room, clusterSizeBytes / 2) }, (_, i) =>
    view.getUint16(block + 2 * i),
  );
  assert(bytes.length / clusterSizeBytes <= room, 'the image needs only one refcount block');
  encodeRefcounts(counts, bits, bytes.subarray(block, block + clusterSizeBytes));
  view.setUint32(96, Math.log2(bits));
  return bytes;
}

/**
 * Converts an image to version 2, which has no feature bits. Its header is shorter, and the end marker of the header
 * extensions follows directly.
 */
export function asVersion2(image: Uint8Array): Uint8Array {
  const bytes = image.slice();
  const view = viewOf(bytes);
  assert.equal(view.getUint32(76), 0, 'a closed image has no feature bits set');
  view.setUint32(4, 2);
  return bytes;
}

/** The offset of the refcount block for the first clusters of the file. */
export function firstRefcountBlock(image: Uint8Array): number {
  const view = viewOf(image);
  return Number(view.getBigUint64(Number(view.getBigUint64(48))));
}
