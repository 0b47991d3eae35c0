import { assert } from '../../base/assert.ts';
import { imageTooLarge, imageLimits } from '../../../messages/block.ts';
import { isEmpty } from '../byteRange.ts';
import { backingRanges, nonZeroRanges } from './allocatedRanges.ts';
import { compressedHostClusters } from './compressed.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { ENTRY_BYTES, L1_BYTES_MAX } from './layout.ts';
import { dataClusters, hostOffsetOf, entryKind, l2TableAt, nextL2Table } from './mapping.ts';
import { readGuest } from './readData.ts';
import { StoredTable } from './storedTable.ts';

/**
 * Writes guest bytes through the active L1 table. A cluster with refcount one is overwritten in place. Otherwise, a new
 * cluster is allocated and filled with the new data and the surrounding old contents. The data is written to the file
 * immediately. The tables that refer to it change only in memory until the next commit, which writes them in a
 * crash-safe order (commit.ts).
 */
export function writeGuest(parts: ImageParts, guestOffset: number, from: Uint8Array): void {
  let done = 0;
  while (done < from.length) {
    const offset = guestOffset + done;
    const data = from.subarray(done, done + Math.min(from.length - done, bytesToTableEnd(parts, offset)));
    done += overwriteInPlace(parts, offset, data) || writeToNewClusters(parts, offset, data);
  }
}

/**
 * Zeroes a range. Clusters that lie entirely within the range are dropped and then read as zeroes; if a cluster lies
 * only partly within the range, zeroes are written to that part. Unallocated clusters where the backing device contains
 * zeroes stay unallocated, unless the backing device is going to be replaced.
 */
export function zeroGuest(parts: ImageParts, guestOffset: number, lengthBytes: number, keepsBacking = true): void {
  const { clusterSizeBytes, diskLengthBytes } = parts.layout;
  const end = guestOffset + lengthBytes;
  let at = guestOffset;
  while (at < end) {
    const clusterStart = Math.floor(at / clusterSizeBytes) * clusterSizeBytes;
    const clusterEnd = clusterStart + clusterSizeBytes;
    // If the disk ends inside its last cluster, zeroing up to the end of the disk zeroes the whole cluster.
    const wholeCluster = at === clusterStart && (end >= clusterEnd || end === diskLengthBytes);
    if (wholeCluster) at = zeroWholeClusters(parts, at, end, keepsBacking);
    else {
      const length = Math.min(end, clusterEnd) - at;
      zeroPartOfCluster(parts, at, length);
      at += length;
    }
  }
}

/** Queues the removal of the references that an L2 entry holds. */
export function dropEntry(parts: ImageParts, table: EntryTable, index: number): void {
  if (table.isCompressed(index)) {
    for (const host of compressedHostClusters(parts, table, index)) parts.refcounts.queueDrop(host);
  } else if (table.offset(index) !== 0) {
    parts.refcounts.queueDrop(hostOffsetOf(parts, table, index));
  }
}

/** Extends the active L1 table, if necessary, so that it can also map VM state. The next commit moves the table. */
export function growL1(parts: ImageParts, entries: number): void {
  if (entries <= parts.l1.length) return;
  if (entries * ENTRY_BYTES > L1_BYTES_MAX) throw imageTooLarge(parts.file.name, imageLimits.l1Table());
  const bytes = new Uint8Array(entries * ENTRY_BYTES);
  bytes.set(parts.l1.bytes);
  parts.l1 = new StoredTable(bytes, parts.l1.hostOffset);
  parts.l1Moved = true;
}

/**
 * Overwrites clusters as long as they have refcount one and are contiguous in the file. Returns the number of bytes
 * written.
 */
export function overwriteInPlace(parts: ImageParts, guestOffset: number, data: Uint8Array): number {
  const { clusterSizeBytes, bytesPerL2 } = parts.layout;
  const l1Index = Math.floor(guestOffset / bytesPerL2);
  const table = l2TableAt(parts, parts.l1, l1Index);
  if (!table) return 0;
  const inTable = guestOffset - l1Index * bytesPerL2;
  const first = Math.floor(inTable / clusterSizeBytes);
  const inCluster = inTable - first * clusterSizeBytes;
  if (!isExclusive(parts, table, first)) return 0;
  const host = table.offset(first);
  const clusters = parts.refcounts.exclusiveRunLength(host, dataClusters(parts, table, first, inCluster + data.length));
  const length = Math.min(clusters * clusterSizeBytes - inCluster, data.length);
  parts.file.write(host + inCluster, data.subarray(0, length));
  return length;
}

function isExclusive(parts: ImageParts, table: EntryTable, index: number): boolean {
  if (entryKind(table, index) !== 'data') return false;
  return parts.refcounts.refcountAt(hostOffsetOf(parts, table, index)) === 1;
}

/**
 * Performs copy-on-write: allocates one run of clusters that replaces shared or missing clusters. Returns the number
 * of bytes written.
 */
function writeToNewClusters(parts: ImageParts, guestOffset: number, data: Uint8Array): number {
  const { clusterSizeBytes, bytesPerL2 } = parts.layout;
  const l1Index = Math.floor(guestOffset / bytesPerL2);
  const table = writableL2Table(parts, l1Index);
  const first = Math.floor((guestOffset - l1Index * bytesPerL2) / clusterSizeBytes);
  const start = l1Index * bytesPerL2 + first * clusterSizeBytes;
  const wanted = Math.ceil((guestOffset + data.length - start) / clusterSizeBytes);
  let clusters = 1;
  while (clusters < wanted && !isExclusive(parts, table, first + clusters)) clusters++;

  const run = parts.refcounts.allocate(clusters);
  const regionBytes = run.clusters * clusterSizeBytes;
  const written = data.subarray(0, Math.min(data.length, start + regionBytes - guestOffset));
  try {
    parts.file.write(run.offset, completeClusters(parts, { start, regionBytes, guestOffset, data: written }));
  } catch (error) {
    parts.refcounts.dropNow(run.offset, run.clusters);
    throw error;
  }
  for (let i = 0; i < run.clusters; i++) mapCluster(parts, table, first + i, run.offset + i * clusterSizeBytes);
  return written.length;
}

/** Makes an active L2 entry refer to a new cluster and drops the entry's previous reference. */
export function mapCluster(parts: ImageParts, table: StoredTable, index: number, hostOffset: number): void {
  parts.l2.markDirty(table);
  dropEntry(parts, table, index);
  table.setOffset(index, hostOffset, { copied: true });
}

/** The new data, extended to whole clusters with the current contents of the first and last cluster. */
function completeClusters(
  parts: ImageParts,
  region: { start: number; regionBytes: number; guestOffset: number; data: Uint8Array },
): Uint8Array {
  const { start, regionBytes, guestOffset, data } = region;
  if (data.length === regionBytes) return data;
  const bytes = new Uint8Array(regionBytes);
  const head = guestOffset - start;
  const dataEnd = head + data.length;
  if (head > 0) readGuest(parts, parts.l1, start, bytes.subarray(0, head));
  bytes.set(data, head);
  if (dataEnd < regionBytes) readGuest(parts, parts.l1, start + dataEnd, bytes.subarray(dataEnd));
  return bytes;
}

/** The active L2 table for an L1 index. Creates the table if it is missing, and copies it if it is shared. */
export function writableL2Table(parts: ImageParts, l1Index: number): StoredTable {
  growL1(parts, l1Index + 1);
  const existing = l2TableAt(parts, parts.l1, l1Index);
  if (existing && parts.refcounts.refcountAt(existing.hostOffset) === 1) return existing;
  const { offset } = parts.refcounts.allocate(1);
  // Copying a table does not change the refcounts of its clusters: the number of paths to each cluster stays the same.
  const table = parts.l2.add(offset, existing?.bytes);
  if (existing) parts.refcounts.queueDrop(existing.hostOffset);
  parts.l1.setOffset(l1Index, offset, { copied: true });
  return table;
}

function zeroWholeClusters(parts: ImageParts, start: number, end: number, keepsBacking: boolean): number {
  const { clusterSizeBytes, bytesPerL2, entriesPerL2, diskLengthBytes } = parts.layout;
  const l1Index = Math.floor(start / bytesPerL2);
  const untouched = keepsBacking ? endOfUnallocated(parts, start, end) : start;
  if (untouched > start) return untouched;
  const first = Math.floor((start - l1Index * bytesPerL2) / clusterSizeBytes);
  const toEnd = end - start;
  const clusters = end === diskLengthBytes ? Math.ceil(toEnd / clusterSizeBytes) : Math.floor(toEnd / clusterSizeBytes);
  const last = Math.min(first + clusters, entriesPerL2);
  const next = Math.min(end, l1Index * bytesPerL2 + last * clusterSizeBytes);
  const hasBackingData = keepsBacking
    ? backedClusters(parts, start, last - first)
    : new Uint8Array(last - first).fill(1);
  const hasZeroFlag = parts.header.version >= 3;
  for (let i = 0; i < last - first; i++) {
    const at = start + i * clusterSizeBytes;
    if (!hasBackingData[i] || hasZeroFlag) zeroCluster(parts, l1Index, first + i, hasBackingData[i] === 1);
    else writeGuest(parts, at, new Uint8Array(Math.min(clusterSizeBytes, next - at)));
  }
  return next;
}

/**
 * The end of the range that starts at `start` and already reads as zeroes, because it has no L2 tables and the backing
 * device contains zeroes there. The end is rounded down to a multiple of the size that one L2 table maps. Skipping this
 * range allows a guest to discard a large empty disk without allocating tables.
 */
function endOfUnallocated(parts: ImageParts, start: number, end: number): number {
  const { bytesPerL2 } = parts.layout;
  const tables = nextL2Table(parts.l1, Math.floor(start / bytesPerL2), Math.ceil(end / bytesPerL2));
  const untouched = Math.min(end, tables * bytesPerL2);
  for (const { offset } of backingRanges(parts, start, untouched - start)) {
    return Math.max(start, Math.floor(offset / bytesPerL2) * bytesPerL2);
  }
  return untouched;
}

/**
 * Returns one element for each cluster, starting at the guest offset `start`: 1 if the backing device contains data
 * there, which the guest would read if the cluster were unallocated.
 */
function backedClusters(parts: ImageParts, start: number, clusters: number): Uint8Array {
  const { clusterSizeBytes } = parts.layout;
  const hasBackingData = new Uint8Array(clusters);
  for (const { offset, lengthBytes } of backingRanges(parts, start, clusters * clusterSizeBytes)) {
    const first = Math.floor((offset - start) / clusterSizeBytes);
    hasBackingData.fill(1, first, Math.ceil((offset + lengthBytes - start) / clusterSizeBytes));
  }
  return hasBackingData;
}

function zeroCluster(parts: ImageParts, l1Index: number, index: number, hasBackingData: boolean): void {
  const existing = l2TableAt(parts, parts.l1, l1Index);
  const kind = existing ? entryKind(existing, index) : 'unallocated';
  if (kind === 'unallocated' && !hasBackingData) return;
  if (kind === 'zero' && existing!.offset(index) === 0) return;
  const table = writableL2Table(parts, l1Index);
  parts.l2.markDirty(table);
  dropEntry(parts, table, index);
  if (hasBackingData) table.setZero(index);
  else table.setEmpty(index);
}

function zeroPartOfCluster(parts: ImageParts, guestOffset: number, lengthBytes: number): void {
  if (isEmpty(nonZeroRanges(parts, parts.l1, { offset: guestOffset, lengthBytes }))) return;
  const now = new Uint8Array(lengthBytes);
  readGuest(parts, parts.l1, guestOffset, now);
  if (now.every((byte) => byte === 0)) return;
  writeGuest(parts, guestOffset, new Uint8Array(lengthBytes));
}

function bytesToTableEnd(parts: ImageParts, guestOffset: number): number {
  const { bytesPerL2 } = parts.layout;
  const length = bytesPerL2 - (guestOffset % bytesPerL2);
  assert(length > 0);
  return length;
}
