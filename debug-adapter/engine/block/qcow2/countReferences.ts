import { compressedLocation } from './compressed.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { clustersFor, ENTRY_BYTES } from './layout.ts';
import { refcountMax } from './refcountBlocks.ts';
import { peekSnapshotL1s } from './snapshots.ts';
import { imageDamage, imageParts } from '../../../messages/imageDamage.ts';

/**
 * Counts the references to each cluster of an image, using only the image's tables. The result is the correct refcount
 * of each cluster. Each L2 table is read once, even if many snapshots share it. Also reports corruptions that cannot be
 * repaired by changing refcounts: references outside the file, tables in clusters that have another use, and clusters
 * with more references than the refcount width allows.
 */
export function countReferences(
  parts: ImageParts,
  refcountBlocks: number[],
): {
  references: Uint16Array;
  corruptions: Corruption[];
  invalidBlocks: InvalidRefcountBlock[];
  sharesWithinActive: boolean;
} {
  const counter = new ReferenceCounter(parts);
  const { header, layout } = parts;
  counter.addTable(0, layout.clusterSizeBytes, 'the header');
  counter.addTable(
    header.refcountTableOffset,
    header.refcountTableClusters * layout.clusterSizeBytes,
    imageParts.refcountTable(),
  );
  counter.addTable(header.l1Offset, header.l1Entries * ENTRY_BYTES, 'the L1 table');
  counter.addTable(header.snapshotsOffset, parts.snapshotTableBytes, imageParts.snapshotTable());
  // An L2 table shared by n L1 tables is read once. However, n references are counted both for the table and for each
  // cluster that it refers to.
  const l2Users = new Map<number, number>();
  const addL1 = (l1: EntryTable): void => {
    for (let index = 0; index < l1.length; index++) {
      const offset = l1.offset(index);
      if (offset !== 0) l2Users.set(offset, (l2Users.get(offset) ?? 0) + 1);
    }
  };
  addL1(parts.l1);
  for (const { entry, l1 } of peekSnapshotL1s(parts)) {
    counter.addTable(entry.l1Offset, entry.l1Entries * ENTRY_BYTES, imageParts.l1TableOf(entry.name));
    addL1(l1);
  }
  const active = new Set<number>();
  for (let index = 0; index < parts.l1.length; index++) {
    const offset = parts.l1.offset(index);
    if (offset !== 0 && active.has(offset)) counter.sharesWithinActive = true;
    active.add(offset);
  }
  for (const [offset, times] of l2Users) counter.addL2Table(offset, times, { isActive: active.has(offset) });
  // Refcount blocks are counted last. If a refcount block overlaps another structure, the refcount block is therefore
  // the one that is reported and replaced.
  const corruptions = [...counter.corruptions];
  const invalidBlocks: InvalidRefcountBlock[] = [];
  refcountBlocks.forEach((offset, index) => {
    if (offset === 0) return;
    if (!counter.addTable(offset, layout.clusterSizeBytes, `refcount block ${index}`))
      invalidBlocks.push({ index, offset });
  });
  const { references, sharesWithinActive } = counter;
  return { references, corruptions, invalidBlocks, sharesWithinActive };
}

export interface Corruption {
  what: string;
  offset: number;
}

/** A refcount block at an invalid location. Unlike other structures, a refcount block can be rebuilt. */
export interface InvalidRefcountBlock {
  index: number;
  offset: number;
}

class ReferenceCounter {
  readonly references: Uint16Array;
  readonly corruptions: Corruption[] = [];
  /**
   * Whether the active tables refer to the same cluster twice. The format permits this, but no program writes such an
   * image.
   */
  sharesWithinActive = false;
  /** The uses of each cluster, as a combination of IS_TABLE and IS_ACTIVE. */
  private readonly uses: Uint8Array;
  private readonly parts: ImageParts;
  private readonly clusterSize: number;
  private readonly max: number;

  constructor(parts: ImageParts) {
    this.parts = parts;
    this.max = refcountMax(parts.header.refcountBits);
    this.clusterSize = parts.layout.clusterSizeBytes;
    const clusters = clustersFor(parts.layout, parts.file.lengthBytes);
    this.references = new Uint16Array(clusters);
    this.uses = new Uint8Array(clusters);
  }

  /**
   * Counts `times` references to each cluster of a table. If one of the table's clusters already has another use,
   * reports a corruption, counts nothing and returns false.
   */
  addTable(offset: number, lengthBytes: number, what: string, times = 1): boolean {
    const first = offset / this.clusterSize;
    const clusters = clustersFor(this.parts.layout, lengthBytes);
    if (clusters === 0) return true;
    if (!Number.isInteger(first) || first + clusters > this.references.length) {
      this.report(imageDamage.endsPastEnd(what), offset);
      return false;
    }
    for (let cluster = first; cluster < first + clusters; cluster++) {
      if (this.references[cluster] === 0) continue;
      this.report(imageDamage.overlapsOther(what), cluster * this.clusterSize);
      return false;
    }
    for (let cluster = first; cluster < first + clusters; cluster++) {
      this.uses[cluster] = IS_TABLE;
      this.count(cluster, times);
    }
    return true;
  }

  addL2Table(offset: number, times: number, { isActive }: { isActive: boolean }): void {
    if (!this.addTable(offset, this.clusterSize, 'an L2 table', times)) return;
    const table = this.parts.l2.peek(offset);
    for (let index = 0; index < table.length; index++) {
      if (table.isEmpty(index)) continue;
      if (table.isCompressed(index)) {
        const location = compressedLocation(this.parts, table, index);
        // The file may end in the middle of the last sector of the compressed cluster.
        this.addData(
          location.offset,
          Math.min(location.lengthBytes, this.parts.file.lengthBytes - location.offset),
          times,
        );
      } else if (table.offset(index) !== 0) {
        if (table.offset(index) % this.clusterSize === 0) this.addData(table.offset(index), this.clusterSize, times);
        else this.report(imageDamage.l2EntryUnaligned(), table.offset(index));
        if (isActive) this.markActive(table.offset(index) / this.clusterSize);
      }
    }
  }

  private markActive(cluster: number): void {
    if (this.uses[cluster] & IS_ACTIVE) this.sharesWithinActive = true;
    this.uses[cluster] |= IS_ACTIVE;
  }

  private addData(offset: number, lengthBytes: number, times: number): void {
    const first = Math.floor(offset / this.clusterSize);
    const last = Math.floor((offset + Math.max(lengthBytes, 1) - 1) / this.clusterSize);
    if (last >= this.references.length) return this.report(imageDamage.dataOutside(), offset);
    for (let cluster = first; cluster <= last; cluster++) {
      if (this.uses[cluster] & IS_TABLE) this.report(imageDamage.dataInTable(), cluster * this.clusterSize);
      else this.count(cluster, times);
    }
  }

  private count(cluster: number, times: number): void {
    const count = this.references[cluster] + times;
    if (count > this.max) {
      const what = imageDamage.tooManyReferences(count, this.max);
      this.report(what, cluster * this.clusterSize);
    }
    this.references[cluster] = Math.min(count, this.max);
  }

  private report(what: string, offset: number): void {
    // Every entry of a damaged table may be invalid, so only the first hundred corruptions are reported.
    if (this.corruptions.length < 100) this.corruptions.push({ what, offset });
  }
}

const IS_TABLE = 1;
const IS_ACTIVE = 2;
