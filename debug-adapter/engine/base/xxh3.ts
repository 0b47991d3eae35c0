import { assert } from './assert.ts';
import { GeneratedHash, type HashMemory, placeForHash } from './hashMemory.ts';
import { xxh3Image } from './wasm/xxh3Image.ts';

/**
 * XXH3 of 64 bits, without seed (the xxHash specification, version 0.2.0), as generated WebAssembly: a third faster than
 * XXH64. For inputs of more than 240 bytes, which the data of disk requests always is; others have an algorithm of
 * their own. As XXH64, it is no protection against someone who wants a collision.
 */
export function xxh3(bytes: Uint8Array): bigint {
  assert(bytes.length > SHORT_BYTES_MAX, 'a short input');
  const { place, address } = placeForHash(bytes);
  return BigInt.asUintN(64, XXH3.in(place, writeSecret).hash(address, bytes.length, place.constantsAt));
}

const SHORT_BYTES_MAX = 240;

const XXH3 = new GeneratedHash<{ hash(address: number, length: number, secret: number): bigint }>(xxh3Image);

function writeSecret({ memory, constantsAt }: HashMemory): void {
  new Uint8Array(memory.buffer).set(xxh3Image().secret, constantsAt);
}
