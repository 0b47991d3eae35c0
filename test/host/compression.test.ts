/** Compressed data is restored exactly, whether or not Node's zlib supports Zstandard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { nodeCompression } from '../../debug-adapter/host/compression.ts';
import { isZstd } from '../../debug-adapter/host/zstd.ts';
import { SeededRandom } from '../support/seededRandom.ts';

test('data of any size is deflated to a stream that zlib inflates', (t) => {
  const random = SeededRandom.forTest(t);
  for (const length of [0, 1, 5, 0xffff, 0x1_0000, 100_000]) {
    const bytes = random.bytes(length);
    const deflated = nodeCompression.deflate(bytes);
    assert.deepEqual(new Uint8Array(inflateRawSync(deflated)), bytes, `${length} bytes`);
    assert.deepEqual(new Uint8Array(nodeCompression.inflate(deflated, length)), bytes, `${length} bytes`);
  }
});

test('large repetitive data is compressed to a small fraction of its size', () => {
  assert.ok(nodeCompression.deflate(new Uint8Array(1 << 20)).length < 10_000);
});

test("compressed and deflated data is restored exactly, even if Node's zlib does not support Zstandard", (t) => {
  const random = SeededRandom.forTest(t);
  for (const length of [0, 1, 0xffff, 0x1_0000, 1 << 20]) {
    const bytes = random.chance(0.5) ? random.bytes(length) : new Uint8Array(length).fill(7);
    const compressed = nodeCompression.compress(bytes);
    const back = [
      nodeCompression.decompress(compressed, length),
      nodeCompression.decompress(nodeCompression.deflate(bytes), length),
      ...(isZstd(compressed) ? [nodeCompression.decompressZstd(compressed, length)] : []),
    ];
    for (const found of back) assert.deepEqual(new Uint8Array(found), bytes, `${length} bytes`);
    for (const wrong of [length - 1, length + 1]) assert.throws(() => nodeCompression.decompress(compressed, wrong));
  }
});

test('large data is compressed to a Zstandard frame, and damaged frames are rejected', () => {
  const compressed = nodeCompression.compress(new Uint8Array(1 << 20));
  assert.ok(isZstd(compressed) && compressed.length < 1000);
  assert.throws(() => nodeCompression.decompress(compressed.subarray(0, -3), 1 << 20));
});
