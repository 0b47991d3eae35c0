import { refcountsTooNarrow } from '../../../messages/block.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';
import { ClusterAllocator } from './clusterAllocator.ts';
import type { ImageFile } from './imageFile.ts';
import type { Layout } from './layout.ts';
import { RefcountArray, type SavedRefcountArray } from './refcountArray.ts';
import { refcountMax } from './refcountBlocks.ts';
import { RefcountTable, type TableLocation } from './refcountTable.ts';

/** A copy of the state of Refcounts. */
export interface SavedRefcounts {
  array: SavedRefcountArray;
  table: TableLocation;
  drops: number[];
}

/**
 * The refcounts of the file's clusters (qcow2 specification, "Host cluster management"). In memory, they are stored in
 * a single array; in the file, they are stored in refcount blocks, which are listed in the refcount table.
 *
 * A refcount is never too low. An increment takes effect immediately and is written before the reference that it
 * counts. A decrement takes effect only once the removal of the reference is durable: `queueDrop` queues the decrement,
 * and `applyDrops` applies it after the sync. If the process is killed or the power fails, the worst result is
 * therefore leaked clusters. A freed cluster is not reused as long as an old table that refers to it could reappear
 * after a power failure.
 */
export class Refcounts {
  private readonly file: ImageFile;
  private readonly clusterSizeBytes: number;
  private readonly bits: number;
  private readonly max: number;
  private readonly array: RefcountArray;
  private readonly allocator: ClusterAllocator;
  private readonly table: RefcountTable;
  /** The clusters that have lost a reference, for `applyDrops`. */
  private drops: number[] = [];
  /** Called for each cluster that is freed, so that caches can discard its contents. */
  onFreed: (hostOffset: number) => void = () => {};

  constructor(file: ImageFile, layout: Layout, bits: number, location: TableLocation = { offset: 0, clusters: 0 }) {
    const { clusterSizeBytes } = layout;
    this.file = file;
    this.clusterSizeBytes = clusterSizeBytes;
    this.bits = bits;
    this.max = refcountMax(bits);
    this.array = new RefcountArray(clusterSizeBytes, bits);
    this.allocator = new ClusterAllocator(this.array, clusterSizeBytes);
    this.table = new RefcountTable({
      ...{ file, clusterSizeBytes, bits, location },
      refcounts: this.array,
      allocator: this.allocator,
      queueDrop: (hostOffset, clusters) => this.queueDrop(hostOffset, clusters),
    });
  }

  /** Replaces all refcounts with those that `loadRefcounts` read from the file. */
  load(loaded: { counts: Uint16Array<ArrayBuffer>; blocks: number[] }): void {
    this.array.load(loaded);
  }

  get isDirty(): boolean {
    return this.array.dirtyBlocks.size > 0;
  }

  get hasDrops(): boolean {
    return this.drops.length > 0;
  }

  /** The file offset at which the last cluster in use ends. */
  get usedBytes(): number {
    return this.array.usedClusters * this.clusterSizeBytes;
  }

  refcountAt(hostOffset: number): number {
    return this.array.get(hostOffset / this.clusterSizeBytes);
  }

  /**
   * The number of consecutive clusters, at most `clustersMax`, that have exactly one reference, starting at an offset.
   */
  exclusiveRunLength(hostOffset: number, clustersMax: number): number {
    return this.array.exclusiveRunLength(hostOffset / this.clusterSizeBytes, clustersMax);
  }

  /** See ClusterAllocator. */
  allocate(clustersMax: number): { offset: number; clusters: number } {
    return this.allocator.allocate(clustersMax);
  }

  allocateContiguous(clusters: number): number {
    return this.allocator.allocateContiguous(clusters);
  }

  allocateHeader(): void {
    this.allocator.allocateHeader();
  }

  /** Adds a reference to an allocated cluster. */
  add(hostOffset: number): void {
    const cluster = Math.floor(hostOffset / this.clusterSizeBytes);
    const count = this.array.get(cluster);
    if (count === 0) throw this.file.corruptError(imageDamage.usedButFree(), hostOffset);
    if (count >= this.max) throw refcountsTooNarrow(this.file.name, this.bits);
    this.array.set(cluster, count + 1);
  }

  /** Queues the removal of a reference. `applyDrops` applies it when the removal is durable. */
  queueDrop(hostOffset: number, clusters = 1): void {
    const first = Math.floor(hostOffset / this.clusterSizeBytes);
    for (let i = 0; i < clusters; i++) this.drops.push(first + i);
  }

  /** Immediately removes a reference that no table, in memory or in the file, ever contained. */
  dropNow(hostOffset: number, clusters = 1): void {
    const first = Math.floor(hostOffset / this.clusterSizeBytes);
    for (let i = 0; i < clusters; i++) this.drop(first + i);
  }

  /**
   * Applies the queued removals for a commit that switches to new tables atomically. A cluster with no remaining
   * references keeps a refcount of one until `applyDrops` is called, so that it is not reused.
   */
  applySharedDrops(): void {
    this.drops = this.drops.filter((cluster) => {
      const count = this.array.get(cluster);
      if (count <= 1) return true;
      this.array.set(cluster, count - 1);
      return false;
    });
  }

  /** Applies the removals that were queued before a sync. */
  applyDrops(): void {
    this.applyThese(this.takeDrops());
  }

  /** Returns the queued removals, which are then no longer queued. The caller applies them later. */
  takeDrops(): readonly number[] {
    const { drops } = this;
    this.drops = [];
    return drops;
  }

  /** Applies removals that `takeDrops` returned. */
  applyThese(drops: readonly number[]): void {
    for (const cluster of drops) this.drop(cluster);
  }

  private drop(cluster: number): void {
    const count = this.array.get(cluster);
    const hostOffset = cluster * this.clusterSizeBytes;
    if (count === 0) throw this.file.corruptError(imageDamage.usedButFree(), hostOffset);
    this.array.set(cluster, count - 1);
    if (count > 1) return;
    this.allocator.freed(cluster);
    this.onFreed(hostOffset);
  }

  /**
   * Sets all refcounts to the given reference counts. Returns how many clusters were leaked and how many refcounts were
   * too low.
   */
  replaceAll(references: Uint16Array): { leaked: number; tooLow: number } {
    const end = Math.max(references.length, this.array.length);
    let leaked = 0;
    let tooLow = 0;
    for (let cluster = 0; cluster < end; cluster++) {
      const wanted = cluster < references.length ? references[cluster] : 0;
      const found = this.array.get(cluster);
      if (wanted === found) continue;
      if (wanted < found) leaked++;
      else tooLow++;
      this.array.set(cluster, wanted);
    }
    this.allocator.reset();
    this.allocator.addBlocks(references.length);
    return { leaked, tooLow };
  }

  /** Removes a refcount block at an invalid location. `replaceAll` creates a new block. */
  removeBlock(index: number): void {
    this.array.removeBlock(index);
  }

  /** See RefcountTable. */
  write(options: { durable: boolean; moved: (location: TableLocation) => void }): void {
    this.table.write(options);
  }

  writeToNewClusters(): TableLocation {
    return this.table.writeToNewClusters();
  }

  /** Copies the current state, so that `restore` can return to it. */
  save(): SavedRefcounts {
    return { array: this.array.save(), table: this.table.location, drops: [...this.drops] };
  }

  /**
   * Discards all allocations and refcount changes made since `save`. Nothing in the file may refer to the new clusters.
   */
  restore(saved: SavedRefcounts): void {
    this.array.restore(saved.array);
    this.table.location = saved.table;
    this.drops = saved.drops;
    this.allocator.reset();
  }
}
