import {
  snapshotExists,
  snapshotMissing,
  snapshotNameBad,
  snapshotOfOtherSize,
  snapshotTooMany,
} from '../../../messages/block.ts';
import { assert } from '../../base/assert.ts';
import { isStorableSnapshotName, SNAPSHOT_NAME_BYTES_MAX } from '../../base/snapshotNames.ts';
import { type AtomicChange, commitAtomically, type NewTable, allocateTable } from './atomicCommit.ts';
import { commit, type CommitChange } from './commit.ts';
import { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { clustersFor, ENTRY_BYTES, SNAPSHOTS_MAX } from './layout.ts';
import { finishPending } from './pendingCommit.ts';
import { addReferences, referencesOf } from './references.ts';
import { encodeSnapshotTable, newSnapshotEntry, renamedEntry, type SnapshotEntry } from './snapshotTable.ts';
import { StoredTable } from './storedTable.ts';
import { imageParts } from '../../../messages/imageDamage.ts';

export interface NewSnapshot {
  /** An id that no snapshot in the image has. By default, the highest id in the image plus one. */
  id?: string;
  name: string;
  dateSeconds: number;
  dateNanoseconds: number;
  vmClockNanoseconds: number;
  vmStateSizeBytes: number;
  icount: number | undefined;
}

/** A snapshot's name, or an object with its id, such as an element of the image's list. */
export type SnapshotKey = string | { readonly id: string };

/**
 * Creates an internal snapshot of the active state. Like deleting, renaming and applying snapshots, this operation is
 * atomic: all new data is stored in unused clusters, a single write to the header commits it, and then the old clusters
 * are freed. A crash leaves either the old or the new state. All operations except renaming change which clusters of
 * the active tables are shared with snapshots, so they use atomicCommit.ts. With `later`, this function does not wait
 * until the snapshot is durable.
 */
export function createSnapshot(parts: ImageParts, newSnapshot: NewSnapshot, later?: AtomicChange['later']): void {
  checkCanAdd(parts, newSnapshot);
  commitAtomically(parts, {
    later,
    count: () => addReferences(parts, parts.l1),
    l1: parts.l1,
    l1Tables: 2,
    snapshots: (l1) => {
      const table = allocateTable(parts, l1.bytes);
      return { entries: [...parts.snapshots, newEntry(parts, newSnapshot, table)], newTables: [table] };
    },
  });
}

/** Throws if a snapshot with this name cannot be added. */
export function checkCanAdd(parts: ImageParts, { name, id }: Pick<NewSnapshot, 'name' | 'id'>): void {
  checkNewName(parts, name);
  assert(!parts.snapshots.some((snapshot) => snapshot.id === id), `there is already a snapshot with the id "${id}"`);
  if (parts.snapshots.length >= SNAPSHOTS_MAX) throw snapshotTooMany(parts.file.name, SNAPSHOTS_MAX);
}

/**
 * Adds a snapshot with a copy of `l1`, whose references are already counted. This does not change which clusters of the
 * active tables are shared.
 */
export function addSnapshotEntry(parts: ImageParts, newSnapshot: NewSnapshot, l1: EntryTable): void {
  const table = allocateTable(parts, l1.bytes.slice());
  replaceSnapshotList(parts, [...parts.snapshots, newEntry(parts, newSnapshot, table)], [table]);
}

function newEntry(parts: ImageParts, newSnapshot: NewSnapshot, l1: NewTable): SnapshotEntry {
  return newSnapshotEntry({
    ...newSnapshot,
    id: newSnapshot.id ?? String(newSnapshotId(parts.snapshots)),
    diskSizeBytes: parts.layout.diskLengthBytes,
    l1Offset: l1.offset,
    l1Entries: l1.bytes.length / ENTRY_BYTES,
  });
}

/**
 * Deletes several snapshots. Deleting several costs only slightly more than deleting one. QEMU permits several
 * snapshots with the same name: each time a name occurs in `keys`, the first remaining snapshot with that name is
 * deleted.
 */
export function deleteSnapshots(parts: ImageParts, keys: readonly SnapshotKey[]): void {
  const deleted: SnapshotEntry[] = [];
  for (const key of keys) {
    const others = parts.snapshots.filter((entry) => !deleted.includes(entry));
    deleted.push(findIn(others, key, parts.file.name));
  }
  const references = deleted.flatMap((entry) => referencesOf(parts, readSnapshotL1(parts, entry)));
  const entries = parts.snapshots.filter((entry) => !deleted.includes(entry));
  const count = () => {
    for (const hostOffset of references) parts.refcounts.queueDrop(hostOffset);
    for (const entry of deleted) {
      if (entry.l1Entries > 0) parts.refcounts.queueDrop(entry.l1Offset, l1Clusters(parts, entry.l1Entries));
    }
  };
  commitAtomically(parts, { count, l1: parts.l1, l1Tables: 1, snapshots: () => ({ entries, newTables: [] }) });
}

export function renameSnapshot(parts: ImageParts, key: SnapshotKey, to: string): void {
  const entry = findSnapshot(parts, key);
  if (entry.name === to) return;
  checkNewName(parts, to);
  const renamed = parts.snapshots.map((other) => (other === entry ? renamedEntry(entry, to) : other));
  replaceSnapshotList(parts, renamed, []);
}

/** Makes the snapshot's state the active state and drops the previously active state. */
export function applySnapshot(parts: ImageParts, key: SnapshotKey): void {
  const entry = findSnapshot(parts, key);
  checkSameSize(parts, entry);
  commit(parts, { durable: true });
  const dropped = referencesOf(parts, parts.l1);
  const l1 = readSnapshotL1(parts, entry);
  const count = () => {
    for (const hostOffset of dropped) parts.refcounts.queueDrop(hostOffset);
    // The old references are dropped before the new ones are added, so that narrow refcounts do not overflow.
    parts.refcounts.applySharedDrops();
    addReferences(parts, l1);
  };
  commitAtomically(parts, { count, l1, l1Tables: 1 });
}

export function findSnapshot(parts: ImageParts, key: SnapshotKey): SnapshotEntry {
  return findIn(parts.snapshots, key, parts.file.name);
}

function findIn(snapshots: readonly SnapshotEntry[], key: SnapshotKey, file: string): SnapshotEntry {
  if (typeof key !== 'string') {
    const entry = snapshots.find(({ id }) => id === key.id);
    assert(entry, `${file} has no snapshot with the id "${key.id}"`);
    return entry;
  }
  const entry = snapshots.find(({ name }) => name === key);
  if (entry) return entry;
  const known = snapshots.map((snapshot) => snapshot.name);
  throw snapshotMissing(file, key, known);
}

/** A copy of the snapshot's L1 table, extended, if necessary, to the length that the disk requires. */
export function readSnapshotL1(parts: ImageParts, entry: SnapshotEntry): StoredTable {
  const entries = Math.max(entry.l1Entries, parts.layout.vmStateFirstL1Index);
  const bytes = new Uint8Array(entries * ENTRY_BYTES);
  const stored = bytes.subarray(0, entry.l1Entries * ENTRY_BYTES);
  if (stored.length > 0) parts.file.readTableInto(entry.l1Offset, stored, imageParts.l1TableOf(entry.name));
  return new StoredTable(bytes, entry.l1Offset);
}

/**
 * Yields the L1 tables of all snapshots as they are stored in the file. All tables use the same memory, so a table is
 * valid only until the next one is yielded.
 */
export function* peekSnapshotL1s(parts: ImageParts): Generator<{ entry: SnapshotEntry; l1: EntryTable }> {
  let l1 = new EntryTable(new Uint8Array(0));
  for (const entry of parts.snapshots) {
    if (l1.length !== entry.l1Entries) l1 = new EntryTable(new Uint8Array(entry.l1Entries * ENTRY_BYTES));
    if (l1.length > 0) parts.file.readTableInto(entry.l1Offset, l1.bytes, imageParts.l1TableOf(entry.name));
    yield { entry, l1 };
  }
}

/**
 * Throws if the snapshot's disk and the image's disk differ in length, because the snapshot's tables then map VM state
 * at a different offset.
 */
export function checkSameSize(parts: ImageParts, entry: SnapshotEntry): void {
  if (entry.diskSizeBytes !== parts.layout.diskLengthBytes) throw snapshotOfOtherSize(parts.file.name, entry.name);
}

export function l1Clusters(parts: ImageParts, entries: number): number {
  return clustersFor(parts.layout, entries * ENTRY_BYTES);
}

/** Commits a change that affects only the snapshot list. */
function replaceSnapshotList(parts: ImageParts, entries: SnapshotEntry[], newTables: NewTable[]): void {
  finishPending(parts);
  const oldOffset = parts.header.snapshotsOffset;
  const oldClusters = clustersFor(parts.layout, parts.snapshotTableBytes);
  const bytes = encodeSnapshotTable(parts.file, entries);
  const table = allocateTable(parts, bytes);
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
  parts.refcounts.queueDrop(oldOffset, oldClusters);
  parts.refcounts.applyDrops();
  commit(parts, { durable: false });
}

function checkNewName(parts: ImageParts, name: string): void {
  if (!isStorableSnapshotName(name)) throw snapshotNameBad(parts.file.name, name, SNAPSHOT_NAME_BYTES_MAX);
  if (parts.snapshots.some((snapshot) => snapshot.name === name)) throw snapshotExists(parts.file.name, name);
}

/**
 * An id for a new snapshot: the highest existing id plus one, as in QEMU, but always higher than `above`. Other
 * programs may use any string as an id; ids that are not numbers or have more than nine digits are ignored.
 */
export function newSnapshotId(existing: Iterable<{ id: string }>, above = 0): number {
  const taken = new Set<string>();
  let highest = above;
  for (const { id } of existing) {
    taken.add(id);
    if (/^\d{1,9}$/.test(id)) highest = Math.max(highest, Number(id));
  }
  let next = highest + 1;
  while (taken.has(String(next))) next++;
  return next;
}
