import {
  snapshotExists,
  snapshotMissing,
  snapshotNameBad,
  snapshotOfOtherSize,
  snapshotTooMany,
} from '../../errors/block.ts';
import { commit, type CommitChange } from './commit.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { clustersFor, ENTRY_BYTES, SNAPSHOTS_MAX } from './layout.ts';
import { addReferences, rebuildCopiedFlags, referencesOf } from './references.ts';
import { encodeSnapshotTable, type SnapshotEntry } from './snapshotTable.ts';
import { StoredTable } from './storedTable.ts';

/**
 * Taking, deleting, renaming and applying internal snapshots. Each is atomic: everything new (the snapshot's L1 table,
 * the snapshot table, the active L1 table when it changed) is written to free clusters, then one write of the header
 * makes it the truth, then the old clusters are freed. A crash shows the state before or the state after.
 */
export interface NewSnapshot {
  name: string;
  dateSeconds: number;
  dateNanoseconds: number;
  vmClockNanoseconds: number;
  vmStateSizeBytes: number;
  icount: number | undefined;
}

export function createSnapshot(parts: ImageParts, wanted: NewSnapshot): void {
  checkRoomFor(parts, wanted.name);
  const added = addReferences(parts, parts.l1);
  try {
    rebuildCopiedFlags(parts, parts.l1);
    // A changed L1 table moves along with this header switch, which saves the barrier for changing it in place.
    if (parts.l1.isDirty) parts.l1Moved = true;
    addEntry(parts, wanted, parts.l1);
  } catch (error) {
    // When only the last sync failed the snapshot is there, and its references count.
    if (parts.snapshots.some(({ name }) => name === wanted.name)) throw error;
    for (const hostOffset of added) parts.refcounts.dropNow(hostOffset);
    rebuildCopiedFlags(parts, parts.l1);
    throw error;
  }
}

/** Whether a snapshot of that name can be added. */
export function checkRoomFor(parts: ImageParts, name: string): void {
  checkNewName(parts, name);
  if (parts.snapshots.length >= SNAPSHOTS_MAX) throw snapshotTooMany(parts.file.name, SNAPSHOTS_MAX);
}

/** Lists a copy of `l1`, all of whose references are counted, as a snapshot. */
export function addEntry(parts: ImageParts, wanted: NewSnapshot, l1: EntryTable): void {
  const table = placeTable(parts, l1.bytes.slice());
  const entry: SnapshotEntry = {
    ...wanted,
    id: nextId(parts),
    diskSizeBytes: parts.layout.diskLengthBytes,
    l1Offset: table.offset,
    l1Entries: l1.length,
    unknownExtra: new Uint8Array(0),
  };
  switchSnapshots(parts, [...parts.snapshots, entry], [table]);
}

/**
 * Several at once cost hardly more than one. QEMU lets two snapshots have one name: each mention of a name deletes one
 * of them, the first first.
 */
export function deleteSnapshots(parts: ImageParts, names: string[]): void {
  const deleted: SnapshotEntry[] = [];
  for (const name of names) {
    const others = parts.snapshots.filter((entry) => !deleted.includes(entry));
    deleted.push(findIn(others, name, parts.file.name));
  }
  const references = deleted.map((entry) => referencesOf(parts, readSnapshotL1(parts, entry)));
  const rest = parts.snapshots.filter((entry) => !deleted.includes(entry));
  switchSnapshots(parts, rest, []);
  for (const hostOffset of references.flat()) parts.refcounts.dropLater(hostOffset);
  for (const entry of deleted) {
    if (entry.l1Entries > 0) parts.refcounts.dropLater(entry.l1Offset, clustersOfL1(parts, entry.l1Entries));
  }
  parts.refcounts.applyDrops();
  // Clusters that only the active table refers to now may be overwritten in place again.
  rebuildCopiedFlags(parts, parts.l1);
  commit(parts, { durable: false });
}

export function renameSnapshot(parts: ImageParts, from: string, to: string): void {
  const entry = findSnapshot(parts, from);
  if (from === to) return;
  checkNewName(parts, to);
  const renamed = parts.snapshots.map((other) => (other === entry ? { ...entry, name: to } : other));
  switchSnapshots(parts, renamed, []);
}

/** The snapshot becomes the active state; what was active is dropped. */
export function applySnapshot(parts: ImageParts, name: string): void {
  const entry = findSnapshot(parts, name);
  checkSameSize(parts, entry);
  commit(parts, { durable: true });
  const dropped = referencesOf(parts, parts.l1);
  const before = parts.l1;
  const l1 = readSnapshotL1(parts, entry);
  const added = addReferences(parts, l1);
  try {
    parts.l1 = l1;
    parts.l1Moved = true;
    rebuildCopiedFlags(parts, l1);
    commit(parts, { durable: true });
  } catch (error) {
    if (!parts.l1Moved) throw error; // Only the last sync failed: the snapshot is the active state.
    parts.l1 = before;
    parts.l1Moved = false;
    for (const hostOffset of added) parts.refcounts.dropNow(hostOffset);
    throw error;
  }
  for (const hostOffset of dropped) parts.refcounts.dropLater(hostOffset);
  parts.refcounts.applyDrops();
  commit(parts, { durable: false });
}

export function findSnapshot(parts: ImageParts, name: string): SnapshotEntry {
  return findIn(parts.snapshots, name, parts.file.name);
}

function findIn(snapshots: readonly SnapshotEntry[], name: string, file: string): SnapshotEntry {
  const entry = snapshots.find((snapshot) => snapshot.name === name);
  if (entry) return entry;
  const known = snapshots.map((snapshot) => snapshot.name);
  throw snapshotMissing(file, name, known);
}

/** A copy of the snapshot's L1 table, at least as long as the disk needs. */
export function readSnapshotL1(parts: ImageParts, entry: SnapshotEntry): StoredTable {
  const entries = Math.max(entry.l1Entries, parts.layout.vmStateFirstL1Index);
  const bytes = new Uint8Array(entries * ENTRY_BYTES);
  const what = `the L1 table of snapshot "${entry.name}"`;
  if (entry.l1Entries > 0) bytes.set(parts.file.readTable(entry.l1Offset, entry.l1Entries * ENTRY_BYTES, what));
  return new StoredTable(bytes, entry.l1Offset);
}

/** Tables of a disk of another length would put VM state in another place. */
export function checkSameSize(parts: ImageParts, entry: SnapshotEntry): void {
  if (entry.diskSizeBytes !== parts.layout.diskLengthBytes) throw snapshotOfOtherSize(parts.file.name, entry.name);
}

export function clustersOfL1(parts: ImageParts, entries: number): number {
  return clustersFor(parts.layout, entries * ENTRY_BYTES);
}

function switchSnapshots(parts: ImageParts, entries: SnapshotEntry[], newTables: NewTable[]): void {
  const oldOffset = parts.header.snapshotsOffset;
  const oldClusters = clustersFor(parts.layout, parts.snapshotTableBytes);
  const bytes = encodeSnapshotTable(entries);
  const table = placeTable(parts, bytes);
  const change: CommitChange = {
    newTables: [...newTables, table],
    snapshots: { offset: table.offset, count: entries.length },
  };
  try {
    commit(parts, { durable: true, change });
  } finally {
    if (parts.header.snapshotsOffset === table.offset && parts.header.snapshotCount === entries.length) {
      parts.snapshots = entries;
      parts.snapshotTableBytes = bytes.length;
    }
  }
  if (oldClusters === 0) return;
  parts.refcounts.dropLater(oldOffset, oldClusters);
  parts.refcounts.applyDrops();
  commit(parts, { durable: false });
}

type NewTable = { offset: number; bytes: Uint8Array };

/** An empty table takes no cluster and lies nowhere. */
function placeTable(parts: ImageParts, bytes: Uint8Array): NewTable {
  if (bytes.length === 0) return { offset: 0, bytes };
  return { offset: parts.refcounts.allocateContiguous(clustersFor(parts.layout, bytes.length)), bytes };
}

function checkNewName(parts: ImageParts, name: string): void {
  const bytes = new TextEncoder().encode(name).length;
  // QEMU keeps 255 bytes of a name; a longer one could not be told from another there.
  // eslint-disable-next-line no-control-regex
  if (bytes === 0 || bytes > 255 || /[\u0000-\u001f\u007f]/.test(name)) throw snapshotNameBad(parts.file.name, name);
  if (parts.snapshots.some((snapshot) => snapshot.name === name)) throw snapshotExists(parts.file.name, name);
}

function nextId(parts: ImageParts): string {
  const numbers = parts.snapshots.map(({ id }) => Number(id)).filter(Number.isSafeInteger);
  return String(numbers.reduce((highest, id) => Math.max(highest, id), 0) + 1);
}
