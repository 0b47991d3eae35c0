import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { SUBCLUSTERS } from './layout.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

export interface Extent {
  kind: ExtentKind;
  lengthBytes: number;
  /** The file offset of the data or, for kind `zero`, of the preallocated cluster. Otherwise 0. */
  hostOffset: number;
  /** The L2 entry. Present only for kind `compressed`; such an extent is always a single cluster. */
  entry?: { table: EntryTable; index: number };
}

/** `unallocated` means that the backing file provides the data. */
export type ExtentKind = 'unallocated' | 'zero' | 'data' | 'compressed';

/**
 * Maps a guest range to the file through an L1 table, which can be the active table or a snapshot's table (qcow2
 * specification, "Cluster mapping"). Returns the extent that starts at `guestOffset`, with at most `lengthMax` bytes.
 * An extent combines adjacent clusters of the same kind; data clusters must also be contiguous in the file. Most guest
 * requests therefore need a single file call.
 */
export function extentAt(parts: ImageParts, l1: EntryTable, guestOffset: number, lengthMax: number): Extent {
  const extent = extentInOneTable(parts, l1, guestOffset, lengthMax);
  while (extent.lengthBytes < lengthMax && extent.kind !== 'compressed') {
    const rest = lengthMax - extent.lengthBytes;
    const next = extentInOneTable(parts, l1, guestOffset + extent.lengthBytes, rest);
    if (next.kind !== extent.kind || next.hostOffset !== hostOffsetAfter(extent)) break;
    extent.lengthBytes += next.lengthBytes;
  }
  return extent;
}

/** The L2 table at an L1 index; undefined if it is not allocated. */
export function l2TableAt(parts: ImageParts, l1: EntryTable, l1Index: number) {
  if (l1Index >= l1.length) return undefined;
  const offset = l1.offset(l1Index);
  if (offset === 0) return undefined;
  if (offset % parts.layout.clusterSizeBytes !== 0)
    throw parts.file.corruptError(imageDamage.l2TableUnaligned(), offset);
  return parts.l2.get(offset);
}

/**
 * The first L1 index, starting at `from`, that has an L2 table, or `end` if there is none. Quickly skips the
 * unallocated tables of a large disk.
 */
export function nextL2Table(l1: EntryTable, from: number, end: number): number {
  if (from >= l1.length) return end;
  let index = from;
  while (index < Math.min(end, l1.length) && l1.offset(index) === 0) index++;
  return index < l1.length ? index : end;
}

export function entryKind(table: EntryTable, index: number): ExtentKind {
  if (table.isCompressed(index)) return 'compressed';
  if (table.readsAsZero(index)) return 'zero';
  return table.offset(index) === 0 ? 'unallocated' : 'data';
}

/** The offset of an entry's cluster. Throws if the offset is not aligned to a cluster or is not inside the file. */
export function hostOffsetOf(parts: ImageParts, table: EntryTable, index: number): number {
  const offset = table.offset(index);
  const inFile = offset % parts.layout.clusterSizeBytes === 0 && offset > 0 && offset < parts.file.lengthBytes;
  if (!inFile) throw parts.file.corruptError(imageDamage.l2EntryOutside(), offset);
  return offset;
}

function extentInOneTable(parts: ImageParts, l1: EntryTable, guestOffset: number, lengthMax: number): Extent {
  const { clusterSizeBytes, bytesPerL2, entriesPerL2 } = parts.layout;
  const l1Index = Math.floor(guestOffset / bytesPerL2);
  const inTable = guestOffset - l1Index * bytesPerL2;
  const table = l2TableAt(parts, l1, l1Index);
  if (!table) {
    const end = nextL2Table(l1, l1Index, Math.ceil((guestOffset + lengthMax) / bytesPerL2));
    return { kind: 'unallocated', lengthBytes: Math.min(lengthMax, end * bytesPerL2 - guestOffset), hostOffset: 0 };
  }

  if (parts.header.hasSubclusters) return extentOfSubclusters(parts, table, inTable, lengthMax);
  const first = Math.floor(inTable / clusterSizeBytes);
  const inCluster = inTable - first * clusterSizeBytes;
  const kind = entryKind(table, first);
  const extent: Extent = { kind, lengthBytes: clusterSizeBytes - inCluster, hostOffset: 0 };
  if (kind === 'compressed') extent.entry = { table, index: first };
  else if (kind === 'data') {
    extent.hostOffset = hostOffsetOf(parts, table, first) + inCluster;
    const clusters = dataClusters(parts, table, first, inCluster + lengthMax);
    extent.lengthBytes += (clusters - 1) * clusterSizeBytes;
  } else {
    if (table.offset(first) !== 0) extent.hostOffset = table.offset(first) + inCluster;
    for (let i = first + 1; i < entriesPerL2 && extent.lengthBytes < lengthMax; i++) {
      if (entryKind(table, i) !== kind || table.offset(i) !== hostOffsetAfter(extent)) break;
      extent.lengthBytes += clusterSizeBytes;
    }
  }
  extent.lengthBytes = Math.min(extent.lengthBytes, lengthMax);
  return extent;
}

/**
 * The number of data clusters, starting at `first`, that are contiguous in the file. Counts only clusters in this
 * table, up to the number needed for `lengthBytes` bytes.
 */
export function dataClusters(parts: ImageParts, table: EntryTable, first: number, lengthBytes: number): number {
  const { clusterSizeBytes, entriesPerL2 } = parts.layout;
  const max = Math.min(entriesPerL2 - first, Math.ceil(lengthBytes / clusterSizeBytes));
  const clusters = table.contiguousEntries(first, max, clusterSizeBytes);
  hostOffsetOf(parts, table, first + clusters - 1);
  return clusters;
}

/** The offset that the next cluster must have to continue this extent; 0 if the extent has no offset. */
const hostOffsetAfter = ({ hostOffset, lengthBytes }: Extent): number =>
  hostOffset === 0 ? 0 : hostOffset + lengthBytes;

/**
 * The file offset of an entry's cluster. The offset of a preallocated zero cluster is not checked, because the cluster
 * is never read.
 */
const hostOffsetAt = (parts: ImageParts, table: EntryTable, index: number, kind: ExtentKind): number =>
  kind === 'data' ? hostOffsetOf(parts, table, index) : table.offset(index);

/**
 * An extent within one cluster of an image with subclusters. Each of the cluster's 32 subclusters has its own state
 * (qcow2 specification, "Extended L2 Entries"). Such images do not use the entry's zero flag.
 */
function extentOfSubclusters(parts: ImageParts, table: EntryTable, inTable: number, lengthMax: number): Extent {
  const { clusterSizeBytes } = parts.layout;
  const index = Math.floor(inTable / clusterSizeBytes);
  const inCluster = inTable - index * clusterSizeBytes;
  const rest = Math.min(lengthMax, clusterSizeBytes - inCluster);
  if (table.isCompressed(index)) {
    return { kind: 'compressed', lengthBytes: rest, hostOffset: 0, entry: { table, index } };
  }
  const subclusterBytes = clusterSizeBytes / SUBCLUSTERS;
  const first = Math.floor(inCluster / subclusterBytes);
  const kind = kindOfSubcluster(table, index, first);
  let end = first + 1;
  while (end < SUBCLUSTERS && kindOfSubcluster(table, index, end) === kind) end++;
  const hasHostOffset = kind !== 'unallocated' && table.offset(index) !== 0;
  const hostOffset = kind === 'data' || hasHostOffset ? hostOffsetAt(parts, table, index, kind) + inCluster : 0;
  return { kind, lengthBytes: Math.min(rest, end * subclusterBytes - inCluster), hostOffset };
}

function kindOfSubcluster(table: EntryTable, index: number, subcluster: number): ExtentKind {
  const { data, zero } = table.subclusters(index);
  if ((zero >>> subcluster) & 1) return 'zero';
  return (data >>> subcluster) & 1 ? 'data' : 'unallocated';
}
