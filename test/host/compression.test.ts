import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { nodeCompression } from '../../debug-adapter/host/compression.ts';
import { SeededRandom } from '../support/seededRandom.ts';

test('whatever its size, what is deflated is a stream that zlib inflates', (t) => {
  const random = SeededRandom.forTest(t);
  for (const length of [0, 1, 5, 32 << 10, (32 << 10) + 1, 100_000]) {
    const bytes = random.bytes(length);
    const deflated = nodeCompression.deflate(bytes);
    assert.deepEqual(new Uint8Array(inflateRawSync(deflated)), bytes, `${length} bytes`);
    assert.deepEqual(new Uint8Array(nodeCompression.inflate(deflated, length)), bytes, `${length} bytes`);
  }
});

test('what is large and alike gets smaller', () => {
  assert.ok(nodeCompression.deflate(new Uint8Array(1 << 20)).length < 10_000);
});
