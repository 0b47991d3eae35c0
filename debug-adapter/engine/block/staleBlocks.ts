import { BLOCKS_MAX } from './blockHashes.ts';
import { type Run, RunSet } from './runSet.ts';

/**
 * The blocks of a disk that a digest must read again. Individual blocks are marked in byte arrays, one for each stretch
 * of 256 blocks (1 MiB). Long ranges, such as a new disk or a discarded range, are stored as runs of whole stretches
 * instead. Even if every block of a disk is stale, a single run is therefore enough, regardless of the disk's size.
 */
export class StaleBlocks {
  /** The stretches in which all blocks are stale. */
  private readonly whole: RunSet;
  /** For each remaining stretch with stale blocks, an array with a 1 for each stale block. */
  private readonly individual: Map<number, Uint8Array>;

  constructor(whole = new RunSet(), some = new Map<number, Uint8Array>()) {
    this.whole = whole;
    this.individual = some;
  }

  add(first: number, end: number): void {
    const firstWhole = Math.ceil(first / BLOCKS_MAX);
    const endWhole = Math.floor(end / BLOCKS_MAX);
    if (endWhole - firstWhole < RUN_STRETCHES_MIN) return this.mark(first, end);
    this.mark(first, firstWhole * BLOCKS_MAX);
    this.whole.add(firstWhole, endWhole);
    this.mark(endWhole * BLOCKS_MAX, end);
  }

  /**
   * Whether the stretch belongs to a run, so that all its blocks are stale. `delete` does not remove stretches from
   * runs.
   */
  isWhollyStale(stretch: number): boolean {
    return this.whole.has(stretch);
  }

  /** Unmarks blocks that were marked individually. All blocks in the range must be in the same stretch. */
  delete(first: number, end: number): void {
    const stretch = Math.floor(first / BLOCKS_MAX);
    const start = stretch * BLOCKS_MAX;
    this.individual.get(stretch)?.fill(0, first - start, end - start);
  }

  clear(): void {
    this.whole.clear();
    this.individual.clear();
  }

  /** Returns a copy that contains only the blocks below `end`. */
  copy(end: number): StaleBlocks {
    const copy = new StaleBlocks();
    for (const { first, end: runEnd } of this.whole.within(0, Math.floor(end / BLOCKS_MAX))) {
      copy.whole.add(first, runEnd);
    }
    for (const [stretch, blocks] of this.individual) {
      const start = stretch * BLOCKS_MAX;
      if (start < end) copy.individual.set(stretch, blocks.slice().fill(0, Math.max(0, end - start)));
    }
    return copy;
  }

  /** The runs of stale stretches, as block numbers. */
  *runs(): Generator<Run> {
    for (const { first, end } of this.whole.within(0, Infinity)) {
      yield { first: first * BLOCKS_MAX, end: end * BLOCKS_MAX };
    }
  }

  /** The blocks that are marked individually, in order. Adjacent blocks in a stretch are merged into one run. */
  *individualRuns(): Generator<Run> {
    for (const stretch of [...this.individual.keys()].sort((a, b) => a - b)) {
      const blocks = this.individual.get(stretch)!;
      const start = stretch * BLOCKS_MAX;
      for (let first = blocks.indexOf(1); first >= 0; first = blocks.indexOf(1, first)) {
        const next = blocks.indexOf(0, first);
        const end = next < 0 ? BLOCKS_MAX : next;
        yield { first: start + first, end: start + end };
        first = end;
      }
    }
  }

  private mark(first: number, end: number): void {
    for (let at = first; at < end;) {
      const stretch = Math.floor(at / BLOCKS_MAX);
      const start = stretch * BLOCKS_MAX;
      const to = Math.min(end, start + BLOCKS_MAX);
      if (!this.whole.has(stretch)) this.blocksOf(stretch).fill(1, at - start, to - start);
      at = to;
    }
  }

  private blocksOf(stretch: number): Uint8Array {
    let blocks = this.individual.get(stretch);
    if (!blocks) this.individual.set(stretch, (blocks = new Uint8Array(BLOCKS_MAX)));
    return blocks;
  }
}

/**
 * The minimum length of a range that is stored as a run: 16 MiB, which is more than guests write in one request. Guest
 * writes are therefore marked in byte arrays, which require no search.
 */
const RUN_STRETCHES_MIN = 16;
