import { assert } from '../base/assert.ts';
import type { PendingSync } from '../base/host.ts';
import type { SnapshotInfo as ListedSnapshot, Qcow2Image, SnapshotKey } from '../block/qcow2/image.ts';
import { newSnapshotId } from '../block/qcow2/snapshots.ts';
import type { SnapshotView } from '../block/qcow2/snapshotView.ts';
import { snapshotExists } from '../../messages/block.ts';
import { snapshotUnknown } from '../../messages/snapshots.ts';
import { UserError } from '../../messages/userError.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import { listSnapshots, type SnapshotId, type SnapshotInfo, snapshotInfo } from './snapshotInfo.ts';
import { isBlkreplayState } from './vmState.ts';

/**
 * The images with one recording's snapshots: each drive's overlay, and the image with the machine state. A snapshot has
 * the same id and name in all of them. Its entry in the image with the machine state is its commit record: it is added
 * last and deleted first, so that every listed snapshot is complete. If the process is killed, some images may have
 * entries that the image with the machine state lacks. These entries are deleted or renamed when the images are next
 * opened, so that a snapshot exists in all images or in none.
 *
 * In overlays from earlier builds, each image has its own ids. The id of a snapshot is then the id in the image with
 * the machine state, and its entries in the other images are found by name and position.
 */
export class SnapshotImages {
  /** The image with the machine state: the first writable drive's overlay, or a state-only image. */
  readonly state: SnapshotImage;
  /** All images. The image with the machine state is the last one. */
  private images: readonly SnapshotImage[];
  private first: string | undefined;
  private cachedList: SnapshotInfo[] | undefined;
  /** For each snapshot checked so far, whether its machine state is readable. */
  private readonly readable = new Map<SnapshotId, boolean>();
  private complete: SnapshotInfo[] | undefined;
  /** The highest number that has been used as an id. */
  private lastId = 0;
  /** Pending cleanup steps for a failed change. */
  private pendingCleanup: (() => void)[] = [];

  /**
   * `first` is the name of the recording's first snapshot: in a user's image, it identifies this recording's snapshots.
   */
  constructor(state: SnapshotImage, all: readonly SnapshotImage[], first?: string) {
    this.state = state;
    this.first = state.isShared ? first : undefined;
    this.images = [...all.filter((image) => image !== state), state];
    this.lastId = this.nextId() - 1;
  }

  /** The snapshots in order of position. */
  list(): readonly SnapshotInfo[] {
    return (this.cachedList ??= listSnapshots(this.state.image, this.first));
  }

  /** Throws a UserError if there is no snapshot with this name. */
  named(name: string): SnapshotInfo {
    const named = this.list().find((snapshot) => snapshot.name === name);
    if (named) return named;
    const known = this.list().map((snapshot) => snapshot.name);
    throw snapshotUnknown(name, known);
  }

  /** The snapshot with this id. In a user's image, it may belong to another recording. */
  find(id: SnapshotId): SnapshotInfo | undefined {
    const entry = this.state.image.snapshots.list.find((each) => each.id === id);
    return entry && snapshotInfo(entry);
  }

  /** Opens the snapshot in a drive's image, or in the image with the machine state. */
  open(id: SnapshotId, driveId?: string): SnapshotView {
    const snapshot = this.find(id);
    assert(snapshot, `there is no snapshot with the id "${id}"`);
    const from = driveId === undefined ? this.state : this.images.find((image) => image.driveId === driveId);
    assert(from, `the drive ${driveId} has no snapshots`);
    return from.image.snapshots.open(entryKey(from.image, snapshot));
  }

  /** The snapshots that exist in every image and have a readable machine state. */
  completeSnapshots(): readonly SnapshotInfo[] {
    return (this.complete ??= this.findComplete());
  }

  private findComplete(): SnapshotInfo[] {
    // Build the set of names only once for each image, because an image may have thousands of snapshots.
    const listed = this.images.map(
      ({ image }) => new Set(image.snapshots.list.map(({ name, icount }) => `${icount} ${name}`)),
    );
    return this.list().filter(({ id, name, position }) => {
      const key = `${position} ${name}`;
      return listed.every((entries) => entries.has(key)) && this.hasReadableState(id);
    });
  }

  /** Each snapshot is checked only once, because the check reads its whole machine state. */
  private hasReadableState(id: SnapshotId): boolean {
    let isReadable = this.readable.get(id);
    if (isReadable === undefined) {
      isReadable = isBlkreplayState(this.state.image.snapshots.open({ id }));
      this.readable.set(id, isReadable);
    }
    return isReadable;
  }

  /**
   * Completes or undoes changes that were interrupted because the process was killed. Files that cannot be written stay
   * unchanged.
   */
  repair(): void {
    const listed = this.list();
    for (const snapshotImage of this.images) {
      if (!this.mayRepair(snapshotImage) || unlistedSnapshots(snapshotImage.image, listed).length === 0) continue;
      try {
        snapshotImage.withWritable((image) => repair(image, listed));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }
    this.complete = undefined;
  }

  /**
   * Adds a snapshot; `work` creates its entry in each image. If this fails for one image, no image keeps the snapshot.
   * If `later` is given, `work` may create the entries without waiting until they are durable.
   */
  add(name: string, work: (image: Qcow2Image, entry: NewEntry) => void, later?: Later): SnapshotId {
    this.runPendingCleanup();
    this.refuseExisting(name);
    this.lastId = this.nextId();
    const id = String(this.lastId);
    this.change(
      (image, of) => {
        const isStateImage = of === this.state;
        const before = later && (isStateImage ? this.afterOthers(later.before) : later.before);
        work(image, { id, isStateImage, driveId: of.driveId, later: before && { before } });
      },
      this.images,
      (image) => {
        if (image.snapshots.list.some((entry) => entry.id === id)) image.snapshots.delete({ id });
      },
    );
    return id;
  }

  /** Does the next part of the work that makes new snapshots durable, if that is possible without waiting. */
  continuePending(): void {
    for (const { image } of this.images) image.snapshots.continuePending();
  }

  /** The entry in the image with the machine state becomes durable last. */
  private afterOthers(before: PendingSync): PendingSync {
    const others = this.images.filter((each) => each !== this.state).map(({ image }) => image.snapshots);
    return {
      isDone: () => others.map((each) => each.continuePending()).every((isDone) => isDone) && before.isDone(),
      wait: () => {
        before.wait();
        for (const each of others) each.finishPending();
      },
    };
  }

  /**
   * Deletes snapshots, first from the image with the machine state. If the deletion fails for another image, it is
   * retried later.
   */
  delete(ids: readonly SnapshotId[]): void {
    this.runPendingCleanup();
    const deleted = ids.flatMap((id) => this.find(id) ?? []);
    const remove = (image: Qcow2Image): void =>
      image.snapshots.deleteMany([...new Set(deleted.flatMap((snapshot) => entryIn(image, snapshot) ?? []))]);
    const [state, ...others] = [...this.images].reverse();
    this.change(remove, [state]);
    this.change(remove, others, remove);
  }

  rename(id: SnapshotId, to: string): void {
    this.runPendingCleanup();
    this.refuseExisting(to);
    const before = this.find(id);
    if (!before) return;
    const renameIn = (image: Qcow2Image, snapshot: SnapshotInfo, name: string): void => {
      const entry = entryIn(image, snapshot);
      if (entry) image.snapshots.rename(entry, name);
    };
    this.change(
      (image) => renameIn(image, before, to),
      this.images,
      (image) => renameIn(image, { ...before, name: to }, before.name),
    );
  }

  /** Restores the snapshot's disks and makes its VM state active. */
  apply(id: SnapshotId): void {
    const snapshot = this.find(id);
    assert(snapshot, `there is no snapshot with the id "${id}"`);
    this.change((image) => image.snapshots.apply(entryKey(image, snapshot)));
  }

  /** An id that no snapshot in any image has, and that no snapshot has had since the files were opened. */
  private nextId(): number {
    return newSnapshotId(
      this.images.flatMap(({ image }) => image.snapshots.list),
      this.lastId,
    );
  }

  /**
   * Whether entries that the state image lacks may be deleted. In a user's image, they must not be deleted, because the
   * user's own snapshots would look like the remains of a killed session.
   */
  private mayRepair(snapshotImage: SnapshotImage): boolean {
    return snapshotImage !== this.state && !snapshotImage.isShared;
  }

  private refuseExisting(name: string): void {
    const taken = this.images.find(({ image }) => image.snapshots.list.some((entry) => entry.name === name));
    if (taken) throw snapshotExists(taken.image.name, name);
  }

  /**
   * Changes the images one after another. If one change fails, `undo` reverts the changes made so far, immediately or
   * before the next change.
   */
  private change(
    work: (image: Qcow2Image, of: SnapshotImage) => void,
    order: readonly SnapshotImage[] = this.images,
    undo?: (image: Qcow2Image) => void,
  ): void {
    const tried: SnapshotImage[] = [];
    try {
      for (const each of order) {
        tried.unshift(each);
        each.withWritable((image) => work(image, each));
      }
    } catch (error) {
      if (undo) this.pendingCleanup.push(...tried.map((each) => () => each.withWritable(undo)));
      trySucceeds(() => this.runPendingCleanup());
      throw error;
    } finally {
      this.cachedList = undefined;
      this.complete = undefined;
    }
  }

  /** Called before a change. Reverts the incomplete changes that an earlier failure or a killed process left behind. */
  private runPendingCleanup(): void {
    if (this.pendingCleanup.length > 0) {
      this.pendingCleanup = this.pendingCleanup.filter((step) => !trySucceeds(step));
      this.cachedList = undefined;
    }
    this.repair();
  }
}

/** The entry of a new snapshot in one image. */
export interface NewEntry {
  id: SnapshotId;
  isStateImage: boolean;
  /** Undefined in a state-only image. */
  driveId: string | undefined;
  later: Later | undefined;
}

/** How a snapshot is added without waiting until it is durable: `before` becomes durable earlier. */
export interface Later {
  before: PendingSync;
}

/** A snapshot's entry in an image. A user's image may have several entries with the same name. */
function entryIn(image: Qcow2Image, { id, name, position }: SnapshotInfo): ListedSnapshot | undefined {
  const entries = image.snapshots.list.filter((entry) => entry.name === name && (entry.icount ?? 0) === position);
  return entries.find((entry) => entry.id === id) ?? entries[0];
}

/**
 * The key of a snapshot for an operation on an image. If the image has no entry for the snapshot, the key is the name,
 * which the operation then reports as missing.
 */
export const entryKey = (image: Qcow2Image, snapshot: SnapshotInfo): SnapshotKey =>
  entryIn(image, snapshot) ?? snapshot.name;

/** Returns false if the step fails. The caller retries it later; the original failure has been reported. */
function trySucceeds(step: () => void): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a drive's overlay list the same snapshots as the state image, in case the process was killed between changing
 * the two. If an unlisted snapshot has the id and position of a missing one, a rename was interrupted, so the snapshot
 * gets the listed name. Earlier builds used a different id in each image; the position is then enough to identify the
 * snapshot, because each position has only one state.
 */
function repair(image: Qcow2Image, listed: readonly SnapshotInfo[]): void {
  for (const entry of unlistedSnapshots(image, listed)) {
    const names = new Set(image.snapshots.list.map(({ name }) => name));
    const missing = listed.filter(({ name, position }) => position === entry.icount && !names.has(name));
    const renamed = missing.find(({ id }) => id === entry.id) ?? missing.at(0);
    if (renamed) image.snapshots.rename(entry, renamed.name);
    else image.snapshots.delete(entry);
  }
}

function unlistedSnapshots(image: Qcow2Image, listed: readonly SnapshotInfo[]) {
  const names = new Set(listed.map(({ name }) => name));
  return image.snapshots.list.filter(({ name }) => !names.has(name));
}
