import { GeneratedHash, placeForHash } from './hashMemory.ts';
import { xxhash64Image } from './wasm/xxhash64Image.ts';

/**
 * XXH64 (the xxHash specification, version 0.1.1), as generated WebAssembly: several gigabytes a second. It names
 * states, pages and disk blocks, and guards chunks against damage. For inputs of one length, changing any one byte
 * always changes the hash. It is no protection against someone who wants a collision.
 */
export function xxh64(bytes: Uint8Array, seed = 0n): bigint {
  const { place, address } = placeForHash(bytes);
  return BigInt.asUintN(64, XXH64.in(place).hash(address, bytes.length, seed));
}

const XXH64 = new GeneratedHash<{ hash(address: number, length: number, seed: bigint): bigint }>(xxhash64Image);
