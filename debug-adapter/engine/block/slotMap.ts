/**
 * Where each cluster of a scratch layer lies: nowhere yet, in a slot of the scratch file, or nowhere because it is all
 * zeroes. Two levels, so that untouched regions cost nothing and a guest that discards a whole disk (mkfs does) costs
 * one entry for 2 MiB, not one a cluster.
 */
export class SlotMap {
  readonly #chunks = new Map<number, Int32Array>();

  /** A slot, ZERO_SLOT, or undefined when the cluster was never written. */
  get(cluster: number): number | undefined {
    const chunk = this.#chunks.get(Math.floor(cluster / CHUNK_CLUSTERS));
    const stored = chunk?.[cluster % CHUNK_CLUSTERS] ?? UNWRITTEN;
    if (stored === UNWRITTEN) return undefined;
    return stored === STORED_ZERO ? ZERO_SLOT : stored - 1;
  }

  set(cluster: number, slot: number): void {
    this.#ownChunk(Math.floor(cluster / CHUNK_CLUSTERS))[cluster % CHUNK_CLUSTERS] =
      slot === ZERO_SLOT ? STORED_ZERO : slot + 1;
  }

  setZero(first: number, end: number): void {
    for (let cluster = first; cluster < end;) {
      const wholeChunk = cluster % CHUNK_CLUSTERS === 0 && end - cluster >= CHUNK_CLUSTERS;
      if (wholeChunk) this.#chunks.set(cluster / CHUNK_CLUSTERS, ALL_ZERO);
      else this.set(cluster, ZERO_SLOT);
      cluster += wholeChunk ? CHUNK_CLUSTERS : 1;
    }
  }

  clear(): void {
    this.#chunks.clear();
  }

  /** A copy that later changes of this one leave alone, and the other way round. */
  copy(): SlotMap {
    const copy = new SlotMap();
    for (const [index, chunk] of this.#chunks) copy.#chunks.set(index, chunk === ALL_ZERO ? chunk : chunk.slice());
    return copy;
  }

  /** The written regions, in clusters, a little larger than true: whole chunks. */
  regions(): { first: number; clusters: number }[] {
    return [...this.#chunks.keys()].map((index) => ({ first: index * CHUNK_CLUSTERS, clusters: CHUNK_CLUSTERS }));
  }

  /** Neighbouring written clusters of a kind, exactly, in order; none reaches from one chunk into the next. */
  *runs(): Generator<{ first: number; clusters: number; isZero: boolean }> {
    for (const index of [...this.#chunks.keys()].sort((a, b) => a - b)) {
      const chunk = this.#chunks.get(index)!;
      for (let start = 0; start < CHUNK_CLUSTERS;) {
        const kind = kindOf(chunk[start]);
        let end = start + 1;
        while (end < CHUNK_CLUSTERS && kindOf(chunk[end]) === kind) end++;
        if (kind !== 'unwritten') {
          yield { first: index * CHUNK_CLUSTERS + start, clusters: end - start, isZero: kind === 'zero' };
        }
        start = end;
      }
    }
  }

  #ownChunk(index: number): Int32Array {
    const present = this.#chunks.get(index);
    if (present && present !== ALL_ZERO) return present;
    const chunk = present?.slice() ?? new Int32Array(CHUNK_CLUSTERS);
    this.#chunks.set(index, chunk);
    return chunk;
  }
}

export const ZERO_SLOT = -1;

const CHUNK_CLUSTERS = 512;
const UNWRITTEN = 0;
const STORED_ZERO = -1;

function kindOf(stored: number): 'unwritten' | 'zero' | 'slot' {
  if (stored === UNWRITTEN) return 'unwritten';
  return stored === STORED_ZERO ? 'zero' : 'slot';
}

/** Shared by all regions that are zero throughout; never written to. */
const ALL_ZERO = new Int32Array(CHUNK_CLUSTERS).fill(STORED_ZERO);
