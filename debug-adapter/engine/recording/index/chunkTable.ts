import { assert } from '../../base/assert.ts';
import type { Position } from '../../base/quantities.ts';
import type { PlacedChunk } from '../chunk.ts';
import type { EventsSummary } from '../entryLayout.ts';

/** The location of an events chunk, and what the chunk contains. */
export interface PlacedEvents extends PlacedChunk, EventsSummary {}

/**
 * The events chunks of a recording, in order. The table takes 52 bytes of memory for each chunk, and a chunk usually
 * contains 60 KiB of the log. The table is built when a recording is opened, or while it is being written.
 */
export class ChunkTable {
  private usedChunks = 0;
  private offsets = new Float64Array(FIRST_CAPACITY);
  private lengths = new Uint32Array(FIRST_CAPACITY);
  private checksums = new BigUint64Array(FIRST_CAPACITY);
  private seeds = new BigUint64Array(FIRST_CAPACITY);
  private firstPositions = new Float64Array(FIRST_CAPACITY);
  private lastPositions = new Float64Array(FIRST_CAPACITY);
  private kindSets = new Float64Array(FIRST_CAPACITY);

  /** The number of chunks. */
  get length(): number {
    return this.usedChunks;
  }

  /** The last position in the log; 0 if there are no chunks. */
  get lastPosition(): Position {
    return this.usedChunks === 0 ? 0 : this.lastPositions[this.usedChunks - 1];
  }

  append(chunk: PlacedEvents): void {
    const at = this.usedChunks;
    assert(chunk.firstPosition >= this.lastPosition, 'chunks are in the order of their positions');
    if (at === this.offsets.length) this.grow(at * 2);
    this.offsets[at] = chunk.offset;
    this.lengths[at] = chunk.lengthBytes;
    this.checksums[at] = chunk.checksum;
    this.seeds[at] = chunk.seed;
    this.firstPositions[at] = chunk.firstPosition;
    this.lastPositions[at] = chunk.lastPosition;
    this.kindSets[at] = chunk.kinds;
    this.usedChunks++;
  }

  at(index: number): PlacedEvents {
    assert(index >= 0 && index < this.usedChunks, 'the table contains the chunk');
    return {
      offset: this.offsets[index],
      lengthBytes: this.lengths[index],
      checksum: this.checksums[index],
      seed: this.seeds[index],
      firstPosition: this.firstPositions[index],
      lastPosition: this.lastPositions[index],
      kinds: this.kindSets[index],
    };
  }

  /** The length of a chunk's payload. */
  lengthBytes(index: number): number {
    return this.lengths[index];
  }

  firstPosition(index: number): Position {
    return this.firstPositions[index];
  }

  /** The set of entry kinds in a chunk, as encoded by `kindMask`. */
  kinds(index: number): number {
    return this.kindSets[index];
  }

  /** The index of the first chunk whose last position is at or after `position`, or `length` if there is none. */
  firstReaching(position: Position): number {
    let low = 0;
    let high = this.usedChunks;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.lastPositions[middle] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The number of chunks that start before `position`. */
  countStartingBefore(position: Position): number {
    let low = 0;
    let high = this.usedChunks;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.firstPositions[middle] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Returns a table of the current chunks without copying them. Chunks that are added later do not appear in the
   * returned table.
   */
  snapshot(): ChunkTable {
    const table = new ChunkTable();
    // Entries are never changed, and `grow` replaces the arrays instead of extending them, so the arrays can be shared.
    return Object.assign(table, this);
  }

  private grow(capacity: number): void {
    this.offsets = grown(this.offsets, new Float64Array(capacity));
    this.lengths = grown(this.lengths, new Uint32Array(capacity));
    this.checksums = grown(this.checksums, new BigUint64Array(capacity));
    this.seeds = grown(this.seeds, new BigUint64Array(capacity));
    this.firstPositions = grown(this.firstPositions, new Float64Array(capacity));
    this.lastPositions = grown(this.lastPositions, new Float64Array(capacity));
    this.kindSets = grown(this.kindSets, new Float64Array(capacity));
  }
}

const FIRST_CAPACITY = 64;

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
