import { assert } from '../../base/assert.ts';
import { imageLimits, imageTooLarge } from '../../../messages/block.ts';
import { viewOf, writeU64 } from './bigEndian.ts';
import type { ClusterAllocator } from './clusterAllocator.ts';
import type { ImageFile } from './imageFile.ts';
import { ENTRY_BYTES, REFCOUNT_TABLE_BYTES_MAX } from './layout.ts';
import type { RefcountArray } from './refcountArray.ts';
import { encodeRefcounts } from './refcountBlocks.ts';

/** The location of a refcount table in the file. */
export interface TableLocation {
  offset: number;
  clusters: number;
}

/** Writes the changes in a RefcountArray to the refcount table and the refcount blocks in the file. */
export class RefcountTable {
  private readonly file: ImageFile;
  private readonly clusterSizeBytes: number;
  private readonly bits: number;
  private readonly refcounts: RefcountArray;
  private readonly allocator: ClusterAllocator;
  private readonly queueDrop: (hostOffset: number, clusters?: number) => void;
  location: TableLocation;

  constructor(options: {
    file: ImageFile;
    clusterSizeBytes: number;
    bits: number;
    refcounts: RefcountArray;
    allocator: ClusterAllocator;
    /** Queues the removal of the references to clusters that the table no longer uses. */
    queueDrop: (hostOffset: number, clusters?: number) => void;
    location: TableLocation;
  }) {
    this.file = options.file;
    this.clusterSizeBytes = options.clusterSizeBytes;
    this.bits = options.bits;
    this.refcounts = options.refcounts;
    this.allocator = options.allocator;
    this.queueDrop = options.queueDrop;
    this.location = options.location;
  }

  /**
   * Writes the changed blocks, then the new entries of the refcount table. If the table is too small, it is moved, and
   * the function `moved` must store the new location in the header.
   */
  write({ durable, moved }: { durable: boolean; moved: (location: TableLocation) => void }): void {
    const { blocks, unlistedBlocks } = this.refcounts;
    const tableBytes = this.location.clusters * this.clusterSizeBytes;
    const newTable = blocks.length * ENTRY_BYTES > tableBytes ? this.allocateTable() : undefined;
    this.writeBlocks();
    if (newTable) {
      this.file.write(newTable.offset, this.encode(newTable.clusters * this.clusterSizeBytes));
      this.file.barrier({ durable });
      moved(newTable);
      this.replaceWith(newTable);
    } else if (unlistedBlocks.size > 0) {
      this.file.barrier({ durable });
      this.writeEntries();
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
    this.file.write(table.offset, this.encode(table.clusters * this.clusterSizeBytes));
    this.replaceWith(table);
    return table;
  }

  /**
   * Moves the changed blocks to new clusters. Blocks that are not yet in the file's table are already in new clusters
   * and need not move. The loop also visits blocks that change while it runs.
   */
  private moveChangedBlocks(moved: Set<number>): void {
    const { blocks, dirtyBlocks, unlistedBlocks } = this.refcounts;
    for (const index of dirtyBlocks) {
      if (moved.has(index) || unlistedBlocks.has(index)) continue;
      const offset = this.allocator.allocateContiguous(1);
      this.queueDrop(blocks[index]);
      blocks[index] = offset;
      moved.add(index);
    }
  }

  private writeBlocks(): void {
    const { blocks, dirtyBlocks } = this.refcounts;
    const block = new Uint8Array(this.clusterSizeBytes);
    for (const index of dirtyBlocks) {
      assert(blocks[index], 'a refcount block has no location');
      encodeRefcounts(this.refcounts.inBlock(index), this.bits, block);
      this.file.write(blocks[index], block);
      dirtyBlocks.delete(index);
    }
  }

  private writeEntries(): void {
    const { blocks, unlistedBlocks } = this.refcounts;
    const entry = new Uint8Array(ENTRY_BYTES);
    for (const index of unlistedBlocks) {
      writeU64(viewOf(entry), 0, blocks[index]);
      this.file.write(this.location.offset + index * ENTRY_BYTES, entry);
      unlistedBlocks.delete(index);
    }
  }

  private replaceWith(table: TableLocation): void {
    if (this.location.clusters > 0) this.queueDrop(this.location.offset, this.location.clusters);
    this.location = table;
    this.refcounts.unlistedBlocks.clear();
  }

  /**
   * Allocates a table with twice the required space, because the allocation itself can add blocks and because the table
   * should rarely have to move.
   */
  private allocateTable(): TableLocation {
    const { blocks } = this.refcounts;
    const bytes = blocks.length * ENTRY_BYTES;
    if (bytes > REFCOUNT_TABLE_BYTES_MAX) throw imageTooLarge(this.file.name, imageLimits.refcountTable());
    const tableBytes = Math.min(2 * bytes + ENTRY_BYTES, REFCOUNT_TABLE_BYTES_MAX);
    const clusters = Math.ceil(tableBytes / this.clusterSizeBytes);
    const offset = this.allocator.allocateContiguous(clusters);
    assert(blocks.length * ENTRY_BYTES <= clusters * this.clusterSizeBytes, 'refcount table too small');
    return { offset, clusters };
  }

  private encode(lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    const view = viewOf(bytes);
    this.refcounts.blocks.forEach((offset, index) => writeU64(view, index * ENTRY_BYTES, offset ?? 0));
    return bytes;
  }
}
