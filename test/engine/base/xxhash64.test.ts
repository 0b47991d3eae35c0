/** XXH64 gives the published values and depends on every byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xxh64 } from '../../../debug-adapter/engine/base/xxhash64.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

test('xxh64 gives the published values', () => {
  // These values are from the xxHash project's documentation and from widely used test vectors.
  assert.equal(xxh64(ascii('')), 0xef46db3751d8e999n);
  assert.equal(xxh64(ascii('a')), 0xd24ec4f1a98c6e5bn);
  assert.equal(xxh64(ascii('abc')), 0x44bc2cf5ad770999n);
  assert.equal(xxh64(ascii('Nobody inspects the spammish repetition')), 0xfbcea83c8a378bf1n);
});

test('changing any one byte of a page changes its hash', () => {
  const page = new Uint8Array(4096);
  const before = xxh64(page, 7n);
  for (let i = 0; i < page.length; i += 13) {
    page[i] ^= 0x80;
    assert.notEqual(xxh64(page, 7n), before);
    page[i] ^= 0x80;
  }
  assert.equal(xxh64(page, 7n), before);
  assert.notEqual(xxh64(page, 8n), before);
});

test('inputs larger than the initial scratch memory are hashed completely', () => {
  const large = new Uint8Array(3 << 20).fill(1);
  const before = xxh64(large);
  large[large.length - 1] = 2;
  assert.notEqual(xxh64(large), before);
});
