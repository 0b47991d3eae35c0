import { compressedHostClusters } from './compressed.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { hostOffsetOf, l2TableAt } from './mapping.ts';

function forEachReference(
  parts: ImageParts,
  l1: EntryTable,
  visit: (hostOffset: number) => void,
  range: L1Range = wholeRange(l1),
): void {
  for (let l1Index = range.from; l1Index < range.to; l1Index++) {
    const table = l2TableAt(parts, l1, l1Index);
    if (!table) continue;
    visit(table.hostOffset);
    for (let index = 0; index < table.length; index++) {
      if (table.isEmpty(index)) continue;
      if (table.isCompressed(index)) compressedHostClusters(parts, table, index).forEach(visit);
      else if (table.offset(index) !== 0) visit(hostOffsetOf(parts, table, index));
    }
  }
}

/**
 * Adds a reference to each cluster that `l1` refers to, or throws without changing anything. Returns the list of
 * references, which the caller can remove with `dropNow`.
 */
export function addReferences(parts: ImageParts, l1: EntryTable, range?: L1Range): number[] {
  const references = referencesOf(parts, l1, range);
  let added = 0;
  try {
    for (; added < references.length; added++) parts.refcounts.add(references[added]);
  } catch (error) {
    while (added > 0) parts.refcounts.dropNow(references[--added]);
    throw error;
  }
  return references;
}

/**
 * The references that an L1 table holds, as file offsets: the offset of each L2 table and of each cluster that an entry
 * refers to. qcow2 counts one reference for each path to a cluster: if three L1 tables share an L2 table, the L2 table
 * has refcount three, and so does each cluster that it refers to. Taking a snapshot therefore increments the refcount
 * of everything reachable from the active table, without copying data. Operations that remove references collect them
 * before changing anything, so that an unreadable table makes the whole operation fail without any changes.
 */
export function referencesOf(parts: ImageParts, l1: EntryTable, range?: L1Range): number[] {
  const references: number[] = [];
  forEachReference(parts, l1, (hostOffset) => references.push(hostOffset), range);
  return references;
}

/**
 * Sets the COPIED flags in `l1` and its L2 tables to match the refcounts. According to the qcow2 specification,
 * "Snapshots", bit 63 may be stale in inactive L1 tables. The flags are therefore updated whenever a table becomes
 * active and whenever clusters become shared or stop being shared.
 */
export function rebuildCopiedFlags(parts: ImageParts, l1: EntryTable, range: L1Range = wholeRange(l1)): void {
  for (let l1Index = range.from; l1Index < range.to; l1Index++) {
    const table = l2TableAt(parts, l1, l1Index);
    if (!table) {
      if (!l1.isEmpty(l1Index)) l1.setEmpty(l1Index);
      continue;
    }
    for (let index = 0; index < table.length; index++) {
      if (table.isEmpty(index)) continue;
      const copied = isExclusive(parts, table, index);
      if (table.isCopied(index) === copied) continue;
      parts.l2.markDirty(table);
      table.setCopied(index, copied);
    }
    const copied = parts.refcounts.refcountAt(table.hostOffset) === 1;
    if (l1.isCopied(l1Index) !== copied) l1.setCopied(l1Index, copied);
  }
}

export interface L1Range {
  from: number;
  to: number;
}

/** Whether the COPIED flags in `l1` and its L2 tables match the refcounts. */
export function areFlagsCorrect(parts: ImageParts, l1: EntryTable): boolean {
  for (let l1Index = 0; l1Index < l1.length; l1Index++) {
    if (l1.isEmpty(l1Index)) continue;
    const table = l2TableAt(parts, l1, l1Index);
    if (!table || l1.isCopied(l1Index) !== (parts.refcounts.refcountAt(table.hostOffset) === 1)) return false;
    if (!areL2FlagsCorrect(parts, table)) return false;
  }
  return true;
}

export function areL2FlagsCorrect(parts: ImageParts, table: EntryTable): boolean {
  for (let index = 0; index < table.length; index++) {
    if (!table.isEmpty(index) && table.isCopied(index) !== isExclusive(parts, table, index)) return false;
  }
  return true;
}

/**
 * Whether an entry's COPIED flag should be set, that is, whether its cluster has exactly one reference. The flag is
 * never set for compressed clusters or for zero clusters without an allocated cluster.
 */
export function isExclusive(parts: ImageParts, table: EntryTable, index: number): boolean {
  if (table.isCompressed(index) || table.offset(index) === 0) return false;
  return parts.refcounts.refcountAt(hostOffsetOf(parts, table, index)) === 1;
}

function wholeRange(l1: EntryTable): L1Range {
  return { from: 0, to: l1.length };
}
