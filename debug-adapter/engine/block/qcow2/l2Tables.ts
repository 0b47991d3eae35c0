import { assert } from '../../base/assert.ts';
import { EntryTable } from './entryTable.ts';
import type { ImageFile } from './imageFile.ts';
import type { Layout } from './layout.ts';
import { StoredTable } from './storedTable.ts';

/**
 * The L2 tables of an image, by their place in the file, cached and written back. A table shared by snapshots is in
 * here once. Changed tables stay until `writeDirty`; clean ones leave, oldest first, when the cache has grown past
 * its limit.
 */
export class L2Tables {
  readonly #file: ImageFile;
  readonly #layout: Layout;
  readonly #tables = new Map<number, StoredTable>();
  readonly #dirty = new Set<StoredTable>();
  /** Of the dirty ones, those in clusters that nothing in the file refers to yet. */
  readonly #fresh = new Set<StoredTable>();
  readonly #tablesMax: number;
  #peeked: Uint8Array<ArrayBuffer> | undefined;

  constructor(file: ImageFile, layout: Layout, cacheBytesMax = CACHE_BYTES_MAX) {
    this.#file = file;
    this.#layout = layout;
    this.#tablesMax = Math.max(TABLES_MIN, Math.floor(cacheBytesMax / layout.clusterSizeBytes));
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Free when cached, one file read when not. Tables got here may only be changed after `markDirty`. */
  get(hostOffset: number): StoredTable {
    return this.#tables.get(hostOffset) ?? this.#load(hostOffset);
  }

  /**
   * To look at each table of an image once: caches nothing, and takes no memory for each. Valid until the next call.
   */
  peek(hostOffset: number): EntryTable {
    const cached = this.#tables.get(hostOffset);
    if (cached) return cached;
    this.#peeked ??= new Uint8Array(this.#layout.clusterSizeBytes);
    this.#file.readTableInto(hostOffset, this.#peeked, 'an L2 table');
    return new EntryTable(this.#peeked, this.#layout.l2EntryBytes);
  }

  /** A table in a newly allocated cluster: a copy of `bytes`, or empty. */
  add(hostOffset: number, bytes?: Uint8Array): StoredTable {
    const table = new StoredTable(bytes?.slice() ?? new Uint8Array(this.#layout.clusterSizeBytes), hostOffset);
    table.markAllDirty();
    this.markDirty(table);
    this.#fresh.add(table);
    return table;
  }

  /** Called before a table is changed, so that it cannot leave the cache in between. */
  markDirty(table: StoredTable): void {
    if (this.#dirty.has(table)) return;
    this.#dirty.add(table);
    this.#tables.set(table.hostOffset, table);
    this.#evict();
  }

  /** It is not in the file as it is here. */
  isChanged(table: StoredTable): boolean {
    return this.#dirty.has(table);
  }

  /** Nothing in the file refers to its cluster yet. */
  isFresh(table: StoredTable): boolean {
    return this.#fresh.has(table);
  }

  /** A table that was written takes the place of another, which nothing refers to any more. */
  replace(old: StoredTable, next: StoredTable): void {
    this.forget(old.hostOffset);
    this.#tables.set(next.hostOffset, next);
    this.#evict();
  }

  /** The cluster was freed: whatever comes to lie there is not this table. */
  forget(hostOffset: number): void {
    const table = this.#tables.get(hostOffset);
    if (!table) return;
    this.#tables.delete(hostOffset);
    this.#dirty.delete(table);
    this.#fresh.delete(table);
  }

  /** Whatever is in the file now is read again. Nothing may be waiting to be written. */
  clear(): void {
    assert(!this.isDirty, 'changed tables are not thrown away');
    this.#tables.clear();
  }

  /** Those to which references come only afterwards; neighbours in the file together. */
  writeFresh(): void {
    const written = [...this.#fresh];
    writeWhole(this.#file, written);
    for (const table of written) {
      this.#dirty.delete(table);
      this.#fresh.delete(table);
    }
  }

  /** Those that are in use where they are. */
  writeDirty(): void {
    assert(this.#fresh.size === 0, 'new tables are written before references to them');
    for (const table of this.#dirty) table.writeDirty(this.#file);
    this.#dirty.clear();
  }

  #load(hostOffset: number): StoredTable {
    const bytes = this.#file.readTable(hostOffset, this.#layout.clusterSizeBytes, 'an L2 table');
    const table = new StoredTable(bytes, hostOffset, this.#layout.l2EntryBytes);
    this.#tables.set(hostOffset, table);
    this.#evict();
    return table;
  }

  #evict(): void {
    if (this.#tables.size <= this.#tablesMax) return;
    for (const [hostOffset, table] of this.#tables) {
      if (this.#dirty.has(table)) continue;
      this.#tables.delete(hostOffset);
      return;
    }
  }
}

/** Writes all of some tables, those that are neighbours in the file together. */
export function writeWhole(file: ImageFile, tables: readonly StoredTable[]): void {
  const sorted = [...tables].sort((a, b) => a.hostOffset - b.hostOffset);
  for (let done = 0; done < sorted.length;) {
    const run = neighbours(sorted, done);
    StoredTable.writeAll(file, run);
    done += run.length;
  }
}

/** Those from an index on that lie side by side in the file, up to some. */
function neighbours(tables: readonly StoredTable[], first: number): StoredTable[] {
  const { hostOffset, bytes } = tables[first];
  let end = first + 1;
  while (end < tables.length && end - first < WRITTEN_TOGETHER_MAX) {
    if (tables[end].hostOffset !== hostOffset + (end - first) * bytes.length) break;
    end++;
  }
  return tables.slice(first, end);
}

const WRITTEN_TOGETHER_MAX = 64;
// 64 MiB of tables map 32 GiB in clusters of 4 KiB: more than a guest touches between two snapshots.
const CACHE_BYTES_MAX = 64 * 1024 * 1024;
const TABLES_MIN = 2;
