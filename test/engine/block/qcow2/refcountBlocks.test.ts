/** In a refcount block that is not full, the unused entries are encoded as zeroes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeRefcounts,
  encodeRefcounts,
  refcountsPerBlock,
} from '../../../../debug-adapter/engine/block/qcow2/refcountBlocks.ts';

test('a block with fewer refcounts than entries is padded with zeroes, regardless of the old contents of its buffer', () => {
  for (const bits of [1, 2, 4, 8, 16, 32, 64]) {
    const block = new Uint8Array(512).fill(0xff);
    const room = refcountsPerBlock(block.length, bits);
    const counts = Uint16Array.from({ length: room / 2 }, (_, i) => i & 1);
    encodeRefcounts(counts, bits, block);
    const found = new Uint16Array(room);
    decodeRefcounts(block, bits, found);
    assert.deepEqual([...found], [...counts, ...new Uint16Array(room / 2)], `${bits} bits`);
  }
});
