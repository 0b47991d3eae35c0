import { RunSet } from './runSet.ts';

/**
 * Where each cluster of a scratch layer lies: nowhere yet, in a slot of the scratch file, or nowhere because it is all
 * zeroes. Two levels, so that untouched regions cost nothing, and runs of whole chunks for what is zeroed, so that a
 * guest that discards a whole disk of any size (mkfs does) costs one entry.
 */
export class SlotMap {
  /** Chunks that are not as `#zeroChunks` says. */
  readonly #chunks = new Map<number, Int32Array>();
  #zeroChunks = new RunSet();

  /** A slot, ZERO_SLOT, or undefined when the cluster was never written. */
  get(cluster: number): number | undefined {
    const index = Math.floor(cluster / CHUNK_CLUSTERS);
    const chunk = this.#chunks.get(index);
    if (!chunk) return this.#zeroChunks.has(index) ? ZERO_SLOT : undefined;
    const stored = chunk[cluster % CHUNK_CLUSTERS];
    if (stored === UNWRITTEN) return undefined;
    return stored === STORED_ZERO ? ZERO_SLOT : stored - 1;
  }

  set(cluster: number, slot: number): void {
    this.#ownChunk(Math.floor(cluster / CHUNK_CLUSTERS))[cluster % CHUNK_CLUSTERS] =
      slot === ZERO_SLOT ? STORED_ZERO : slot + 1;
  }

  setZero(first: number, end: number): void {
    const firstWhole = Math.ceil(first / CHUNK_CLUSTERS);
    const endWhole = Math.floor(end / CHUNK_CLUSTERS);
    if (firstWhole > endWhole) return this.#setZeroInChunk(first, end);
    this.#setZeroInChunk(first, firstWhole * CHUNK_CLUSTERS);
    for (const index of this.#chunksIn(firstWhole, endWhole)) this.#chunks.delete(index);
    this.#zeroChunks.add(firstWhole, endWhole);
    this.#setZeroInChunk(endWhole * CHUNK_CLUSTERS, end);
  }

  clear(): void {
    this.#chunks.clear();
    this.#zeroChunks.clear();
  }

  /** A copy that later changes of this one leave alone, and the other way round. */
  copy(): SlotMap {
    const copy = new SlotMap();
    for (const [index, chunk] of this.#chunks) copy.#chunks.set(index, chunk.slice());
    copy.#zeroChunks = this.#zeroChunks.copy();
    return copy;
  }

  /** The written regions, in clusters, a little larger than true: whole chunks. */
  regions(): { first: number; clusters: number }[] {
    const chunks = [...this.#chunks.keys()].map((index) => ({ first: index, end: index + 1 }));
    return [...chunks, ...this.#zeroChunks.within(0, Infinity)].map(({ first, end }) => ({
      first: first * CHUNK_CLUSTERS,
      clusters: (end - first) * CHUNK_CLUSTERS,
    }));
  }

  /**
   * Neighbouring written clusters of a kind, exactly, in order: all of them, or those from one cluster on up to another.
   * Neighbouring runs may be of one kind.
   */
  *runs(from = 0, to = Infinity): Generator<{ first: number; clusters: number; isZero: boolean }> {
    const firstChunk = Math.floor(from / CHUNK_CLUSTERS);
    const endChunk = Math.ceil(to / CHUNK_CLUSTERS);
    let done = firstChunk;
    for (const index of this.#chunksIn(firstChunk, endChunk)) {
      yield* this.#zeroRuns(done, index, from, to);
      yield* runsOfChunk(this.#chunks.get(index)!, index, from, to);
      done = index + 1;
    }
    yield* this.#zeroRuns(done, endChunk, from, to);
  }

  *#zeroRuns(firstChunk: number, endChunk: number, from: number, to: number) {
    for (const run of this.#zeroChunks.within(firstChunk, endChunk)) {
      const first = Math.max(from, run.first * CHUNK_CLUSTERS);
      yield { first, clusters: Math.min(to, run.end * CHUNK_CLUSTERS) - first, isZero: true };
    }
  }

  /** Those that have slots, in order. */
  #chunksIn(first: number, end: number): number[] {
    if (end - first > this.#chunks.size) {
      return [...this.#chunks.keys()].filter((index) => index >= first && index < end).sort((a, b) => a - b);
    }
    const found: number[] = [];
    for (let index = first; index < end; index++) if (this.#chunks.has(index)) found.push(index);
    return found;
  }

  /** A part of one chunk; one that is zeroed part by part is no chunk any more in the end. */
  #setZeroInChunk(first: number, end: number): void {
    const index = Math.floor(first / CHUNK_CLUSTERS);
    if (first >= end || (!this.#chunks.has(index) && this.#zeroChunks.has(index))) return;
    const start = index * CHUNK_CLUSTERS;
    const chunk = this.#ownChunk(index).fill(STORED_ZERO, first - start, end - start);
    if (chunk.some((stored) => stored !== STORED_ZERO)) return;
    this.#chunks.delete(index);
    this.#zeroChunks.add(index, index + 1);
  }

  #ownChunk(index: number): Int32Array {
    let chunk = this.#chunks.get(index);
    if (chunk) return chunk;
    chunk = new Int32Array(CHUNK_CLUSTERS).fill(this.#zeroChunks.has(index) ? STORED_ZERO : UNWRITTEN);
    this.#chunks.set(index, chunk);
    return chunk;
  }
}

export const ZERO_SLOT = -1;

const CHUNK_CLUSTERS = 512;
const UNWRITTEN = 0;
const STORED_ZERO = -1;

function* runsOfChunk(chunk: Int32Array, index: number, from: number, to: number) {
  const start = index * CHUNK_CLUSTERS;
  const last = Math.min(CHUNK_CLUSTERS, to - start);
  for (let first = Math.max(0, from - start); first < last;) {
    const kind = kindOf(chunk[first]);
    let end = first + 1;
    while (end < last && kindOf(chunk[end]) === kind) end++;
    if (kind !== 'unwritten') yield { first: start + first, clusters: end - first, isZero: kind === 'zero' };
    first = end;
  }
}

function kindOf(stored: number): 'unwritten' | 'zero' | 'slot' {
  if (stored === UNWRITTEN) return 'unwritten';
  return stored === STORED_ZERO ? 'zero' : 'slot';
}
