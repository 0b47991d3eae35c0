import type { PendingSync } from '../../base/host.ts';
import { changeHeader, type ChangeableFields, INCOMPATIBLE_DIRTY } from './header.ts';
import type { ImageParts, PendingCommit } from './imageParts.ts';
import { writeWhole } from './l2Tables.ts';
import { clustersFor, ENTRY_BYTES } from './layout.ts';
import { l2TableAt } from './mapping.ts';
import { finishPending } from './pendingCommit.ts';
import { areL2FlagsCorrect, isExclusive } from './references.ts';
import { encodeSnapshotTable, type SnapshotEntry } from './snapshotTable.ts';
import { StoredTable } from './storedTable.ts';
import { writeRefcounts } from './writeRefcounts.ts';

/**
 * Commits a change that causes clusters of the active tables to become shared with a snapshot or to stop being shared.
 * The refcounts of these clusters are stored in refcount blocks, and their COPIED flags in L2 tables. Both must change
 * together, because other qcow2 programs treat every contradiction between them as corruption. Therefore, no cluster in
 * use is modified. All changed L2 tables, refcount blocks and other tables are written to unused clusters, and a single
 * write to the header's first sector then switches to all of them (qcow2 specification, "Header": the offsets of the
 * L1, refcount and snapshot tables are in one sector). Finally, the replaced clusters are freed.
 *
 *     data (already in the file), all new tables in free clusters  |  header  |  freeing
 *
 * If the process or host crashes between any two file calls, the image has either the old or the new state; at worst,
 * some clusters are leaked. If the header cannot be written, neither the file nor the state in memory changes.
 */
export function commitAtomically(parts: ImageParts, change: AtomicChange): void {
  finishPending(parts);
  const { file, refcounts } = parts;
  const saved = refcounts.save();
  let copy: NewState;
  try {
    copy = writeNewTables(parts, change);
    const barrier = change.later && file.startBarrier();
    if (barrier) return commitLater(parts, copy, { barrier, before: change.later?.before });
    file.barrier({ durable: true });
    changeHeader(file, parts.header, copy.header);
  } catch (error) {
    refcounts.restore(saved);
    throw error;
  }
  applyInMemory(parts, copy);
  file.barrier({ durable: true });
  refcounts.applyDrops();
  writeRefcounts(parts);
}

export interface AtomicChange {
  /** Updates the refcounts in memory for all references that the change adds or removes. */
  count(): void;
  /**
   * The active L1 table after the change. The commit itself sets the COPIED flags and the new offsets of the tables
   * that it moves.
   */
  l1: StoredTable;
  /**
   * The number of L1 tables that will contain these entries: 2 if a new snapshot gets a copy of the active table,
   * otherwise 1.
   */
  l1Tables: 1 | 2;
  /**
   * Returns the snapshot list after the change and the new tables that it refers to. `l1` is the final L1 table.
   * Undefined if the snapshot list does not change.
   */
  snapshots?(l1: StoredTable): { entries: SnapshotEntry[]; newTables: NewTable[] };
  /**
   * If given, and if the host supports it, the commit does not wait for its barriers (see pendingCommit.ts). The header
   * is written only after `before` is done.
   */
  later?: { before?: PendingSync };
}

/** A table in newly allocated clusters; an empty table has offset 0 and no clusters. */
export interface NewTable {
  offset: number;
  bytes: Uint8Array;
}

export function allocateTable(parts: ImageParts, bytes: Uint8Array): NewTable {
  if (bytes.length === 0) return { offset: 0, bytes };
  return { offset: parts.refcounts.allocateContiguous(clustersFor(parts.layout, bytes.length)), bytes };
}

interface NewState {
  header: Partial<ChangeableFields>;
  l1: StoredTable;
  l2: MovedTable[];
  snapshots?: { entries: SnapshotEntry[]; offset: number; tableBytes: number };
}

/**
 * An L2 table before and after the commit. A table in a new cluster, to which nothing in the file refers yet, keeps
 * its offset.
 */
interface MovedTable {
  old: StoredTable;
  copy: StoredTable;
}

/**
 * Writes all tables that the new header will refer to. Until the header is written, nothing in the file refers to
 * them.
 */
function writeNewTables(parts: ImageParts, change: AtomicChange): NewState {
  const { file, header, refcounts } = parts;
  change.count();
  refcounts.applySharedDrops();
  const l2 = changedTables(parts, change.l1, change.l1Tables);
  const l1 = writeL1Copy(parts, change.l1, l2);
  const snapshots = change.snapshots && writeSnapshots(parts, change.snapshots(l1));
  writeWhole(
    file,
    l2.map(({ copy }) => copy),
  );
  l1.writeDirty(file);
  const table = refcounts.writeToNewClusters();
  const fields: Partial<ChangeableFields> = {
    l1Offset: l1.hostOffset,
    l1Entries: l1.length,
    refcountTableOffset: table.offset,
    refcountTableClusters: table.clusters,
  };
  if (snapshots) {
    Object.assign(fields, { snapshotsOffset: snapshots.offset, snapshotCount: snapshots.entries.length });
  }
  // Freeing the old clusters changes refcounts in place, so the image is marked dirty. Version 2 has no bit for this.
  if (header.version >= 3) {
    Object.assign(fields, {
      incompatibleFeatures: header.incompatibleFeatures | INCOMPATIBLE_DIRTY,
      autoclearFeatures: 0,
    });
  }
  return { l1, l2, snapshots, header: fields };
}

function writeSnapshots(
  parts: ImageParts,
  { entries, newTables }: { entries: SnapshotEntry[]; newTables: NewTable[] },
): NonNullable<NewState['snapshots']> {
  const table = allocateTable(parts, encodeSnapshotTable(parts.file, entries));
  for (const { offset, bytes } of [...newTables, table]) if (bytes.length > 0) parts.file.write(offset, bytes);
  dropTable(parts, parts.header.snapshotsOffset, parts.snapshotTableBytes);
  return { entries, offset: table.offset, tableBytes: table.bytes.length };
}

/**
 * The L2 tables under `l1` that differ from the file, including those whose COPIED flags change because of the new
 * refcounts.
 */
function changedTables(parts: ImageParts, l1: StoredTable, l1Tables: number): MovedTable[] {
  const moved = new Map<number, MovedTable>();
  for (let l1Index = 0; l1Index < l1.length; l1Index++) {
    const old = l2TableAt(parts, l1, l1Index);
    if (!old || (!parts.l2.isChanged(old) && areL2FlagsCorrect(parts, old))) continue;
    // In an unusual image, one L1 table may refer to the same L2 table twice.
    const before = moved.get(old.hostOffset);
    const table = before ?? copyTable(parts, old);
    moved.set(old.hostOffset, table);
    if (table.copy.hostOffset === old.hostOffset) continue;
    const counted = before ? 0 : 1;
    for (let i = counted; i < l1Tables; i++) parts.refcounts.add(table.copy.hostOffset);
    for (let i = 0; i < l1Tables; i++) parts.refcounts.queueDrop(old.hostOffset);
  }
  return [...moved.values()];
}

function copyTable(parts: ImageParts, old: StoredTable): MovedTable {
  const bytes = old.bytes.slice();
  const hostOffset = parts.l2.isNew(old) ? old.hostOffset : parts.refcounts.allocateContiguous(1);
  const copy = new StoredTable(bytes, hostOffset, old.entryBytes);
  setCopiedFlags(parts, copy);
  return { old, copy };
}

function setCopiedFlags(parts: ImageParts, table: StoredTable): void {
  for (let index = 0; index < table.length; index++) {
    if (table.isEmpty(index)) continue;
    const copied = isExclusive(parts, table, index);
    if (table.isCopied(index) !== copied) table.setCopied(index, copied);
  }
}

/** Writes the L1 table to new clusters if it differs from the table in the file. */
function writeL1Copy(parts: ImageParts, l1: StoredTable, moved: readonly MovedTable[]): StoredTable {
  const { header, refcounts } = parts;
  const offsets = new Map(moved.map(({ old, copy }) => [old.hostOffset, copy.hostOffset]));
  const copy = new StoredTable(l1.bytes.slice(), header.l1Offset);
  for (let index = 0; index < copy.length; index++) {
    if (copy.isEmpty(index)) continue;
    const before = copy.offset(index);
    const offset = offsets.get(before) ?? before;
    const copied = refcounts.refcountAt(offset) === 1;
    if (offset === 0) copy.setEmpty(index);
    else if (offset !== before || copied !== copy.isCopied(index)) copy.setOffset(index, offset, { copied });
  }
  if (l1 === parts.l1 && !l1.isDirty && !parts.l1Moved && !copy.isDirty) return l1;
  dropTable(parts, header.l1Offset, header.l1Entries * ENTRY_BYTES);
  const { offset } = allocateTable(parts, copy.bytes);
  const placed = new StoredTable(copy.bytes, offset);
  placed.markAllDirty();
  return placed;
}

function dropTable({ layout, refcounts }: ImageParts, offset: number, lengthBytes: number): void {
  const clusters = clustersFor(layout, lengthBytes);
  if (clusters > 0) refcounts.queueDrop(offset, clusters);
}

function commitLater(parts: ImageParts, copy: NewState, barriers: Pick<PendingCommit, 'barrier' | 'before'>): void {
  applyInMemory(parts, copy);
  parts.pending = { ...barriers, header: copy.header, dropped: parts.refcounts.takeDrops() };
}

/** Makes the state in memory match the file, which already has the new state or will get it. */
function applyInMemory(parts: ImageParts, { l1, l2, snapshots }: NewState): void {
  for (const { old, copy } of l2) parts.l2.replace(old, copy);
  parts.l1 = l1;
  parts.l1Moved = false;
  if (!snapshots) return;
  parts.snapshots = snapshots.entries;
  parts.snapshotTableBytes = snapshots.tableBytes;
}
