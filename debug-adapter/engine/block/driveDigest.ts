import type { BlockDevice } from './blockDevice.ts';
import { BLOCK_BYTES, BLOCKS_MAX, blockHashes } from './blockHashes.ts';
import type { ByteRange } from './byteRange.ts';
import type { Run } from './runSet.ts';
import { StaleBlocks } from './staleBlocks.ts';

/**
 * An incremental digest of all bytes on a disk. The disk is divided into 4 KiB blocks; the last block is padded with
 * zeroes. Each block has a contribution (blockHashes.ts) that depends on its bytes and its number. The digest is the
 * sum, modulo 2^64, of all contributions and a term for the disk's length. Changing one byte always changes the
 * contribution of its block and therefore the sum; swapping two blocks almost certainly also changes the sum.
 *
 * `value()` rereads the blocks that were passed to `touch`. Small writes that were passed to `written` are hashed
 * immediately instead. A new digest reads the whole disk once, unless the disk is an overlay over a base image whose
 * digest is known. In that case, only the overlay's contents are read. Ranges that are zero according to the device's
 * `dataRanges` are not read, so hashing an empty disk takes the same time regardless of its length.
 */
export class DriveDigest {
  private readonly device: BlockDevice;
  /** The contributions of the blocks in each 1 MiB stretch of the disk. A stretch without an entry contributes 0. */
  private readonly hashes = new Map<number, BigUint64Array>();
  /**
   * The stretches whose array of contributions belongs to this digest alone. Arrays shared with another digest are
   * copied before they are changed.
   */
  private readonly unshared = new Set<number>();
  private stale = new StaleBlocks();
  private sum = 0n;

  /** Creates the digest of a device with unknown contents. Reads nothing yet. */
  constructor(device: BlockDevice) {
    this.device = device;
    this.stale.add(0, blocksFor(device.lengthBytes));
  }

  /**
   * Creates the digest of a device, given the digest `known` of a device that is identical outside the ranges
   * `changed`. The two devices may have different lengths.
   */
  static from(known: DriveDigest, device: BlockDevice, changed: ByteRange[] = []): DriveDigest {
    const digest = new DriveDigest(device);
    digest.copyFrom(known);
    for (const { offset, lengthBytes } of changed) digest.touch(offset, lengthBytes);
    return digest;
  }

  /** Marks a range whose bytes may have changed. Reads nothing. */
  touch(offset: number, lengthBytes: number): void {
    if (lengthBytes === 0) return;
    this.stale.add(Math.floor(offset / BLOCK_BYTES), blocksFor(offset + lengthBytes));
  }

  /**
   * Accounts for bytes that were just written. If the bytes are a few whole blocks, they are hashed immediately, which
   * takes a tenth of the time needed to reread them later. Larger writes are only marked, because they may be
   * overwritten before the digest is needed.
   */
  written(offset: number, bytes: Uint8Array): void {
    const first = offset / BLOCK_BYTES;
    const blocks = bytes.length / BLOCK_BYTES;
    const chunk = Math.floor(first / BLOCKS_MAX);
    const isFew = bytes.length <= HASH_NOW_BYTES_MAX && first + blocks <= (chunk + 1) * BLOCKS_MAX;
    if (!isFew || !Number.isInteger(first) || !Number.isInteger(blocks) || this.stale.isWhollyStale(chunk)) {
      return this.touch(offset, bytes.length);
    }
    blockHashes().bytes.set(bytes);
    this.takeHashes(first, blocks);
    this.stale.delete(first, first + blocks);
  }

  /**
   * Returns the digest. Reads and hashes the blocks that were marked since the last call, except those known to be
   * zero.
   */
  value(): bigint {
    for (const run of this.stale.runs()) this.hashDataIn(run);
    for (const { first, end } of this.stale.individualRuns())
      this.hash(first, Math.min(end, blocksFor(this.device.lengthBytes)));
    this.stale.clear();
    return BigInt.asUintN(64, this.sum + BigInt(this.device.lengthBytes) * LENGTH_FACTOR);
  }

  /**
   * Copies the contributions of another digest. If the two disks have different lengths, the stretch in which the
   * shorter disk ends is not copied, because its last blocks differ.
   */
  private copyFrom(known: DriveDigest): void {
    known.unshared.clear();
    const [length, knownLength] = [this.device.lengthBytes, known.device.lengthBytes];
    const same = length === knownLength ? Infinity : Math.floor(Math.min(length, knownLength) / STRETCH_BYTES);
    const blocks = blocksFor(length);
    this.stale = known.stale.copy(Math.min(blocks, same * BLOCKS_MAX));
    this.stale.add(Math.min(blocks, same * BLOCKS_MAX), blocks);
    for (const [chunk, hashes] of known.hashes) {
      if (chunk >= same) continue;
      this.hashes.set(chunk, hashes);
      if (length !== knownLength) this.sum = BigInt.asUintN(64, this.sum + sumOf(hashes));
    }
    if (length === knownLength) this.sum = known.sum;
  }

  /**
   * Updates the contributions of whole stretches: reads and hashes the parts that may contain data, and sets the
   * contributions of the other blocks to 0.
   */
  private hashDataIn({ first, end }: Run): void {
    let at = first;
    for (const data of dataBlocksIn(this.device, { first, end })) {
      this.clearHashes(at, data.first);
      this.hash(data.first, data.end);
      at = data.end;
    }
    this.clearHashes(at, end);
  }

  /**
   * Sets the contributions of zero blocks to 0. Visits either all stretches in the range or all stretches that have
   * contributions, whichever are fewer.
   */
  private clearHashes(first: number, end: number): void {
    if (first >= end) return;
    const from = Math.floor(first / BLOCKS_MAX);
    const to = Math.ceil(end / BLOCKS_MAX);
    if (to - from <= this.hashes.size) {
      for (let chunk = from; chunk < to; chunk++) this.clearHashesIn(chunk, first, end);
    } else {
      for (const chunk of this.hashes.keys()) if (chunk >= from && chunk < to) this.clearHashesIn(chunk, first, end);
    }
  }

  private clearHashesIn(chunk: number, first: number, end: number): void {
    const start = chunk * BLOCKS_MAX;
    const part = (hashes: BigUint64Array) => hashes.subarray(Math.max(0, first - start), end - start);
    const hashes = this.hashes.get(chunk);
    if (!hashes || part(hashes).every((hash) => hash === 0n)) return;
    this.sum = BigInt.asUintN(64, this.sum - sumOf(part(hashes)));
    part(this.ownHashes(chunk)).fill(0n);
  }

  /** Reads and hashes a range in pieces of at most READ_BLOCKS blocks. No piece crosses the end of a stretch. */
  private hash(first: number, end: number): void {
    for (let at = first; at < end;) {
      const stretchEnd = (Math.floor(at / BLOCKS_MAX) + 1) * BLOCKS_MAX;
      const blocks = Math.min(READ_BLOCKS, end - at, stretchEnd - at);
      this.readAndHash(at, blocks);
      at += blocks;
    }
  }

  private readAndHash(first: number, blocks: number): void {
    const { bytes } = blockHashes();
    const offset = first * BLOCK_BYTES;
    const length = Math.min(blocks * BLOCK_BYTES, this.device.lengthBytes - offset);
    this.device.read(offset, bytes.subarray(0, length));
    bytes.fill(0, length, blocks * BLOCK_BYTES);
    this.takeHashes(first, blocks);
  }

  /**
   * Hashes the blocks in the buffer of `blockHashes()` and stores their contributions. All blocks must be in one
   * stretch.
   */
  private takeHashes(first: number, blocks: number): void {
    const { hashes, update } = blockHashes();
    const chunk = Math.floor(first / BLOCKS_MAX);
    const inStretch = first - chunk * BLOCKS_MAX;
    const before = this.hashes.get(chunk);
    for (let i = 0; i < blocks; i++) hashes[i] = before ? before[inStretch + i] : 0n;
    const growth = update(blocks, first);
    if (growth === 0n && !before && hashes.subarray(0, blocks).every((hash) => hash === 0n)) return;
    this.sum = BigInt.asUintN(64, this.sum + growth);
    const after = this.ownHashes(chunk);
    for (let i = 0; i < blocks; i++) after[inStretch + i] = hashes[i];
  }

  /**
   * Returns a stretch's contributions as an array that may be modified. If another digest shares the array, copies it
   * first.
   */
  private ownHashes(chunk: number): BigUint64Array {
    const hashes = this.hashes.get(chunk);
    if (hashes && this.unshared.has(chunk)) return hashes;
    const own = hashes?.slice() ?? new BigUint64Array(BLOCKS_MAX);
    this.hashes.set(chunk, own);
    this.unshared.add(chunk);
    return own;
  }
}

/** The digest of a whole device. Used to detect whether a base image has changed since it was recorded. */
export function contentDigest(device: BlockDevice): bigint {
  return new DriveDigest(device).value();
}

/**
 * The blocks of a range that may contain nonzero bytes, as runs in order; adjacent runs are merged. The last block of
 * the range may extend beyond the end of the disk.
 */
function* dataBlocksIn(device: BlockDevice, { first, end }: Run): Generator<Run> {
  let last: Run | undefined;
  const start = first * BLOCK_BYTES;
  const onDisk = Math.min(end * BLOCK_BYTES, device.lengthBytes) - start;
  for (const { offset, lengthBytes } of device.dataRanges(start, onDisk)) {
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

function sumOf(hashes: BigUint64Array): bigint {
  let sum = 0n;
  for (const hash of hashes) sum += hash;
  return sum;
}

/** The size of four pages, because guests mostly write single pages or a few adjacent pages. */
const HASH_NOW_BYTES_MAX = 16 << 10;
/** With 64 blocks (256 KiB), the data stays in the processor's cache between reading and hashing. */
const READ_BLOCKS = 64;
const STRETCH_BYTES = BLOCKS_MAX * BLOCK_BYTES;
/**
 * The factor by which a disk's length is multiplied in its digest: 2^64 divided by the golden ratio. It is odd, so that
 * disks of different lengths have different length terms.
 */
const LENGTH_FACTOR = 0x9e3779b97f4a7c15n;
