import { commitAtomically } from './atomicCommit.ts';
import { changeHeader, type ChangeableFields, INCOMPATIBLE_DIRTY, writeHeader } from './header.ts';
import type { ImageParts } from './imageParts.ts';
import { clustersFor, ENTRY_BYTES } from './layout.ts';
import { finishPending } from './pendingCommit.ts';
import { StoredTable } from './storedTable.ts';
import { writeRefcounts } from './writeRefcounts.ts';

/**
 * Writes metadata in place, in an order that is safe against a crash at any point:
 *
 *     data (already in the file), refcounts, new tables  |  L2 entries in use  |  L1 entries  |  header  |  freeing
 *
 * Each vertical bar is a barrier. A cluster, its refcount and the COPIED flags in it are on stable storage before any
 * reference to it is written. A cluster is freed only after its last reference has been removed from stable storage. If
 * the process or host crashes between any two file calls, the image at worst contains leaked clusters. Without
 * `durable`, the last barrier is omitted and nothing is freed. All changes still survive if the process is killed;
 * after a power failure, each table entry has either its old or its new value.
 *
 * This order is safe only if no cluster of the active tables becomes shared with a snapshot or stops being shared. For
 * such a cluster, the refcount and the COPIED flag must change together; see atomicCommit.ts.
 *
 * The header's dirty bit is set before the first change and cleared by a clean close, so that QEMU, too, rebuilds the
 * refcounts after a crash.
 */
export function commit(parts: ImageParts, { durable, change = {} }: { durable: boolean; change?: CommitChange }): void {
  finishPending(parts);
  const { file, refcounts, l2 } = parts;
  if (isClean(parts, change, durable)) return file.barrier({ durable });
  const newL1 = parts.l1Moved ? allocateL1(parts) : undefined;
  setDirtyBit(parts);
  writeRefcounts(parts);
  l2.writeNew();
  for (const { offset, bytes } of change.newTables ?? []) file.write(offset, bytes);
  newL1?.writeDirty(file);
  file.barrier({ durable: true });
  l2.writeDirty();
  if (!newL1 && parts.l1.isDirty) {
    file.barrier({ durable: true });
    parts.l1.writeDirty(file);
  }
  if (newL1 || change.snapshots) {
    file.barrier({ durable: true });
    updateHeader(parts, newL1, change);
  }
  if (!durable) return;
  file.barrier({ durable });
  if (!refcounts.hasDrops) return;
  // If a cluster is mapped at two disk offsets and one of the two references is dropped, the remaining reference
  // becomes the only one, which changes its COPIED flag.
  if (parts.sharesWithinActive) return commitAtomically(parts, { count: () => {}, l1: parts.l1, l1Tables: 1 });
  refcounts.applyDrops();
  writeRefcounts(parts);
}

/** The changes that a snapshot operation adds to a commit. */
export interface CommitChange {
  /** Tables in newly allocated clusters. They are written before the header refers to them. */
  newTables?: { offset: number; bytes: Uint8Array }[];
  /** The new location of the snapshot table and its number of entries. */
  snapshots?: { offset: number; count: number };
}

/** Clears the dirty bit, as the last write of a clean close. */
export function clearDirtyBit(parts: ImageParts): void {
  if (!isMarkedDirty(parts)) return;
  parts.header.incompatibleFeatures &= ~INCOMPATIBLE_DIRTY;
  writeHeader(parts.file, parts.header);
  parts.file.barrier({ durable: true });
}

function isClean(parts: ImageParts, change: CommitChange, durable: boolean): boolean {
  const changed = parts.l2.isDirty || parts.l1.isDirty || parts.l1Moved || parts.refcounts.isDirty;
  return !changed && !change.snapshots && !(durable && parts.refcounts.hasDrops);
}

function isMarkedDirty(parts: ImageParts): boolean {
  return (parts.header.incompatibleFeatures & INCOMPATIBLE_DIRTY) !== 0;
}

function setDirtyBit(parts: ImageParts): void {
  const { header, file } = parts;
  // qcow2 specification, "Header": version 2 has no feature bits, and unknown autoclear bits must be cleared before
  // the first write.
  if (header.version < 3 || (isMarkedDirty(parts) && header.autoclearFeatures === 0)) return;
  const incompatibleFeatures = header.incompatibleFeatures | INCOMPATIBLE_DIRTY;
  writeHeader(file, { ...header, incompatibleFeatures, autoclearFeatures: 0 });
  header.incompatibleFeatures = incompatibleFeatures;
  header.autoclearFeatures = 0;
}

/** Allocates new clusters for the active L1 table. The header does not refer to them until the end of the commit. */
function allocateL1(parts: ImageParts): StoredTable {
  const clusters = clustersFor(parts.layout, parts.l1.length * ENTRY_BYTES);
  const offset = parts.refcounts.allocateContiguous(clusters);
  const moved = new StoredTable(parts.l1.bytes, offset);
  moved.markAllDirty();
  return moved;
}

function updateHeader(parts: ImageParts, newL1: StoredTable | undefined, change: CommitChange): void {
  const { header, layout } = parts;
  const before = { ...header };
  const fields: Partial<ChangeableFields> = {};
  if (newL1) Object.assign(fields, { l1Offset: newL1.hostOffset, l1Entries: newL1.length });
  if (change.snapshots) {
    Object.assign(fields, { snapshotsOffset: change.snapshots.offset, snapshotCount: change.snapshots.count });
  }
  changeHeader(parts.file, header, fields);
  if (!newL1) return;
  parts.l1 = newL1;
  parts.l1Moved = false;
  const oldClusters = clustersFor(layout, before.l1Entries * ENTRY_BYTES);
  if (oldClusters > 0) parts.refcounts.queueDrop(before.l1Offset, oldClusters);
}
