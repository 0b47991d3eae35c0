import type { BlockDevice } from './blockDevice.ts';
import { BLOCK_BYTES, BLOCKS_MAX, blockShares } from './blockShares.ts';
import type { ByteRange } from './byteRange.ts';
import type { Run } from './runSet.ts';
import { StaleBlocks } from './staleBlocks.ts';

/**
 * A digest of every byte of a disk that costs only what changed. The disk is cut into blocks of 4 KiB, the last one
 * filled up with zeroes. Each has a share (blockShares.ts), which depends on its bytes and its number; the digest is the
 * sum of all shares, and of one that the disk's length has, modulo 2^64. Changing one byte changes its block's share for
 * certain and so the sum; swapping blocks changes it too.
 *
 * Blocks told of by `touch` are read again at the next `value()`; few that are given to `written` are not. A disk nobody
 * has looked at yet is read once, unless it is an overlay over a base whose digest is known: then only what the overlay
 * itself holds is read. Where the device knows that it reads as zeroes (`dataRanges`) nothing is read, so that an empty
 * disk costs the same whatever its length.
 */
export class DriveDigest {
  readonly #device: BlockDevice;
  /** By stretch of 1 MiB: the shares of its blocks; undefined where all are 0. */
  readonly #shares = new Map<number, BigUint64Array>();
  /** The stretches whose shares no other digest has, too; those of others are never changed in place. */
  readonly #own = new Set<number>();
  #stale = new StaleBlocks();
  #sum = 0n;

  /** Of a device about which nothing is known; reads nothing yet. */
  constructor(device: BlockDevice) {
    this.#device = device;
    this.#stale.add(0, blocksFor(device.lengthBytes));
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
    this.#stale.add(Math.floor(offset / BLOCK_BYTES), blocksFor(offset + lengthBytes));
  }

  /**
   * These bytes were written and are there now. Few whole blocks are hashed at once, which takes a tenth of reading them
   * again; many may be written over before anyone asks.
   */
  written(offset: number, bytes: Uint8Array): void {
    const first = offset / BLOCK_BYTES;
    const blocks = bytes.length / BLOCK_BYTES;
    const stretch = Math.floor(first / BLOCKS_MAX);
    const isFew = bytes.length <= AT_ONCE_BYTES_MAX && first + blocks <= (stretch + 1) * BLOCKS_MAX;
    if (!isFew || !Number.isInteger(first) || !Number.isInteger(blocks) || this.#stale.isWholly(stretch)) {
      return this.touch(offset, bytes.length);
    }
    blockShares().bytes.set(bytes);
    this.#takeShares(first, blocks);
    this.#stale.delete(first, first + blocks);
  }

  /** Reads and hashes the blocks touched since the last call, as far as they may hold anything but zeroes. */
  value(): bigint {
    for (const run of this.#stale.runs()) this.#hashDataIn(run);
    for (const { first, end } of this.#stale.few())
      this.#hash(first, Math.min(end, blocksFor(this.#device.lengthBytes)));
    this.#stale.clear();
    return BigInt.asUintN(64, this.#sum + BigInt(this.#device.lengthBytes) * LENGTH_FACTOR);
  }

  /** A stretch that the end of one of the two disks cuts short has a block that differs, or is not there. */
  #takeOver(known: DriveDigest): void {
    known.#own.clear();
    const [ours, theirs] = [this.#device.lengthBytes, known.#device.lengthBytes];
    const same = ours === theirs ? Infinity : Math.floor(Math.min(ours, theirs) / STRETCH_BYTES);
    const blocks = blocksFor(ours);
    this.#stale = known.#stale.copy(Math.min(blocks, same * BLOCKS_MAX));
    this.#stale.add(Math.min(blocks, same * BLOCKS_MAX), blocks);
    for (const [stretch, shares] of known.#shares) {
      if (stretch >= same) continue;
      this.#shares.set(stretch, shares);
      if (ours !== theirs) this.#sum = BigInt.asUintN(64, this.#sum + sumOf(shares));
    }
    if (ours === theirs) this.#sum = known.#sum;
  }

  /** Of a run of whole stretches, what may hold data is read; the rest has no shares any more. */
  #hashDataIn({ first, end }: Run): void {
    let at = first;
    for (const data of dataBlocksIn(this.#device, { first, end })) {
      this.#forget(at, data.first);
      this.#hash(data.first, data.end);
      at = data.end;
    }
    this.#forget(at, end);
  }

  /** Blocks that are zeroes. Looks at their stretches, or at all that have shares when those are fewer. */
  #forget(first: number, end: number): void {
    if (first >= end) return;
    const from = Math.floor(first / BLOCKS_MAX);
    const to = Math.ceil(end / BLOCKS_MAX);
    if (to - from <= this.#shares.size) {
      for (let stretch = from; stretch < to; stretch++) this.#forgetIn(stretch, first, end);
    } else {
      for (const stretch of this.#shares.keys())
        if (stretch >= from && stretch < to) this.#forgetIn(stretch, first, end);
    }
  }

  #forgetIn(stretch: number, first: number, end: number): void {
    const start = stretch * BLOCKS_MAX;
    const part = (shares: BigUint64Array) => shares.subarray(Math.max(0, first - start), end - start);
    const shares = this.#shares.get(stretch);
    if (!shares || part(shares).every((share) => share === 0n)) return;
    this.#sum = BigInt.asUintN(64, this.#sum - sumOf(part(shares)));
    part(this.#ownShares(stretch)).fill(0n);
  }

  /** In pieces of READ_BLOCKS, none of which reaches from one stretch into the next. */
  #hash(first: number, end: number): void {
    for (let at = first; at < end;) {
      const stretchEnd = (Math.floor(at / BLOCKS_MAX) + 1) * BLOCKS_MAX;
      const blocks = Math.min(READ_BLOCKS, end - at, stretchEnd - at);
      this.#readAndHash(at, blocks);
      at += blocks;
    }
  }

  #readAndHash(first: number, blocks: number): void {
    const { bytes } = blockShares();
    const offset = first * BLOCK_BYTES;
    const length = Math.min(blocks * BLOCK_BYTES, this.#device.lengthBytes - offset);
    this.#device.read(offset, bytes.subarray(0, length));
    bytes.fill(0, length, blocks * BLOCK_BYTES);
    this.#takeShares(first, blocks);
  }

  /** Of the blocks that lie in the hash's memory, all of one stretch. */
  #takeShares(first: number, blocks: number): void {
    const { shares, update } = blockShares();
    const stretch = Math.floor(first / BLOCKS_MAX);
    const inStretch = first - stretch * BLOCKS_MAX;
    const before = this.#shares.get(stretch);
    for (let i = 0; i < blocks; i++) shares[i] = before ? before[inStretch + i] : 0n;
    const growth = update(blocks, first);
    if (growth === 0n && !before && shares.subarray(0, blocks).every((share) => share === 0n)) return;
    this.#sum = BigInt.asUintN(64, this.#sum + growth);
    const after = this.#ownShares(stretch);
    for (let i = 0; i < blocks; i++) after[inStretch + i] = shares[i];
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

/** The blocks of a run that may hold something else than zeroes, in order, neighbours together. */
function* dataBlocksIn(device: BlockDevice, { first, end }: Run): Generator<Run> {
  let last: Run | undefined;
  for (const { offset, lengthBytes } of device.dataRanges(first * BLOCK_BYTES, (end - first) * BLOCK_BYTES)) {
    const next = { first: Math.floor(offset / BLOCK_BYTES), end: blocksFor(offset + lengthBytes) };
    if (last && next.first <= last.end) last.end = Math.max(last.end, next.end);
    else {
      if (last) yield last;
      last = next;
    }
  }
  if (last) yield last;
}

const blocksFor = (lengthBytes: number): number => Math.ceil(lengthBytes / BLOCK_BYTES);

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
/** Odd, so that no two lengths have one share: 2^64 divided by the golden ratio. */
const LENGTH_FACTOR = 0x9e3779b97f4a7c15n;
