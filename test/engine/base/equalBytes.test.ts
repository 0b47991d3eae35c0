/** Byte arrays are equal if they have the same length and contents, regardless of alignment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes } from '../../../debug-adapter/engine/base/equalBytes.ts';

test('arrays that differ in one byte or in length are unequal, at any offset and length', () => {
  for (const [offset, other] of [
    [0, 0],
    [4, 8],
    [1, 1],
    [0, 3],
  ])
    for (let length = 0; length < 20; length++) {
      const a = Uint8Array.from({ length: 40 }, (_, i) => i - offset).subarray(offset, offset + length);
      const b = Uint8Array.from({ length: 40 }, (_, i) => i - other).subarray(other, other + length);
      assert.ok(equalBytes(a, b));
      assert.ok(length === 0 || !equalBytes(a, b.subarray(1)));
      for (let at = 0; at < length; at++) {
        b[at] ^= 0x80;
        assert.ok(!equalBytes(a, b), `byte ${at} of ${length} at ${offset} and ${other}`);
        b[at] ^= 0x80;
      }
    }
});
