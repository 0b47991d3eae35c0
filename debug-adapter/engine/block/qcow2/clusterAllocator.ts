import { assert } from '../../base/assert.ts';
import type { RefcountArray } from './refcountArray.ts';

/**
 * The alignment that file systems prefer. Writing an unaligned run takes 1.5 times as long, and reading it takes twice
 * as long.
 */
const ALIGNED_BYTES = 64 << 10;

/**
 * Finds free clusters in the file and sets their refcounts to one. It also allocates the refcount blocks that hold
 * these refcounts.
 */
export class ClusterAllocator {
  private readonly refcounts: RefcountArray;
  private readonly clusterSizeBytes: number;
  /** All clusters below this number are in use. */
  private searchFrom = 0;
  /**
   * The number of clusters in ALIGNED_BYTES. The search for long runs of free clusters starts at cluster `alignedFrom`.
   */
  private readonly alignment: number;
  private alignedFrom = 0;

  constructor(refcounts: RefcountArray, clusterSizeBytes: number) {
    this.refcounts = refcounts;
    this.clusterSizeBytes = clusterSizeBytes;
    this.alignment = Math.max(1, ALIGNED_BYTES / clusterSizeBytes);
  }

  /**
   * Allocates up to `clustersMax` consecutive clusters. A short run starts at the first free cluster and may have fewer
   * clusters if fewer are free there. A long run is placed in the first aligned run of free clusters.
   */
  allocate(clustersMax: number): { offset: number; clusters: number } {
    const { refcounts } = this;
    const isLong = clustersMax >= this.alignment;
    const find = isLong ? () => this.nextFreeAligned() : () => refcounts.nextFree(this.searchFrom);
    let first = find();
    while (!refcounts.hasBlock(first)) {
      this.addBlock(first);
      first = find();
    }
    let clusters = 1;
    while (clusters < clustersMax && refcounts.isFree(first + clusters) && refcounts.hasBlock(first + clusters)) {
      clusters++;
    }
    this.use(first, clusters);
    if (isLong) this.alignedFrom = first + clusters;
    else this.searchFrom = first + clusters;
    return { offset: first * this.clusterSizeBytes, clusters };
  }

  /** Allocates exactly `clusters` consecutive clusters. For tables, which must be contiguous in the file. */
  allocateContiguous(clusters: number): number {
    const { refcounts } = this;
    let first = refcounts.nextFree(this.searchFrom);
    for (let length = 0; length < clusters;) {
      const next = first + length;
      if (!refcounts.isFree(next)) {
        first = refcounts.nextFree(next);
        length = 0;
      } else if (!refcounts.hasBlock(next)) {
        // The new refcount block was placed in the first free cluster, which may be in the middle of this run, so the
        // search starts again.
        this.addBlock(next);
        first = refcounts.nextFree(this.searchFrom);
        length = 0;
      } else length++;
    }
    this.use(first, clusters);
    return first * this.clusterSizeBytes;
  }

  /** Allocates a new image's first cluster, for the header. Must be called before all other allocations. */
  allocateHeader(): void {
    assert(this.refcounts.length === 0, 'the image is not new');
    this.use(0, 1);
    this.addBlock(0);
  }

  /** Adds the missing refcount blocks for the first clusters of the file. */
  addBlocks(clusters: number): void {
    for (let cluster = 0; cluster < clusters; cluster += this.refcounts.perBlock) {
      if (!this.refcounts.hasBlock(cluster)) this.addBlock(cluster);
    }
  }

  /** Called when a cluster has become free. */
  freed(cluster: number): void {
    if (cluster < this.searchFrom) this.searchFrom = cluster;
    if (cluster < this.alignedFrom) this.alignedFrom = cluster;
  }

  /** Called when an unknown set of clusters may have become free. */
  reset(): void {
    this.searchFrom = 0;
    this.alignedFrom = 0;
  }

  /**
   * Adds the refcount block that holds the refcount of `cluster`. The block is placed in the first free cluster, which
   * is often `cluster` itself: a block may hold the refcount of its own cluster.
   */
  private addBlock(cluster: number): void {
    const blockCluster = this.refcounts.nextFree(this.searchFrom);
    this.refcounts.addBlock(cluster, blockCluster * this.clusterSizeBytes);
    this.use(blockCluster, 1);
    if (!this.refcounts.hasBlock(blockCluster)) this.addBlock(blockCluster);
  }

  private use(first: number, clusters: number): void {
    for (let cluster = first; cluster < first + clusters; cluster++) this.refcounts.set(cluster, 1);
  }

  private nextFreeAligned(): number {
    const { alignment } = this;
    let first = Math.ceil(this.alignedFrom / alignment) * alignment;
    for (let length = 0; length < alignment;) {
      if (this.refcounts.isFree(first + length)) length++;
      else {
        first += alignment;
        length = 0;
      }
    }
    return first;
  }
}
