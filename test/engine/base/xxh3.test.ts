/** XXH3 gives the same values as the reference implementation and depends on every byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashIn, transferBuffer } from '../../../debug-adapter/engine/base/hashMemory.ts';
import { xxh3 } from '../../../debug-adapter/engine/base/xxh3.ts';
import { xxh64 } from '../../../debug-adapter/engine/base/xxhash64.ts';

/**
 * Output of `xxhsum -H3` (xxHash 0.8) for prefixes of `pattern`, with lengths just below, at and above the stripe and
 * block sizes.
 */
const KNOWN: [number, bigint][] = [
  [241, 0xbc424a2c480dd281n],
  [512, 0x17ec4809d1a9ad43n],
  [1024, 0x1fd15e7d36f5e1bcn],
  [1025, 0xfe08e5a874d23fd2n],
  [1536, 0x31746714bfc2a769n],
  [4096, 0x84d9e7ce664c8217n],
  [65536, 0x32152aa15c5ff65an],
  [1048577, 0x69f60194b251a8cfn],
];

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 13);

test('xxh3 gives the same values as the reference implementation', () => {
  for (const [length, hash] of KNOWN) assert.equal(xxh3(pattern(length)), hash, `${length} bytes`);
});

test('changing any one byte of a sector changes its hash', () => {
  const sector = new Uint8Array(512);
  const before = xxh3(sector);
  for (let i = 0; i < sector.length; i++) {
    sector[i] ^= 0x80;
    assert.notEqual(xxh3(sector), before);
    sector[i] ^= 0x80;
  }
  assert.equal(xxh3(sector), before);
});

test('the hash of a byte array is the same whether the bytes are copied first or hashed in place', () => {
  const bytes = pattern(5000);
  const onTheWay = transferBuffer(bytes.length);
  onTheWay.set(bytes);
  const memory = new WebAssembly.Memory({ initial: 2 });
  hashIn(memory, 70_000);
  const inPlace = new Uint8Array(memory.buffer, 3, bytes.length);
  inPlace.set(bytes);
  for (const hash of [xxh3, (of: Uint8Array) => xxh64(of)]) {
    const expected = hash(bytes);
    assert.equal(hash(onTheWay), expected);
    assert.equal(hash(inPlace), expected);
    assert.equal(hash(onTheWay.subarray(0, 300)), hash(bytes.subarray(0, 300)));
  }
  assert.deepEqual(new Uint8Array(onTheWay), bytes);
});

test('a short input, for which XXH3 uses a different algorithm, is rejected', () => {
  assert.throws(() => xxh3(new Uint8Array(240)));
});
