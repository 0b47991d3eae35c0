import { GeneratedHash, memoryForHash } from './hashMemory.ts';
import { xxhash64Image } from './wasm/xxhash64Image.ts';

/**
 * XXH64 (xxHash specification, version 0.1.1) in generated WebAssembly, which processes several gigabytes per second.
 * It is used to identify states, pages and disk blocks, and to detect damaged chunks of a recording. If two inputs of
 * equal length differ in one byte, their hashes always differ. It does not resist deliberate collisions.
 */
export function xxh64(bytes: Uint8Array, seed = 0n): bigint {
  const { hashMemory, address } = memoryForHash(bytes);
  return BigInt.asUintN(64, XXH64.instanceFor(hashMemory).hash(address, bytes.length, seed));
}

const XXH64 = new GeneratedHash<{ hash(address: number, length: number, seed: bigint): bigint }>(xxhash64Image);
