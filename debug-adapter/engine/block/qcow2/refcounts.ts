import { assert } from '../../base/assert.ts';
import { imageTooLarge, refcountsTooNarrow, imageLimits } from '../../../messages/block.ts';
import type { ImageFile } from './imageFile.ts';
import { ENTRY_BYTES, REFCOUNT_TABLE_BYTES_MAX, type Layout } from './layout.ts';
import { encodeRefcounts, refcountMax, refcountsPerBlock } from './refcountBlocks.ts';
import { viewOf, writeU64 } from './bigEndian.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

/**
 * The refcounts of the file's clusters (qcow2 specification, "Host cluster management"). In memory, they are stored in
 * a single array; in the file, they are stored in refcount blocks, which are listed in the refcount table.
 *
 * A refcount is never too low. An increment takes effect immediately and is written before the reference that it
 * counts. A decrement takes effect only once the removal of the reference is durable: `queueDrop` queues the decrement,
 * and `applyDrops` applies it after the sync. At worst, a killed process or a power failure therefore leaves leaked
 * clusters. A freed cluster is not reused as long as an old table that refers to it could reappear after a power
 * failure.
 */
export class Refcounts {
  private readonly file: ImageFile;
  private readonly layout: Layout;
  private readonly bits: number;
  private readonly perBlock: number;
  private readonly max: number;
  private counts = new Uint16Array(0);
  /**
   * The file offset of each refcount block, or 0 if the block is not allocated. Block `i` counts the clusters starting
   * at number `i * perBlock`.
   */
  private blocks: number[] = [];
  private readonly dirtyBlocks = new Set<number>();
  /** The blocks that are not yet in the file's refcount table. */
  private readonly unlistedBlocks = new Set<number>();
  private table: TableLocation;
  private drops: number[] = [];
  /** All clusters below this number are in use. */
  private searchFrom = 0;
  /**
   * The number of clusters in ALIGNED_BYTES. The search for long runs of free clusters starts at cluster `alignedFrom`.
   */
  private readonly alignment: number;
  private alignedFrom = 0;
  /** Called for each cluster that is freed, so that caches can discard its contents. */
  onFreed: (hostOffset: number) => void = () => {};

  constructor(file: ImageFile, layout: Layout, bits: number, table: TableLocation = { offset: 0, clusters: 0 }) {
    this.file = file;
    this.layout = layout;
    this.bits = bits;
    this.perBlock = refcountsPerBlock(layout.clusterSizeBytes, bits);
    this.max = refcountMax(bits);
    this.alignment = Math.max(1, ALIGNED_BYTES / layout.clusterSizeBytes);
    this.table = table;
  }

  /** Replaces all refcounts with those that `loadRefcounts` read from the file. */
  load(loaded: { counts: Uint16Array<ArrayBuffer>; blocks: number[] }): void {
    this.counts = loaded.counts;
    this.blocks = loaded.blocks;
  }

  get isDirty(): boolean {
    return this.dirtyBlocks.size > 0;
  }

  get hasDrops(): boolean {
    return this.drops.length > 0;
  }

  /** The file offset at which the last used cluster ends. */
  get usedBytes(): number {
    let last = this.counts.length - 1;
    while (last >= 0 && this.counts[last] === 0) last--;
    return (last + 1) * this.layout.clusterSizeBytes;
  }

  get clusterCount(): number {
    return this.counts.length;
  }

  refcountAt(hostOffset: number): number {
    return this.refcountOf(hostOffset / this.layout.clusterSizeBytes);
  }

  /**
   * The number of consecutive clusters, starting at an offset, that have exactly one reference. At most `clustersMax`.
   */
  exclusiveRunLength(hostOffset: number, clustersMax: number): number {
    const first = hostOffset / this.layout.clusterSizeBytes;
    let clusters = 0;
    while (clusters < clustersMax && this.counts[first + clusters] === 1) clusters++;
    return clusters;
  }

  refcountOf(cluster: number): number {
    return cluster < this.counts.length ? this.counts[cluster] : 0;
  }

  /**
   * Allocates up to `clustersMax` consecutive clusters. A short run starts at the first free cluster and has as many
   * clusters as are free there. A long run is placed in the first aligned run of free clusters.
   */
  allocate(clustersMax: number): { offset: number; clusters: number } {
    const isLong = clustersMax >= this.alignment;
    const find = isLong ? () => this.nextFreeAligned() : () => this.nextFree(this.searchFrom);
    let first = find();
    while (!this.hasBlock(first)) {
      this.addBlock(first);
      first = find();
    }
    let clusters = 1;
    while (clusters < clustersMax && this.isFree(first + clusters) && this.hasBlock(first + clusters)) clusters++;
    this.allocateRun(first, clusters);
    if (isLong) this.alignedFrom = first + clusters;
    else this.searchFrom = first + clusters;
    return { offset: first * this.layout.clusterSizeBytes, clusters };
  }

  /** Allocates exactly `clusters` consecutive clusters. For tables, which must be contiguous in the file. */
  allocateContiguous(clusters: number): number {
    let first = this.nextFree(this.searchFrom);
    for (let length = 0; length < clusters;) {
      const next = first + length;
      if (!this.isFree(next)) {
        first = this.nextFree(next);
        length = 0;
      } else if (!this.hasBlock(next)) {
        // The new refcount block was placed in the first free cluster, which may be in the middle of this run, so the
        // search starts again.
        this.addBlock(next);
        first = this.nextFree(this.searchFrom);
        length = 0;
      } else length++;
    }
    this.allocateRun(first, clusters);
    return first * this.layout.clusterSizeBytes;
  }

  /** Allocates a new image's first cluster, for the header. Must be called before all other allocations. */
  allocateHeader(): void {
    assert(this.counts.length === 0, 'the image is not new');
    this.allocateRun(0, 1);
    this.addBlock(0);
  }

  /** Adds a reference to an allocated cluster. */
  add(hostOffset: number): void {
    const cluster = Math.floor(hostOffset / this.layout.clusterSizeBytes);
    const count = this.refcountOf(cluster);
    if (count === 0) throw this.file.corruptError(imageDamage.usedButFree(), hostOffset);
    if (count >= this.max) throw refcountsTooNarrow(this.file.name, this.bits);
    this.set(cluster, count + 1);
  }

  /** Queues the removal of a reference. `applyDrops` applies it when the removal is durable. */
  queueDrop(hostOffset: number, clusters = 1): void {
    const first = Math.floor(hostOffset / this.layout.clusterSizeBytes);
    for (let i = 0; i < clusters; i++) this.drops.push(first + i);
  }

  /** Immediately removes a reference that no table, in memory or in the file, ever contained. */
  dropNow(hostOffset: number, clusters = 1): void {
    const first = Math.floor(hostOffset / this.layout.clusterSizeBytes);
    for (let i = 0; i < clusters; i++) this.drop(first + i);
  }

  /**
   * Applies the queued removals for a commit that switches to new tables atomically. A cluster with no remaining
   * references keeps a refcount of one until `applyDrops` is called, so that it is not reused.
   */
  applySharedDrops(): void {
    this.drops = this.drops.filter((cluster) => {
      const count = this.refcountOf(cluster);
      if (count <= 1) return true;
      this.set(cluster, count - 1);
      return false;
    });
  }

  /** Applies the removals that were queued before a sync. */
  applyDrops(): void {
    const drops = this.drops;
    this.drops = [];
    for (const cluster of drops) this.drop(cluster);
  }

  /**
   * Sets all refcounts to the given reference counts. Returns how many clusters were leaked and how many refcounts were
   * too low.
   */
  replaceAll(references: Uint16Array): { leaked: number; tooLow: number } {
    const end = Math.max(references.length, this.counts.length);
    let leaked = 0;
    let tooLow = 0;
    for (let cluster = 0; cluster < end; cluster++) {
      const wanted = cluster < references.length ? references[cluster] : 0;
      const found = this.refcountOf(cluster);
      if (wanted === found) continue;
      if (wanted < found) leaked++;
      else tooLow++;
      this.set(cluster, wanted);
    }
    this.searchFrom = 0;
    this.alignedFrom = 0;
    for (let cluster = 0; cluster < references.length; cluster += this.perBlock) {
      if (!this.hasBlock(cluster)) this.addBlock(cluster);
    }
    return { leaked, tooLow };
  }

  /** Removes a refcount block at an invalid location. `replaceAll` creates a new block. */
  removeBlock(index: number): void {
    this.blocks[index] = 0;
    this.counts.fill(0, index * this.perBlock, (index + 1) * this.perBlock);
  }

  *blockOffsets(): Iterable<{ index: number; offset: number }> {
    for (let index = 0; index < this.blocks.length; index++) {
      if (this.blocks[index]) yield { index, offset: this.blocks[index] };
    }
  }

  /**
   * Writes the changed blocks, then the new entries of the refcount table. If the table is too small, it is moved, and
   * the function `moved` must store the new location in the header.
   */
  write({ durable, moved }: { durable: boolean; moved: (location: TableLocation) => void }): void {
    const newTable = this.blocks.length * ENTRY_BYTES > this.tableBytes ? this.allocateTable() : undefined;
    this.writeBlocks();
    if (newTable) {
      this.file.write(newTable.offset, this.encodeTable(newTable.clusters * this.layout.clusterSizeBytes));
      this.file.barrier({ durable });
      moved(newTable);
      if (this.table.clusters > 0) this.queueDrop(this.table.offset, this.table.clusters);
      this.table = newTable;
      this.unlistedBlocks.clear();
    } else if (this.unlistedBlocks.size > 0) {
      this.file.barrier({ durable });
      this.writeTableEntries();
    }
  }

  /**
   * Writes the changed blocks to new clusters, together with a new refcount table. The old blocks and the old table
   * stay unchanged. The caller must store the location of the returned table in the header. The references to the
   * replaced clusters are queued for removal.
   */
  writeToNewClusters(): TableLocation {
    const moved = new Set<number>();
    this.moveChangedBlocks(moved);
    const table = this.allocateTable();
    // Allocating the table may have changed further blocks.
    this.moveChangedBlocks(moved);
    this.writeBlocks();
    this.file.write(table.offset, this.encodeTable(table.clusters * this.layout.clusterSizeBytes));
    if (this.table.clusters > 0) this.queueDrop(this.table.offset, this.table.clusters);
    this.table = table;
    this.unlistedBlocks.clear();
    return table;
  }

  /**
   * Moves the changed blocks to new clusters. Blocks that are not yet in the file's table are already in new clusters
   * and need not move. The loop also visits blocks that change while it runs.
   */
  private moveChangedBlocks(moved: Set<number>): void {
    for (const index of this.dirtyBlocks) {
      if (moved.has(index) || this.unlistedBlocks.has(index)) continue;
      const offset = this.allocateContiguous(1);
      this.queueDrop(this.blocks[index]);
      this.blocks[index] = offset;
      moved.add(index);
    }
  }

  /** Copies the current state, so that `restore` can return to it. */
  save(): SavedRefcounts {
    return {
      counts: this.counts.slice(),
      blocks: [...this.blocks],
      dirtyBlocks: [...this.dirtyBlocks],
      unlistedBlocks: [...this.unlistedBlocks],
      table: this.table,
      drops: [...this.drops],
    };
  }

  /**
   * Discards all allocations and refcount changes made since `save`. Nothing in the file may refer to the new clusters.
   */
  restore(saved: SavedRefcounts): void {
    this.counts = saved.counts;
    this.blocks = saved.blocks;
    this.dirtyBlocks.clear();
    for (const index of saved.dirtyBlocks) this.dirtyBlocks.add(index);
    this.unlistedBlocks.clear();
    for (const index of saved.unlistedBlocks) this.unlistedBlocks.add(index);
    this.table = saved.table;
    this.drops = saved.drops;
    this.searchFrom = 0;
    this.alignedFrom = 0;
  }

  private writeBlocks(): void {
    const block = new Uint8Array(this.layout.clusterSizeBytes);
    for (const index of this.dirtyBlocks) {
      const first = index * this.perBlock;
      assert(this.blocks[index], 'a refcount block has no location');
      encodeRefcounts(this.counts.subarray(first, first + this.perBlock), this.bits, block);
      this.file.write(this.blocks[index], block);
      this.dirtyBlocks.delete(index);
    }
  }

  private writeTableEntries(): void {
    const entry = new Uint8Array(ENTRY_BYTES);
    for (const index of this.unlistedBlocks) {
      writeU64(viewOf(entry), 0, this.blocks[index]);
      this.file.write(this.table.offset + index * ENTRY_BYTES, entry);
      this.unlistedBlocks.delete(index);
    }
  }

  private get tableBytes(): number {
    return this.table.clusters * this.layout.clusterSizeBytes;
  }

  /**
   * Allocates a table with twice the required space, because the allocation itself can add blocks and because the table
   * should rarely have to move.
   */
  private allocateTable(): TableLocation {
    const bytes = this.blocks.length * ENTRY_BYTES;
    if (bytes > REFCOUNT_TABLE_BYTES_MAX) throw imageTooLarge(this.file.name, imageLimits.refcountTable());
    const tableBytes = Math.min(2 * bytes + ENTRY_BYTES, REFCOUNT_TABLE_BYTES_MAX);
    const clusters = Math.ceil(tableBytes / this.layout.clusterSizeBytes);
    const offset = this.allocateContiguous(clusters);
    assert(this.blocks.length * ENTRY_BYTES <= clusters * this.layout.clusterSizeBytes, 'refcount table too small');
    return { offset, clusters };
  }

  private encodeTable(lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    const view = viewOf(bytes);
    this.blocks.forEach((offset, index) => writeU64(view, index * ENTRY_BYTES, offset ?? 0));
    return bytes;
  }

  /**
   * Adds the refcount block that counts `cluster`. The block is placed in the first free cluster, which is often
   * `cluster` itself: a block may count its own cluster.
   */
  private addBlock(cluster: number): void {
    const blockCluster = this.nextFree(this.searchFrom);
    const index = this.blockIndex(cluster);
    while (this.blocks.length <= index) this.blocks.push(0);
    this.blocks[index] = blockCluster * this.layout.clusterSizeBytes;
    this.unlistedBlocks.add(index);
    this.dirtyBlocks.add(index);
    this.allocateRun(blockCluster, 1);
    if (!this.hasBlock(blockCluster)) this.addBlock(blockCluster);
  }

  private allocateRun(first: number, clusters: number): void {
    for (let cluster = first; cluster < first + clusters; cluster++) this.set(cluster, 1);
  }

  private drop(cluster: number): void {
    const count = this.refcountOf(cluster);
    const hostOffset = cluster * this.layout.clusterSizeBytes;
    if (count === 0) throw this.file.corruptError(imageDamage.usedButFree(), hostOffset);
    this.set(cluster, count - 1);
    if (count > 1) return;
    if (cluster < this.searchFrom) this.searchFrom = cluster;
    if (cluster < this.alignedFrom) this.alignedFrom = cluster;
    this.onFreed(hostOffset);
  }

  private set(cluster: number, count: number): void {
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

  private nextFree(from: number): number {
    let cluster = from;
    while (cluster < this.counts.length && this.counts[cluster] !== 0) cluster++;
    return cluster;
  }

  private nextFreeAligned(): number {
    const alignment = this.alignment;
    let first = Math.ceil(this.alignedFrom / alignment) * alignment;
    for (let length = 0; length < alignment;) {
      if (this.isFree(first + length)) length++;
      else {
        first += alignment;
        length = 0;
      }
    }
    return first;
  }

  private isFree(cluster: number): boolean {
    return cluster >= this.counts.length || this.counts[cluster] === 0;
  }

  private hasBlock(cluster: number): boolean {
    return !!this.blocks[this.blockIndex(cluster)];
  }

  private blockIndex(cluster: number): number {
    return Math.floor(cluster / this.perBlock);
  }
}

/**
 * The alignment that file systems prefer. Writing an unaligned run takes 1.5 times as long, and reading it takes twice
 * as long.
 */
const ALIGNED_BYTES = 64 << 10;

export interface SavedRefcounts {
  counts: Uint16Array<ArrayBuffer>;
  blocks: number[];
  dirtyBlocks: number[];
  unlistedBlocks: number[];
  table: TableLocation;
  drops: number[];
}

export interface TableLocation {
  offset: number;
  clusters: number;
}
