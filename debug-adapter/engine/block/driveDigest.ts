import { xxh64 } from '../base/xxhash64.ts';
import type { BlockDevice } from './blockDevice.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * A digest of every byte of a disk that costs only what changed. The disk is cut into blocks of 64 KiB; each block's
 * XXH64 is mixed with its index by a bijection, and the digest is the sum of these modulo 2^64. Changing one byte
 * changes its block's hash for certain and so the sum; swapping blocks changes it too, because the index is mixed in.
 *
 * Blocks told of by `touch` are read again at the next `value()`. A disk nobody has looked at yet is read once in full,
 * unless it is an overlay over a base whose digest is known: then only what the overlay itself holds is read.
 */
export class DriveDigest {
  readonly #device: BlockDevice;
  /** What each block adds to the sum. */
  readonly #terms: BigUint64Array;
  readonly #isStale: Uint8Array;
  #staleFrom: number;
  #staleTo: number;
  #sum: bigint;

  /** Of a device about which nothing is known; reads nothing yet. */
  constructor(device: BlockDevice) {
    const blocks = Math.ceil(device.lengthBytes / BLOCK_BYTES);
    this.#device = device;
    this.#terms = new BigUint64Array(blocks);
    this.#isStale = new Uint8Array(blocks).fill(1);
    this.#staleFrom = 0;
    this.#staleTo = blocks;
    this.#sum = 0n;
  }

  /** Of a device that differs from one whose digest is known in `changed` only. The two may differ in length. */
  static from(known: DriveDigest, device: BlockDevice, changed: ByteRange[] = []): DriveDigest {
    const digest = new DriveDigest(device);
    if (known.#device.lengthBytes === device.lengthBytes) {
      digest.#terms.set(known.#terms);
      digest.#isStale.set(known.#isStale);
      digest.#sum = known.#sum;
    } else digest.#takeWholeBlocks(known);
    for (const { offset, lengthBytes } of changed) digest.touch(offset, lengthBytes);
    return digest;
  }

  /** A block cut short by the end of one of the two disks differs from the whole one. */
  #takeWholeBlocks(known: DriveDigest): void {
    const shorter = Math.min(known.#device.lengthBytes, this.#device.lengthBytes);
    for (let block = 0; block < Math.floor(shorter / BLOCK_BYTES); block++) {
      if (known.#isStale[block]) continue;
      this.#isStale[block] = 0;
      this.#terms[block] = known.#terms[block];
      this.#sum = BigInt.asUintN(64, this.#sum + known.#terms[block]);
    }
  }

  /** These bytes may have changed. Free. */
  touch(offset: number, lengthBytes: number): void {
    if (lengthBytes === 0) return;
    const first = Math.floor(offset / BLOCK_BYTES);
    const end = Math.ceil((offset + lengthBytes) / BLOCK_BYTES);
    this.#isStale.fill(1, first, end);
    this.#staleFrom = Math.min(this.#staleFrom, first);
    this.#staleTo = Math.max(this.#staleTo, end);
  }

  /** Reads and hashes the blocks touched since the last call, in reads of up to 1 MiB. */
  value(): bigint {
    let block = this.#staleFrom;
    while (block < this.#staleTo) {
      let end = block;
      while (end < this.#staleTo && end - block < BLOCKS_PER_READ && this.#isStale[end]) end++;
      if (end > block) this.#hashBlocks(block, end);
      block = Math.max(end, block + 1);
    }
    this.#staleFrom = this.#terms.length;
    this.#staleTo = 0;
    return this.#sum;
  }

  #hashBlocks(first: number, end: number): void {
    const start = first * BLOCK_BYTES;
    const bytes = readBuffer.subarray(0, Math.min(end * BLOCK_BYTES, this.#device.lengthBytes) - start);
    this.#device.read(start, bytes);
    for (let block = first; block < end; block++) {
      const at = (block - first) * BLOCK_BYTES;
      const term = mix(block, hashBlock(bytes.subarray(at, at + BLOCK_BYTES)));
      this.#sum = BigInt.asUintN(64, this.#sum - this.#terms[block] + term);
      this.#terms[block] = term;
      this.#isStale[block] = 0;
    }
  }
}

/** Digest of a whole device, read once: what tells whether a base image is still the one that was recorded over. */
export function contentDigest(device: BlockDevice): bigint {
  return new DriveDigest(device).value();
}

/** Fresh disks are mostly zeroes, and seeing that is cheaper than hashing them. */
function hashBlock(block: Uint8Array): bigint {
  if (block.length < BLOCK_BYTES || !isZero(block)) return xxh64(block);
  return (zeroBlockHash ??= xxh64(block));
}

function isZero(block: Uint8Array): boolean {
  const words = new Uint32Array(block.buffer, block.byteOffset, block.length / 4);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** For each index a bijection of the hash: the finalizer of SplitMix64 over the two. */
function mix(index: number, hash: bigint): bigint {
  let x = BigInt.asUintN(64, hash + BigInt(index + 1) * 0x9e3779b97f4a7c15n);
  x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}

const BLOCK_BYTES = 64 * 1024;
const BLOCKS_PER_READ = 16;
const readBuffer = new Uint8Array(BLOCKS_PER_READ * BLOCK_BYTES);
let zeroBlockHash: bigint | undefined;
