import { refcountsPerBlock } from './refcountBlocks.ts';

/** A copy of a RefcountArray's state. */
export interface SavedRefcountArray {
  counts: Uint16Array<ArrayBuffer>;
  blocks: number[];
  dirtyBlocks: number[];
  unlistedBlocks: number[];
}

/**
 * The refcounts of the file's clusters in memory, and the locations of the refcount blocks that store them in the file.
 * Clusters and blocks are identified by their numbers.
 */
export class RefcountArray {
  readonly perBlock: number;
  private counts = new Uint16Array(0);
  /**
   * The file offset of each refcount block, or 0 if the block is not allocated. Block `i` holds the refcounts of the
   * clusters starting at number `i * perBlock`.
   */
  blocks: number[] = [];
  /** The blocks whose contents differ from those in the file. */
  readonly dirtyBlocks = new Set<number>();
  /** The blocks that are not yet in the file's refcount table. */
  readonly unlistedBlocks = new Set<number>();

  constructor(clusterSizeBytes: number, bits: number) {
    this.perBlock = refcountsPerBlock(clusterSizeBytes, bits);
  }

  /** Replaces all refcounts with those that `loadRefcounts` read from the file. */
  load(loaded: { counts: Uint16Array<ArrayBuffer>; blocks: number[] }): void {
    this.counts = loaded.counts;
    this.blocks = loaded.blocks;
  }

  save(): SavedRefcountArray {
    return {
      counts: this.counts.slice(),
      blocks: [...this.blocks],
      dirtyBlocks: [...this.dirtyBlocks],
      unlistedBlocks: [...this.unlistedBlocks],
    };
  }

  restore(saved: SavedRefcountArray): void {
    this.load(saved);
    this.dirtyBlocks.clear();
    for (const index of saved.dirtyBlocks) this.dirtyBlocks.add(index);
    this.unlistedBlocks.clear();
    for (const index of saved.unlistedBlocks) this.unlistedBlocks.add(index);
  }

  /** The number of clusters whose refcounts are in the array. All clusters after these are free. */
  get length(): number {
    return this.counts.length;
  }

  /** The number of clusters up to and including the last one in use. */
  get usedClusters(): number {
    let last = this.counts.length - 1;
    while (last >= 0 && this.counts[last] === 0) last--;
    return last + 1;
  }

  get(cluster: number): number {
    return cluster < this.counts.length ? this.counts[cluster] : 0;
  }

  set(cluster: number, count: number): void {
    if (cluster >= this.counts.length) this.grow(cluster + 1);
    this.counts[cluster] = count;
    this.dirtyBlocks.add(this.blockIndex(cluster));
  }

  /** The array grows by whole blocks, so that each block can be encoded from a slice of it. */
  private grow(clusters: number): void {
    const wanted = Math.max(clusters, this.counts.length * 1.5);
    const grown = new Uint16Array(Math.ceil(wanted / this.perBlock) * this.perBlock);
    grown.set(this.counts);
    this.counts = grown;
  }

  isFree(cluster: number): boolean {
    return cluster >= this.counts.length || this.counts[cluster] === 0;
  }

  nextFree(from: number): number {
    let cluster = from;
    while (cluster < this.counts.length && this.counts[cluster] !== 0) cluster++;
    return cluster;
  }

  /**
   * The number of consecutive clusters, at most `clustersMax`, that have exactly one reference, starting at `first`.
   */
  exclusiveRunLength(first: number, clustersMax: number): number {
    let clusters = 0;
    while (clusters < clustersMax && this.counts[first + clusters] === 1) clusters++;
    return clusters;
  }

  /** Whether there is a block for the cluster's refcount. */
  hasBlock(cluster: number): boolean {
    return !!this.blocks[this.blockIndex(cluster)];
  }

  /** Adds the block that holds the refcount of `cluster`. `offset` is the location of the block in the file. */
  addBlock(cluster: number, offset: number): void {
    const index = this.blockIndex(cluster);
    while (this.blocks.length <= index) this.blocks.push(0);
    this.blocks[index] = offset;
    this.unlistedBlocks.add(index);
    this.dirtyBlocks.add(index);
  }

  removeBlock(index: number): void {
    this.blocks[index] = 0;
    this.counts.fill(0, index * this.perBlock, (index + 1) * this.perBlock);
  }

  /** The refcounts that a block holds. */
  inBlock(index: number): Uint16Array {
    const first = index * this.perBlock;
    return this.counts.subarray(first, first + this.perBlock);
  }

  private blockIndex(cluster: number): number {
    return Math.floor(cluster / this.perBlock);
  }
}
