import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { SUBCLUSTERS } from './layout.ts';

/**
 * The two-level map from guest to file (qcow2 spec, "Cluster mapping"): which of the file's bytes, if any, hold a range
 * of the guest's. Works on any L1 table, the active one or a snapshot's. Neighbouring clusters of the same sort, and
 * data clusters that are neighbours in the file too, come back as one extent, so that one guest request is about one
 * file call.
 */
export interface Extent {
  kind: ExtentKind;
  lengthBytes: number;
  /** Where the data is; of kind `zero` where a cluster is kept for it; 0 otherwise. */
  hostOffset: number;
  /** The L2 entry; only for kind `compressed`, whose extents are single clusters. */
  entry?: { table: EntryTable; index: number };
}

/** `unallocated`: whatever the backing file has. */
export type ExtentKind = 'unallocated' | 'zero' | 'data' | 'compressed';

/** What lies at `guestOffset`, for as far as it is one extent, up to `lengthMax` bytes. */
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

/** The L2 table that maps `guestOffset`, or undefined where none is allocated. */
export function l2TableAt(parts: ImageParts, l1: EntryTable, l1Index: number) {
  if (l1Index >= l1.length) return undefined;
  const offset = l1.offset(l1Index);
  if (offset === 0) return undefined;
  if (offset % parts.layout.clusterSizeBytes !== 0)
    throw parts.file.corrupt('an L2 table lies inside a cluster', offset);
  return parts.l2.get(offset);
}

/** The first L1 index from one on, below `end` or `end` itself, that has an L2 table: most of a large disk has none. */
export function nextL2Table(l1: EntryTable, from: number, end: number): number {
  if (from >= l1.length) return end;
  let index = from;
  while (index < Math.min(end, l1.length) && l1.offset(index) === 0) index++;
  return index < l1.length ? index : end;
}

export function kindOfEntry(table: EntryTable, index: number): ExtentKind {
  if (table.isCompressed(index)) return 'compressed';
  if (table.readsAsZero(index)) return 'zero';
  return table.offset(index) === 0 ? 'unallocated' : 'data';
}

/** The place of an entry's cluster, checked: it must be a whole cluster that starts inside the file. */
export function hostOffsetOf(parts: ImageParts, table: EntryTable, index: number): number {
  const offset = table.offset(index);
  const inFile = offset % parts.layout.clusterSizeBytes === 0 && offset > 0 && offset < parts.file.lengthBytes;
  if (!inFile) throw parts.file.corrupt('an L2 entry points outside the file or into a cluster', offset);
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
  const kind = kindOfEntry(table, first);
  const extent: Extent = { kind, lengthBytes: clusterSizeBytes - inCluster, hostOffset: 0 };
  if (kind === 'compressed') extent.entry = { table, index: first };
  else if (kind === 'data') {
    extent.hostOffset = hostOffsetOf(parts, table, first) + inCluster;
    const clusters = dataClusters(parts, table, first, inCluster + lengthMax);
    extent.lengthBytes += (clusters - 1) * clusterSizeBytes;
  } else {
    if (table.offset(first) !== 0) extent.hostOffset = table.offset(first) + inCluster;
    for (let i = first + 1; i < entriesPerL2 && extent.lengthBytes < lengthMax; i++) {
      if (kindOfEntry(table, i) !== kind || table.offset(i) !== hostOffsetAfter(extent)) break;
      extent.lengthBytes += clusterSizeBytes;
    }
  }
  extent.lengthBytes = Math.min(extent.lengthBytes, lengthMax);
  return extent;
}

/** How many clusters of data, from one on, lie side by side in the file and in this table, to hold so many bytes. */
export function dataClusters(parts: ImageParts, table: EntryTable, first: number, lengthBytes: number): number {
  const { clusterSizeBytes, entriesPerL2 } = parts.layout;
  const max = Math.min(entriesPerL2 - first, Math.ceil(lengthBytes / clusterSizeBytes));
  const clusters = table.neighbours(first, max, clusterSizeBytes);
  hostOffsetOf(parts, table, first + clusters - 1);
  return clusters;
}

/** Where a neighbour must lie to be one extent with this one: behind it, or nowhere as it does. */
const hostOffsetAfter = ({ hostOffset, lengthBytes }: Extent): number =>
  hostOffset === 0 ? 0 : hostOffset + lengthBytes;

/** A cluster that is kept for zeroes is not read: where it lies matters to who counts references. */
const placeOf = (parts: ImageParts, table: EntryTable, index: number, kind: ExtentKind): number =>
  kind === 'data' ? hostOffsetOf(parts, table, index) : table.offset(index);

/**
 * The same where each cluster has 32 subclusters with a state of their own (qcow2 spec, "Extended L2 Entries"): within
 * one cluster. Its zero flag means nothing then.
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
  const isPlaced = kind !== 'unallocated' && table.offset(index) !== 0;
  const hostOffset = kind === 'data' || isPlaced ? placeOf(parts, table, index, kind) + inCluster : 0;
  return { kind, lengthBytes: Math.min(rest, end * subclusterBytes - inCluster), hostOffset };
}

function kindOfSubcluster(table: EntryTable, index: number, subcluster: number): ExtentKind {
  const { data, zero } = table.subclusters(index);
  if ((zero >>> subcluster) & 1) return 'zero';
  return (data >>> subcluster) & 1 ? 'data' : 'unallocated';
}
