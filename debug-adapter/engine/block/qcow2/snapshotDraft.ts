import { assert } from '../../base/assert.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { ENTRY_BYTES } from './layout.ts';
import { readGuest } from './readData.ts';
import { addReferences, referencesOf } from './references.ts';
import {
  addSnapshotEntry,
  checkCanAdd,
  checkSameSize,
  findSnapshot,
  type NewSnapshot,
  readSnapshotL1,
  type SnapshotKey,
} from './snapshots.ts';
import { StoredTable } from './storedTable.ts';
import { writeGuest, zeroGuest } from './writeData.ts';

export interface SnapshotDraft {
  /** Writes to the new snapshot's disk. Clusters that do not change stay shared. */
  setDisk(offset: number, bytes: Uint8Array): void;
  zeroDisk(offset: number, lengthBytes: number): void;
  setVmState(offset: number, bytes: Uint8Array): void;
  zeroVmState(offset: number, lengthBytes: number): void;
}

/**
 * Creates a snapshot of a state that is not active: another snapshot's state with some changes. The new L1 table starts
 * as a copy of the other snapshot's L1 table, with all references counted. At first, the two snapshots therefore share
 * all L2 tables and clusters; each change allocates new ones. Nothing refers to the new clusters until the snapshot
 * table is written (see commit.ts), so a crash before then only leaks clusters.
 */
export function createSnapshotFrom(
  parts: ImageParts,
  { from, wanted, fill }: { from: SnapshotKey | undefined; wanted: NewSnapshot; fill: (draft: SnapshotDraft) => void },
): void {
  checkCanAdd(parts, wanted);
  const l1 = startingL1(parts, from);
  addReferences(parts, l1);
  // The draft is the same image with a different active L1 table, so writing to it copies shared clusters.
  const draft: ImageParts = { ...parts, l1 };
  try {
    fill(draftOf(draft));
    addSnapshotEntry(parts, wanted, draft.l1);
    forgetTables(parts, draft.l1);
  } catch (error) {
    // If only the last sync failed, the snapshot exists and needs its references.
    if (parts.snapshots.some(({ name }) => name === wanted.name)) throw error;
    for (const hostOffset of referencesOf(draft, draft.l1)) parts.refcounts.dropNow(hostOffset);
    throw error;
  }
}

/**
 * Removes the L2 tables of the new snapshot from the cache: they may not be needed for a long time, and the next
 * snapshot has different tables.
 */
function forgetTables(parts: ImageParts, l1: EntryTable): void {
  for (let index = 0; index < l1.length; index++) {
    const offset = l1.offset(index);
    const isActive = index < parts.l1.length && parts.l1.offset(index) === offset;
    if (offset !== 0 && !isActive) parts.l2.remove(offset);
  }
}

function startingL1(parts: ImageParts, from: SnapshotKey | undefined): StoredTable {
  if (from === undefined) return new StoredTable(new Uint8Array(parts.layout.vmStateFirstL1Index * ENTRY_BYTES), 0);
  const entry = findSnapshot(parts, from);
  checkSameSize(parts, entry);
  return readSnapshotL1(parts, entry);
}

function draftOf(draft: ImageParts): SnapshotDraft {
  const { diskLengthBytes, vmStateOffset } = draft.layout;
  const setGuest = (offset: number, bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length; done += COMPARED_BYTES) {
      const wanted = bytes.subarray(done, done + COMPARED_BYTES);
      const now = compared().subarray(0, wanted.length);
      readGuest(draft, draft.l1, offset + done, now);
      writeDifference(draft, offset + done, { now, wanted });
    }
  };
  return {
    setDisk: (offset, bytes) => {
      assert(
        offset >= 0 && offset + bytes.length <= diskLengthBytes,
        'a write to a snapshot draft is outside the disk',
      );
      setGuest(offset, bytes);
    },
    zeroDisk: (offset, lengthBytes) => zeroGuest(draft, offset, lengthBytes),
    setVmState: (offset, bytes) => setGuest(vmStateOffset + offset, bytes),
    zeroVmState: (offset, lengthBytes) => zeroGuest(draft, vmStateOffset + offset, lengthBytes),
  };
}

/** All drafts share one buffer, because many temporary buffers would fragment the heap. */
const compared = (): Uint8Array => (sharedBuffer ??= new Uint8Array(COMPARED_BYTES));
let sharedBuffer: Uint8Array | undefined;
const COMPARED_BYTES = 1 << 20;

/**
 * Writes the clusters in `wanted` that differ from those in `now`. Clusters that contain only zeroes become holes.
 * Adjacent clusters of the same kind are written together.
 */
function writeDifference(
  draft: ImageParts,
  guestOffset: number,
  { now, wanted: bytes }: { now: Uint8Array; wanted: Uint8Array },
): void {
  let start = 0;
  let kind: Change = 'none';
  const writeRun = (end: number) => {
    if (kind === 'data') writeGuest(draft, guestOffset + start, bytes.subarray(start, end));
    if (kind === 'zeroes') zeroGuest(draft, guestOffset + start, end - start);
  };
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + bytesToClusterEnd(draft, guestOffset + at));
    const next = changeOf(now.subarray(at, end), bytes.subarray(at, end));
    if (next !== kind) {
      writeRun(at);
      [start, kind] = [at, next];
    }
    at = end;
  }
  writeRun(bytes.length);
}

type Change = 'none' | 'data' | 'zeroes';

function changeOf(now: Uint8Array, wanted: Uint8Array): Change {
  let isSame = true;
  let isZero = true;
  for (let i = 0; i < wanted.length && (isSame || isZero); i++) {
    if (wanted[i] !== now[i]) isSame = false;
    if (wanted[i] !== 0) isZero = false;
  }
  if (isSame) return 'none';
  return isZero ? 'zeroes' : 'data';
}

function bytesToClusterEnd({ layout }: ImageParts, guestOffset: number): number {
  return layout.clusterSizeBytes - (guestOffset % layout.clusterSizeBytes);
}
