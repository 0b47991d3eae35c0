import type { BlockDevice } from './blockDevice.ts';
import { BLOCK_BYTES, BLOCKS_MAX, blockShares } from './blockShares.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * A digest of every byte of a disk that costs only what changed. The disk is cut into blocks of 4 KiB, the last one
 * filled up with zeroes. Each has a share (blockShares.ts), which depends on its bytes and its number; the digest is the
 * sum of all shares, and of one that the disk's length has, modulo 2^64. Changing one byte changes its block's share for
 * certain and so the sum; swapping blocks changes it too.
 *
 * Blocks told of by `touch` are read again at the next `value()`; few that are given to `written` are not. A disk nobody
 * has looked at yet is read once in full, unless it is an overlay over a base whose digest is known: then only what the
 * overlay itself holds is read.
 */
export class DriveDigest {
  readonly #device: BlockDevice;
  /** By stretch of 1 MiB: the shares of its blocks; undefined where all are 0. */
  readonly #shares = new Map<number, BigUint64Array>();
  /** The stretches whose shares no other digest has, too; those of others are never changed in place. */
  readonly #own = new Set<number>();
  /** By stretch: NOTHING, SOME (those in `#staleBlocks`) or ALL of its blocks must be read again. */
  readonly #stale: Uint8Array;
  readonly #staleBlocks = new Map<number, Uint8Array>();
  #staleFrom: number;
  #staleTo: number;
  #sum: bigint;

  /** Of a device about which nothing is known; reads nothing yet. */
  constructor(device: BlockDevice) {
    const stretches = Math.ceil(device.lengthBytes / STRETCH_BYTES);
    this.#device = device;
    this.#stale = new Uint8Array(stretches).fill(ALL);
    this.#staleFrom = 0;
    this.#staleTo = stretches;
    this.#sum = 0n;
  }

  /** Of a device that differs from one whose digest is known in `changed` only. The two may differ in length. */
  static from(known: DriveDigest, device: BlockDevice, changed: ByteRange[] = []): DriveDigest {
    const digest = new DriveDigest(device);
    digest.#takeOver(known);
    for (const { offset, lengthBytes } of changed) digest.touch(offset, lengthBytes);
    return digest;
  }

  /** These bytes may have changed. Free. */
  touch(offset: number, lengthBytes: number): void {
    if (lengthBytes === 0) return;
    const first = Math.floor(offset / STRETCH_BYTES);
    const end = Math.ceil((offset + lengthBytes) / STRETCH_BYTES);
    for (let stretch = first; stretch < end; stretch++) {
      if (this.#stale[stretch] === ALL) continue;
      const start = stretch * STRETCH_BYTES;
      const from = Math.max(0, Math.floor((offset - start) / BLOCK_BYTES));
      const to = Math.min(BLOCKS_MAX, Math.ceil((offset + lengthBytes - start) / BLOCK_BYTES));
      this.#staleBlocksOf(stretch).fill(1, from, to);
    }
    this.#staleFrom = Math.min(this.#staleFrom, first);
    this.#staleTo = Math.max(this.#staleTo, end);
  }

  /**
   * These bytes were written and are there now. Few whole blocks are hashed at once, which takes a tenth of reading them
   * again; many may be written over before anyone asks.
   */
  written(offset: number, bytes: Uint8Array): void {
    const stretch = Math.floor(offset / STRETCH_BYTES);
    const first = (offset - stretch * STRETCH_BYTES) / BLOCK_BYTES;
    const blocks = bytes.length / BLOCK_BYTES;
    const isFew = bytes.length <= AT_ONCE_BYTES_MAX && first + blocks <= BLOCKS_MAX;
    const isKnown = this.#stale[stretch] !== ALL;
    if (!isFew || !isKnown || !Number.isInteger(first) || !Number.isInteger(blocks)) {
      return this.touch(offset, bytes.length);
    }
    blockShares().bytes.set(bytes);
    this.#takeShares(stretch, first, blocks);
    if (this.#stale[stretch] === SOME) this.#staleBlocksOf(stretch).fill(0, first, first + blocks);
  }

  /** Reads and hashes the blocks touched since the last call. */
  value(): bigint {
    for (let stretch = this.#staleFrom; stretch < this.#staleTo; stretch++) {
      if (this.#stale[stretch] === ALL) this.#hash(stretch, 0, this.#blocksOf(stretch));
      if (this.#stale[stretch] === SOME) this.#hashRuns(stretch, this.#staleBlocksOf(stretch));
      this.#stale[stretch] = NOTHING;
    }
    this.#staleBlocks.clear();
    this.#staleFrom = this.#stale.length;
    this.#staleTo = 0;
    return BigInt.asUintN(64, this.#sum + BigInt(this.#device.lengthBytes) * LENGTH_FACTOR);
  }

  /** A stretch that the end of one of the two disks cuts short has a block that differs, or is not there. */
  #takeOver(known: DriveDigest): void {
    known.#own.clear();
    const [ours, theirs] = [this.#device.lengthBytes, known.#device.lengthBytes];
    const same = ours === theirs ? this.#stale.length : Math.floor(Math.min(ours, theirs) / STRETCH_BYTES);
    for (let stretch = 0; stretch < same; stretch++) this.#stale[stretch] = known.#stale[stretch];
    for (const [stretch, blocks] of known.#staleBlocks) {
      if (stretch < same) this.#staleBlocks.set(stretch, blocks.slice());
    }
    for (const [stretch, shares] of known.#shares) {
      if (stretch >= same) continue;
      this.#shares.set(stretch, shares);
      if (ours !== theirs) this.#sum = BigInt.asUintN(64, this.#sum + sumOf(shares));
    }
    if (ours !== theirs) return;
    this.#sum = known.#sum;
    this.#staleFrom = known.#staleFrom;
    this.#staleTo = known.#staleTo;
  }

  #staleBlocksOf(stretch: number): Uint8Array {
    let blocks = this.#staleBlocks.get(stretch);
    if (!blocks) this.#staleBlocks.set(stretch, (blocks = new Uint8Array(BLOCKS_MAX)));
    this.#stale[stretch] = SOME;
    return blocks;
  }

  #blocksOf(stretch: number): number {
    return Math.min(BLOCKS_MAX, Math.ceil((this.#device.lengthBytes - stretch * STRETCH_BYTES) / BLOCK_BYTES));
  }

  #hashRuns(stretch: number, stale: Uint8Array): void {
    const blocks = this.#blocksOf(stretch);
    for (let first = stale.indexOf(1); first >= 0 && first < blocks; first = stale.indexOf(1, first)) {
      const end = stale.indexOf(0, first);
      const next = end < 0 ? blocks : Math.min(end, blocks);
      this.#hash(stretch, first, next - first);
      first = next;
    }
  }

  #hash(stretch: number, first: number, blocks: number): void {
    const end = first + blocks;
    for (let at = first; at < end; at += READ_BLOCKS) this.#readAndHash(stretch, at, Math.min(READ_BLOCKS, end - at));
  }

  #readAndHash(stretch: number, first: number, blocks: number): void {
    const { bytes } = blockShares();
    const offset = stretch * STRETCH_BYTES + first * BLOCK_BYTES;
    const length = Math.min(blocks * BLOCK_BYTES, this.#device.lengthBytes - offset);
    this.#device.read(offset, bytes.subarray(0, length));
    bytes.fill(0, length, blocks * BLOCK_BYTES);
    this.#takeShares(stretch, first, blocks);
  }

  /** Of the blocks that lie in the hash's memory. */
  #takeShares(stretch: number, first: number, blocks: number): void {
    const { shares, update } = blockShares();
    const before = this.#shares.get(stretch);
    for (let i = 0; i < blocks; i++) shares[i] = before ? before[first + i] : 0n;
    const growth = update(blocks, stretch * BLOCKS_MAX + first);
    if (growth === 0n && !before && shares.subarray(0, blocks).every((share) => share === 0n)) return;
    this.#sum = BigInt.asUintN(64, this.#sum + growth);
    const after = this.#ownShares(stretch);
    for (let i = 0; i < blocks; i++) after[first + i] = shares[i];
  }

  /** To be changed: other digests do not see it. */
  #ownShares(stretch: number): BigUint64Array {
    const shares = this.#shares.get(stretch);
    if (shares && this.#own.has(stretch)) return shares;
    const own = shares?.slice() ?? new BigUint64Array(BLOCKS_MAX);
    this.#shares.set(stretch, own);
    this.#own.add(stretch);
    return own;
  }
}

/** Digest of a whole device, read once: what tells whether a base image is still the one that was recorded over. */
export function contentDigest(device: BlockDevice): bigint {
  return new DriveDigest(device).value();
}

function sumOf(shares: BigUint64Array): bigint {
  let sum = 0n;
  for (const share of shares) sum += share;
  return sum;
}

/** As the pages that guests mostly write, with a few around them. */
const AT_ONCE_BYTES_MAX = 16 << 10;
/** 256 KiB, which stay in a processor's cache between reading and hashing. */
const READ_BLOCKS = 64;
const STRETCH_BYTES = BLOCKS_MAX * BLOCK_BYTES;
const NOTHING = 0;
const SOME = 1;
const ALL = 2;
/** Odd, so that no two lengths have one share: 2^64 divided by the golden ratio. */
const LENGTH_FACTOR = 0x9e3779b97f4a7c15n;
