import { commit } from './commit.ts';
import type { ImageParts } from './imageParts.ts';
import { ENTRY_BYTES } from './layout.ts';
import { referencesOf } from './references.ts';
import { StoredTable } from './storedTable.ts';

/**
 * Empties the active table. The disk then has the same contents as the backing device, and the VM state is dropped.
 * Snapshots are kept. An empty L1 table is written to unused clusters before the header is switched to it, so that a
 * crash leaves either the old or the new disk. Finally, the file is truncated to remove free space at its end.
 */
export function makeEmpty(parts: ImageParts): void {
  commit(parts, { durable: true });
  const dropped = referencesOf(parts, parts.l1);
  if (dropped.length > 0) {
    switchToEmptyL1(parts);
    for (const hostOffset of dropped) parts.refcounts.queueDrop(hostOffset);
    parts.refcounts.applyDrops();
    // The new table is located after the clusters that were just freed. Moving it again places it before the free
    // clusters, so that the file can be truncated.
    parts.l1Moved = true;
  }
  commit(parts, { durable: true });
  commit(parts, { durable: true });
  const { usedBytes } = parts.refcounts;
  if (usedBytes < parts.file.lengthBytes) parts.file.truncate(usedBytes);
}

function switchToEmptyL1(parts: ImageParts): void {
  const before = parts.l1;
  try {
    parts.l1 = new StoredTable(new Uint8Array(parts.layout.vmStateFirstL1Index * ENTRY_BYTES), before.hostOffset);
    parts.l1Moved = true;
    commit(parts, { durable: true });
  } catch (error) {
    if (!parts.l1Moved) throw error; // only the last sync failed, so the disk is already empty
    parts.l1 = before;
    parts.l1Moved = false;
    throw error;
  }
}
