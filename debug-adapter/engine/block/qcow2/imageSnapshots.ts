import type { PendingSync } from '../../base/host.ts';
import { assert } from '../../base/assert.ts';
import { checkSnapshotSpace } from './checkSnapshotSpace.ts';
import type { ImageParts } from './imageParts.ts';
import { checkWritable } from './openParts.ts';
import { createSnapshotFrom, type SnapshotDraft } from './snapshotDraft.ts';
import { continuePending, finishPending } from './pendingCommit.ts';
import * as snapshots from './snapshots.ts';
import type { SnapshotEntry } from './snapshotTable.ts';
import { openSnapshotView, type SnapshotView } from './snapshotView.ts';

/** A snapshot as listed in the snapshot table. */
export type SnapshotInfo = snapshots.NewSnapshot & { readonly id: string; diskSizeBytes: number };

export type { SnapshotKey } from './snapshots.ts';

/**
 * The internal snapshots of an image. Every operation except `createLater` is durable when it returns. Operations on an
 * existing snapshot take its name or an object with its id, such as an element of `list`.
 */
export class ImageSnapshots {
  private readonly parts: ImageParts;
  private readonly writable: boolean;
  private listed: { entries: readonly SnapshotEntry[]; snapshots: readonly SnapshotInfo[] } | undefined;

  /** `sameFile` belongs to another open image of the same file. Its list is reused. */
  constructor(parts: ImageParts, { writable, sameFile }: { writable: boolean; sameFile?: ImageSnapshots }) {
    this.parts = parts;
    this.writable = writable;
    this.listed = sameFile?.listed;
  }

  /**
   * All snapshots. An image may have thousands of snapshots, so the list and its elements are recreated only if they
   * change.
   */
  get list(): readonly SnapshotInfo[] {
    const { snapshots: entries } = this.parts;
    const before = this.listed;
    if (before?.entries === entries) return before.snapshots;
    const snapshots = entries.map((entry, i) => (entry === before?.entries[i] ? before.snapshots[i] : infoOf(entry)));
    this.listed = { entries, snapshots };
    return snapshots;
  }

  /**
   * Saves the current disk and VM state as a named snapshot. The cost depends on how much changed since the last
   * snapshot.
   */
  create(snapshot: snapshots.NewSnapshot): void {
    this.checkWritable();
    snapshots.createSnapshot(this.parts, snapshot);
  }

  /**
   * Like `create`, but does not wait until the snapshot is durable, if the host supports that. If the process or host
   * crashes before then, the snapshot is lost. The snapshot becomes durable during later calls to `continuePending`,
   * after `before` is done, or with the next operation that makes something durable.
   */
  createLater(snapshot: snapshots.NewSnapshot, before?: PendingSync): void {
    this.checkWritable();
    snapshots.createSnapshot(this.parts, snapshot, { before });
  }

  /**
   * Performs the pending steps that make snapshots durable, as far as possible without waiting. Returns whether all of
   * them are durable.
   */
  continuePending(): boolean {
    return continuePending(this.parts);
  }

  /** Waits until all snapshots are durable. */
  finishPending(): void {
    finishPending(this.parts);
  }

  /**
   * Creates a snapshot of a state that is not active: the state of snapshot `from` (or an empty state if undefined)
   * plus the changes made by `fill`. The active state stays unchanged. The cost depends on how much `fill` changes.
   */
  createFrom(
    from: snapshots.SnapshotKey | undefined,
    wanted: snapshots.NewSnapshot,
    fill: (draft: SnapshotDraft) => void,
  ): void {
    this.checkWritable();
    createSnapshotFrom(this.parts, { from, wanted, fill });
  }

  /**
   * Checks whether a snapshot could be created after the given ones have been deleted. If not, throws the error that
   * creating it would cause. Also works on a read-only image.
   */
  checkSpace(name: string, gone: readonly snapshots.SnapshotKey[] = []): void {
    checkWritable(this.parts);
    checkSnapshotSpace(this.parts, name, gone);
  }

  delete(key: snapshots.SnapshotKey): void {
    this.deleteMany([key]);
  }

  /** Deletes several snapshots. Deleting several costs only slightly more than deleting one. */
  deleteMany(keys: readonly snapshots.SnapshotKey[]): void {
    this.checkWritable();
    snapshots.deleteSnapshots(this.parts, keys);
  }

  rename(key: snapshots.SnapshotKey, to: string): void {
    this.checkWritable();
    snapshots.renameSnapshot(this.parts, key, to);
  }

  /**
   * Makes the snapshot's disk and VM state the active state. The previous active state is lost unless another snapshot
   * contains it.
   */
  apply(key: snapshots.SnapshotKey): void {
    this.checkWritable();
    snapshots.applySnapshot(this.parts, key);
  }

  /** Opens a read-only view of a snapshot. The view is valid until the snapshot is deleted or the image is closed. */
  open(key: snapshots.SnapshotKey): SnapshotView {
    return openSnapshotView(this.parts, key);
  }

  private checkWritable(): void {
    assert(this.writable, `${this.parts.file.name} is open read-only`);
  }
}

function infoOf({ l1Offset: _, l1Entries: __, encoded: ___, ...info }: SnapshotEntry): SnapshotInfo {
  return info;
}
