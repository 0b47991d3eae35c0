import type { BlockDevice } from './blockDevice.ts';
import { BLOCK_BYTES, BLOCKS_MAX, blockShares } from './blockShares.ts';
import type { ByteRange } from './byteRange.ts';
import type { Run } from './runSet.ts';
import { StaleBlocks } from './staleBlocks.ts';

/**
 * An incremental digest of all bytes of a disk. The disk consists of 4 KiB blocks, the last one padded with zeroes.
 * Each block has a contribution (blockShares.ts) that depends on its bytes and its number; the digest is the sum of
 * all contributions plus one for the disk's length, modulo 2^64. Changing one byte always changes the contribution of
 * its block and therefore the sum; swapping two blocks almost certainly changes the sum too.
 *
 * `value()` reads the blocks passed to `touch` again; small writes passed to `written` are hashed immediately
 * instead. A new digest reads the whole disk once, unless it belongs to an overlay over a base with a known digest:
 * then it reads only what the overlay contains. Ranges that the device knows to be zero (`dataRanges`) are not read,
 * so the cost of an empty disk does not depend on its length.
 */
export class DriveDigest {
  readonly #device: BlockDevice;
  /** The contributions of each 1 MiB stretch; undefined if all are 0. */
  readonly #shares = new Map<number, BigUint64Array>();
  /**
   * The stretches whose contributions this digest does not share with others; shared ones are copied before a change.
   */
  readonly #own = new Set<number>();
  #stale = new StaleBlocks();
  #sum = 0n;

  /** The digest of a device with unknown contents; reads nothing yet. */
  constructor(device: BlockDevice) {
    this.#device = device;
    this.#stale.add(0, blocksFor(device.lengthBytes));
  }

  /** The digest of a device that differs from one with a known digest only in `changed`. Their lengths may differ. */
  static from(known: DriveDigest, device: BlockDevice, changed: ByteRange[] = []): DriveDigest {
    const digest = new DriveDigest(device);
    digest.#takeOver(known);
    for (const { offset, lengthBytes } of changed) digest.touch(offset, lengthBytes);
    return digest;
  }

  /** Marks bytes that may have changed. Reads nothing. */
  touch(offset: number, lengthBytes: number): void {
    if (lengthBytes === 0) return;
    this.#stale.add(Math.floor(offset / BLOCK_BYTES), blocksFor(offset + lengthBytes));
  }

  /**
   * Accounts for bytes that were just written. A few whole blocks are hashed immediately, at a tenth of the cost of
   * reading them again; larger writes are only marked, because they may be overwritten before the digest is needed.
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

  /** Reads and hashes the blocks touched since the last call, except those known to be zero. */
  value(): bigint {
    for (const run of this.#stale.runs()) this.#hashDataIn(run);
    for (const { first, end } of this.#stale.few())
      this.#hash(first, Math.min(end, blocksFor(this.#device.lengthBytes)));
    this.#stale.clear();
    return BigInt.asUintN(64, this.#sum + BigInt(this.#device.lengthBytes) * LENGTH_FACTOR);
  }

  /**
   * If the lengths differ, the stretch where the shorter disk ends has blocks that differ or are missing, so it is
   * not copied.
   */
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

  /** Reads the parts of a run of whole stretches that may contain data; the other blocks contribute 0. */
  #hashDataIn({ first, end }: Run): void {
    let at = first;
    for (const data of dataBlocksIn(this.#device, { first, end })) {
      this.#forget(at, data.first);
      this.#hash(data.first, data.end);
      at = data.end;
    }
    this.#forget(at, end);
  }

  /**
   * Sets the contributions of zero blocks to 0. Visits the stretches of the range, or all stretches with
   * contributions if those are fewer.
   */
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

  /** Hashes in pieces of at most READ_BLOCKS, none of which crosses the end of a stretch. */
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

  /** Stores the contributions of blocks in the hash's memory, all in one stretch. */
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

  /** The contributions of a stretch, copied first if another digest shares them. */
  #ownShares(stretch: number): BigUint64Array {
    const shares = this.#shares.get(stretch);
    if (shares && this.#own.has(stretch)) return shares;
    const own = shares?.slice() ?? new BigUint64Array(BLOCKS_MAX);
    this.#shares.set(stretch, own);
    this.#own.add(stretch);
    return own;
  }
}

/** The digest of a whole device, read once. Tells whether a base image is still the recorded one. */
export function contentDigest(device: BlockDevice): bigint {
  return new DriveDigest(device).value();
}

/** The blocks of a run that may contain nonzero bytes, in order, with adjacent ones merged. */
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

/** Four pages: guests mostly write single pages or a few adjacent ones. */
const AT_ONCE_BYTES_MAX = 16 << 10;
/** 256 KiB, which stays in the processor's cache between reading and hashing. */
const READ_BLOCKS = 64;
const STRETCH_BYTES = BLOCKS_MAX * BLOCK_BYTES;
/** 2^64 divided by the golden ratio; odd, so that different lengths have different contributions. */
const LENGTH_FACTOR = 0x9e3779b97f4a7c15n;
