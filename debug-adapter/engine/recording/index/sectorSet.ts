import { assert } from '../../base/assert.ts';
import { chunkFlaws } from '../../../messages/recordingDamage.ts';
import { ByteReader, ByteWriter, Malformed } from '../../base/bytes.ts';
import { BitReader, BitWriter, codeBits } from './bitCodes.ts';

/**
 * A compact set of the disk sectors that a group of requests touches. The set is approximate: it contains every sector
 * that was added, and it may also contain neighboring sectors. A set whose encoding would be too long is rounded to
 * larger blocks until the encoding is short enough. The length is therefore limited even if the requests are widely
 * scattered.
 *
 * An encoded set consists of its length in bytes (0 for the empty set), the block size (as a power of two), the
 * parameter k of the codes, the first block, the distance to the end, and groups of up to 64 runs of blocks. A group
 * consists of the number of blocks from the end of the previous group to its own end, its length in bytes, and two
 * Exp-Golomb codes for each run: the distance from the previous run, and the length of the run minus 1. A search
 * decodes only one group.
 */
export class SectorSetBuilder {
  private count = 0;
  /** The block size in sectors is 2 to the power of `shift`. Runs are measured in blocks. */
  private shift = 0;
  private starts = new Float64Array(FIRST_CAPACITY);
  private ends = new Float64Array(FIRST_CAPACITY);

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Adds the sectors from `first` up to but not including `end`. */
  add(first: number, end: number): void {
    // `makeSpace` may change the block size.
    if (this.count === this.starts.length) this.makeSpace();
    const scale = 2 ** this.shift;
    const start = Math.floor(Math.min(first, SECTOR_MAX) / scale);
    const stop = Math.ceil(Math.min(end, SECTOR_MAX + 1) / scale);
    const last = this.count - 1;
    // Sequential requests form one run.
    if (last >= 0 && start >= this.starts[last] && start <= this.ends[last]) {
      if (stop > this.ends[last]) this.ends[last] = stop;
      return;
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = stop;
  }

  /**
   * Writes the set and empties the builder. The set is as exact as an encoding of about `lengthBytesMax` bytes allows.
   */
  encode(to: ByteWriter, lengthBytesMax: number): void {
    if (this.count === 0) return to.varint(0);
    this.sort();
    while (this.hasEvenRuns()) this.doubleBlockSize();
    while (this.count > 1 && this.lengthBytesAbout() > lengthBytesMax) this.doubleBlockSize();
    const first = this.starts[0];
    const end = this.ends[this.count - 1];
    const k = this.gapBits();
    BODY.clear();
    BODY.byte(this.shift);
    BODY.byte(k);
    BODY.varint(first);
    BODY.varint(end - first);
    for (let i = 0, from = first; i < this.count; i += GROUP_RUNS) from = this.encodeGroup(i, from, k);
    to.varint(BODY.length);
    to.bytes(BODY.view());
    this.count = this.shift = 0;
  }

  /** Encodes the runs, starting with the run at index `begin`. Returns the end of the last run. */
  private encodeGroup(begin: number, groupStart: number, k: number): number {
    GROUP.clear();
    const bits = new BitWriter(GROUP);
    const stop = Math.min(begin + GROUP_RUNS, this.count);
    let from = groupStart;
    for (let i = begin; i < stop; i++) {
      bits.write(this.starts[i] - from, k);
      bits.write(this.ends[i] - this.starts[i] - 1, 0);
      from = this.ends[i];
    }
    bits.finish();
    BODY.varint(from - groupStart);
    BODY.varint(GROUP.length);
    BODY.bytes(GROUP.view());
    return from;
  }

  /** The parameter k of the codes for the distances between runs, derived from the average distance. */
  private gapBits(): number {
    let gaps = this.ends[this.count - 1] - this.starts[0];
    for (let i = 0; i < this.count; i++) gaps -= this.ends[i] - this.starts[i];
    return Math.floor(Math.log2(gaps / this.count + 1));
  }

  private lengthBytesAbout(): number {
    const k = this.gapBits();
    let bits = 0;
    let from = this.starts[0];
    for (let i = 0; i < this.count; i++) {
      bits += codeBits(this.starts[i] - from, k) + codeBits(this.ends[i] - this.starts[i] - 1, 0);
      from = this.ends[i];
    }
    return 16 + bits / 8 + (4 * this.count) / GROUP_RUNS;
  }

  private makeSpace(): void {
    if (this.count < RUNS_MAX) {
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
      return;
    }
    this.sort();
    while (this.count > RUNS_MAX / 2) this.doubleBlockSize();
  }

  /** Sorts the runs and joins those that touch. */
  private sort(): void {
    for (let i = 0; i < this.count; i++) KEYS[i] = this.starts[i] * RUNS_MAX + i;
    const keys = KEYS.subarray(0, this.count).sort();
    for (let i = 0; i < this.count; i++) SORTED_ENDS[i] = this.ends[keys[i] % RUNS_MAX];
    for (let i = 0; i < this.count; i++) this.starts[i] = Math.floor(keys[i] / RUNS_MAX);
    this.ends.set(SORTED_ENDS.subarray(0, this.count));
    this.join();
  }

  /** Whether the block size can be doubled without making the set less exact. */
  private hasEvenRuns(): boolean {
    for (let i = 0; i < this.count; i++) if (this.starts[i] % 2 !== 0 || this.ends[i] % 2 !== 0) return false;
    return true;
  }

  /** Doubles the block size. */
  private doubleBlockSize(): void {
    this.shift++;
    for (let i = 0; i < this.count; i++) {
      this.starts[i] = Math.floor(this.starts[i] / 2);
      this.ends[i] = Math.ceil(this.ends[i] / 2);
    }
    this.join();
  }

  private join(): void {
    let last = 0;
    for (let i = 1; i < this.count; i++) {
      if (this.starts[i] > this.ends[last]) {
        this.starts[++last] = this.starts[i];
        this.ends[last] = this.ends[i];
      } else if (this.ends[i] > this.ends[last]) this.ends[last] = this.ends[i];
    }
    this.count = last + 1;
  }
}

/** An encoded set of sectors. */
export interface SectorSet {
  shift: number;
  gapBits: number;
  firstBlock: number;
  endBlock: number;
  /** The groups of runs. Their encoding has not been checked. */
  groups: Uint8Array;
}

/** Reads an encoded set; undefined for the empty set. Throws `Malformed`. */
export function readSectorSet(source: ByteReader): SectorSet | undefined {
  const lengthBytes = source.varint();
  if (lengthBytes === 0) return undefined;
  const body = new ByteReader(source.bytes(lengthBytes));
  const [shift, gapBits, firstBlock] = [body.byte(), body.byte(), body.varint()];
  const endBlock = firstBlock + body.varint();
  return { shift, gapBits, firstBlock, endBlock, groups: body.bytes(body.remaining) };
}

/**
 * Whether a set may contain a sector from `first` up to but not including `end`. Returns true if the set is malformed.
 */
export function mayTouch(set: SectorSet, first: number, end: number): boolean {
  try {
    return search(set, first, end);
  } catch (error) {
    if (error instanceof Malformed) return true;
    throw error;
  }
}

function search(set: SectorSet, first: number, end: number): boolean {
  const scale = 2 ** set.shift;
  const start = Math.floor(Math.min(first, SECTOR_MAX) / scale);
  const stop = Math.ceil(Math.min(end, SECTOR_MAX + 1) / scale);
  if (stop <= set.firstBlock || start >= set.endBlock) return false;
  const source = new ByteReader(set.groups);
  for (let block = set.firstBlock; !source.done;) {
    const groupEnd = block + source.varint();
    const lengthBytes = source.varint();
    if (groupEnd > start) return groupMayTouch(set, { offset: source.offset, block, start, stop });
    source.bytes(lengthBytes);
    block = groupEnd;
  }
  return false;
}

/** Whether a group contains a block from `start` up to but not including `stop`. The group must end after `start`. */
function groupMayTouch(
  { groups, gapBits }: SectorSet,
  { offset, block, start, stop }: { offset: number; block: number; start: number; stop: number },
): boolean {
  const codes = new BitReader(groups, offset);
  let from = block;
  for (let runs = 0; runs < GROUP_RUNS; runs++) {
    from += codes.read(gapBits);
    if (from >= stop) return false;
    from += codes.read(0) + 1;
    if (from > start) return true;
  }
  throw new Malformed(chunkFlaws.otherIndex());
}

function grown(from: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const to = new Float64Array(from.length * 2);
  to.set(from);
  return to;
}

const FIRST_CAPACITY = 64;
/** The maximum number of runs in memory. When it is exceeded, the block size is doubled. */
const RUNS_MAX = 16_384;
/** All sectors above this one (at 128 TiB) are treated as this sector, so that every sort key is an exact integer. */
const SECTOR_MAX = 2 ** 38 - 1;
assert(SECTOR_MAX * RUNS_MAX + RUNS_MAX <= Number.MAX_SAFE_INTEGER);

/** The maximum number of runs in a group, and thus the number of runs that a search decodes. */
const GROUP_RUNS = 64;

// These buffers are needed only while a set is encoded.
const BODY = new ByteWriter(4096);
const GROUP = new ByteWriter(256);
const KEYS = new Float64Array(RUNS_MAX);
const SORTED_ENDS = new Float64Array(RUNS_MAX);
