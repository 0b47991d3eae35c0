import { assert } from '../../base/assert.ts';
import { EntryTable } from './entryTable.ts';
import type { ImageFile } from './imageFile.ts';
import type { Layout } from './layout.ts';
import { StoredTable } from './storedTable.ts';

/**
 * A write-back cache of an image's L2 tables, which are identified by their offset in the file. A table shared by
 * several snapshots is cached only once. Dirty tables stay in the cache until they are written. When the cache exceeds
 * its limit, the oldest clean table is evicted.
 */
export class L2Tables {
  private readonly file: ImageFile;
  private readonly layout: Layout;
  private readonly tables = new Map<number, StoredTable>();
  private readonly dirty = new Set<StoredTable>();
  /** The dirty tables in new clusters, to which nothing in the file refers yet. */
  private readonly fresh = new Set<StoredTable>();
  private readonly tablesMax: number;
  private peeked: Uint8Array<ArrayBuffer> | undefined;

  constructor(file: ImageFile, layout: Layout, cacheBytesMax = cacheBytesFor(layout)) {
    this.file = file;
    this.layout = layout;
    this.tablesMax = Math.max(TABLES_MIN, Math.floor(cacheBytesMax / layout.clusterSizeBytes));
  }

  get isDirty(): boolean {
    return this.dirty.size > 0;
  }

  /**
   * Returns a table from the cache, or reads it with a single file read. Call `markDirty` before changing the table.
   */
  get(hostOffset: number): StoredTable {
    return this.tables.get(hostOffset) ?? this.load(hostOffset);
  }

  /**
   * Reads a table without caching it, so that all tables of an image can be scanned in constant memory. The result is
   * valid until the next call.
   */
  peek(hostOffset: number): EntryTable {
    const cached = this.tables.get(hostOffset);
    if (cached) return cached;
    this.peeked ??= new Uint8Array(this.layout.clusterSizeBytes);
    this.file.readTableInto(hostOffset, this.peeked, 'an L2 table');
    return new EntryTable(this.peeked, this.layout.l2EntryBytes);
  }

  /** Adds a table in a newly allocated cluster: a copy of `bytes`, or an empty table. */
  add(hostOffset: number, bytes?: Uint8Array): StoredTable {
    const table = new StoredTable(bytes?.slice() ?? new Uint8Array(this.layout.clusterSizeBytes), hostOffset);
    table.markAllDirty();
    this.markDirty(table);
    this.fresh.add(table);
    return table;
  }

  /** Must be called before changing a table, so that the table stays in the cache until it is written. */
  markDirty(table: StoredTable): void {
    if (this.dirty.has(table)) return;
    this.dirty.add(table);
    this.tables.set(table.hostOffset, table);
    this.evict();
  }

  /** Whether the table in memory differs from the one in the file. */
  isChanged(table: StoredTable): boolean {
    return this.dirty.has(table);
  }

  /** Whether the table is in a new cluster, to which nothing in the file refers yet. */
  isNew(table: StoredTable): boolean {
    return this.fresh.has(table);
  }

  /** Replaces an unreferenced table with its copy in another cluster. The copy was just written. */
  replace(old: StoredTable, next: StoredTable): void {
    this.remove(old.hostOffset);
    this.tables.set(next.hostOffset, next);
    this.evict();
  }

  /**
   * Removes a table from the cache. Called when the table's cluster is freed, because the cluster may be reused for
   * something else.
   */
  remove(hostOffset: number): void {
    const table = this.tables.get(hostOffset);
    if (!table) return;
    this.tables.delete(hostOffset);
    this.dirty.delete(table);
    this.fresh.delete(table);
  }

  /** Empties the cache, so that all tables are read again. No table may be dirty. */
  clear(): void {
    assert(!this.isDirty, 'a changed L2 table would be lost');
    this.tables.clear();
  }

  /** Writes the tables in new clusters, before anything refers to them. Adjacent tables are combined into one write. */
  writeNew(): void {
    const written = [...this.fresh];
    writeWhole(this.file, written);
    for (const table of written) {
      this.dirty.delete(table);
      this.fresh.delete(table);
    }
  }

  /** Writes the changed parts of all other tables in place. */
  writeDirty(): void {
    assert(this.fresh.size === 0, 'new tables are written before references to them');
    for (const table of this.dirty) table.writeDirty(this.file);
    this.dirty.clear();
  }

  private load(hostOffset: number): StoredTable {
    const bytes = this.file.readTable(hostOffset, this.layout.clusterSizeBytes, 'an L2 table');
    const table = new StoredTable(bytes, hostOffset, this.layout.l2EntryBytes);
    this.tables.set(hostOffset, table);
    this.evict();
    return table;
  }

  private evict(): void {
    if (this.tables.size <= this.tablesMax) return;
    for (const [hostOffset, table] of this.tables) {
      if (this.dirty.has(table)) continue;
      this.tables.delete(hostOffset);
      return;
    }
  }
}

/** Writes whole tables. Adjacent tables are combined into one write. */
export function writeWhole(file: ImageFile, tables: readonly StoredTable[]): void {
  const sorted = [...tables].sort((a, b) => a.hostOffset - b.hostOffset);
  for (let done = 0; done < sorted.length;) {
    const run = adjacentTables(sorted, done);
    StoredTable.writeAll(file, run);
    done += run.length;
  }
}

/** The tables from index `first` on that are adjacent in the file, up to TABLES_PER_WRITE_MAX. */
function adjacentTables(tables: readonly StoredTable[], first: number): StoredTable[] {
  const { hostOffset, bytes } = tables[first];
  let end = first + 1;
  while (end < tables.length && end - first < TABLES_PER_WRITE_MAX) {
    if (tables[end].hostOffset !== hostOffset + (end - first) * bytes.length) break;
    end++;
  }
  return tables.slice(first, end);
}

const TABLES_PER_WRITE_MAX = 64;
/**
 * The default cache size: enough for twice as many tables as are needed to map the disk, plus 256 tables of VM state.
 * With 4 KiB clusters, 256 tables map 512 MiB. A larger cache would only hold more tables of old snapshots.
 */
const cacheBytesFor = ({ vmStateFirstL1Index, clusterSizeBytes }: Layout): number =>
  Math.min(CACHE_BYTES_MAX, (2 * vmStateFirstL1Index + 256) * clusterSizeBytes);

// With 4 KiB clusters, 64 MiB of tables map 32 GiB, which is more than a guest accesses between two snapshots.
const CACHE_BYTES_MAX = 64 * 1024 * 1024;
const TABLES_MIN = 2;
