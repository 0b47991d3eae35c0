import { EntryTable } from './entryTable.ts';
import type { ImageFile } from './imageFile.ts';

/**
 * An entry table with its location in the file. It also records which entries have changed: after a single new cluster
 * has been mapped, only a few bytes need to be written instead of the whole table.
 */
export class StoredTable extends EntryTable {
  readonly hostOffset: number;
  private dirtyFrom = Infinity;
  private dirtyTo = 0;

  constructor(bytes: Uint8Array, hostOffset: number, entryBytes?: number) {
    super(bytes, entryBytes);
    this.hostOffset = hostOffset;
  }

  get isDirty(): boolean {
    return this.dirtyFrom < this.dirtyTo;
  }

  /** Marks all entries as changed. Used for a table that has moved and must be written in full at its new location. */
  markAllDirty(): void {
    this.dirtyFrom = 0;
    this.dirtyTo = this.length;
  }

  writeDirty(file: ImageFile): void {
    if (!this.isDirty) return;
    const from = this.dirtyFrom * this.entryBytes;
    file.write(this.hostOffset + from, this.bytes.subarray(from, this.dirtyTo * this.entryBytes));
    this.clearDirtyBit();
  }

  /** Writes several tables, which must be adjacent in the file, with a single write. */
  static writeAll(file: ImageFile, tables: readonly StoredTable[]): void {
    const [{ hostOffset, bytes }] = tables;
    let together = bytes;
    if (tables.length > 1) {
      together = new Uint8Array(tables.length * bytes.length);
      tables.forEach((table, i) => together.set(table.bytes, i * bytes.length));
    }
    file.write(hostOffset, together);
    for (const table of tables) table.clearDirtyBit();
  }

  private clearDirtyBit(): void {
    this.dirtyFrom = Infinity;
    this.dirtyTo = 0;
  }

  protected override setWords(index: number, high: number, low: number): void {
    super.setWords(index, high, low);
    if (index < this.dirtyFrom) this.dirtyFrom = index;
    if (index >= this.dirtyTo) this.dirtyTo = index + 1;
  }
}
