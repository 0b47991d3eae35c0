import type { Qcow2Image } from '../block/qcow2/image.ts';
import { snapshotExists } from '../../messages/block.ts';
import { UserError } from '../../messages/userError.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import { listSnapshots, type SnapshotInfo } from './snapshotInfo.ts';
import { isBlkreplayState } from './vmState.ts';

/**
 * The images with one recording's snapshots: each drive's overlay, and the image with the machine state. A snapshot has
 * the same name in all of them. Its entry in the image with the machine state is its commit record: it is added last
 * and deleted first, so that every listed snapshot is complete. If the process is killed, some images may have entries
 * that the image with the machine state lacks. These entries are deleted or renamed when the images are next opened, so
 * that a snapshot exists in all images or in none.
 */
export class SnapshotImages {
  /** The image with the machine state: the first writable drive's overlay, or a state-only image. */
  readonly state: SnapshotImage;
  /** All images. The image with the machine state is the last one. */
  private images: readonly SnapshotImage[];
  private first: string | undefined;
  private cachedList: SnapshotInfo[] | undefined;
  /** Whether the machine state in a snapshot is readable. The keys consist of the snapshot's position and name. */
  private readonly readable = new Map<string, boolean>();
  private complete: SnapshotInfo[] | undefined;
  /** Pending cleanup steps for a failed change. */
  private pendingCleanup: (() => void)[] = [];

  /**
   * `first` is the name of the recording's first snapshot: in a user's image, it identifies this recording's snapshots.
   */
  constructor(state: SnapshotImage, all: readonly SnapshotImage[], first?: string) {
    this.state = state;
    this.first = state.isShared ? first : undefined;
    this.images = [...all.filter((image) => image !== state), state];
  }

  /** The snapshots in order of position. */
  list(): readonly SnapshotInfo[] {
    return (this.cachedList ??= listSnapshots(this.state.image, this.first));
  }

  /** The snapshots that every image has, with a readable machine state. */
  completeSnapshots(): readonly SnapshotInfo[] {
    return (this.complete ??= this.findComplete());
  }

  private findComplete(): SnapshotInfo[] {
    // Build the set of names only once for each image, because an image may have thousands of snapshots.
    const listed = this.images.map(
      ({ image }) => new Set(image.snapshots.list.map(({ name, icount }) => `${icount} ${name}`)),
    );
    return this.list().filter(({ name, position }) => {
      const key = `${position} ${name}`;
      return listed.every((entries) => entries.has(key)) && this.hasReadableState(key, name);
    });
  }

  /** Each snapshot is checked only once, because the check reads its state. */
  private hasReadableState(key: string, name: string): boolean {
    let isReadable = this.readable.get(key);
    if (isReadable === undefined) {
      isReadable = isBlkreplayState(this.state.image.snapshots.open(name));
      this.readable.set(key, isReadable);
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
   */
  add(name: string, work: ImageChange): void {
    this.runPendingCleanup();
    this.refuseExisting(name);
    this.change(work, this.images, (image) => {
      if (has(image, name)) image.snapshots.delete(name);
    });
  }

  /**
   * Deletes snapshots, first from the image with the machine state. If the deletion fails for another image, it is
   * retried later.
   */
  delete(names: readonly string[]): void {
    this.runPendingCleanup();
    const remove = (image: Qcow2Image): void => image.snapshots.deleteMany(names.filter((name) => has(image, name)));
    const [state, ...others] = [...this.images].reverse();
    this.change(remove, [state]);
    this.change(remove, others, remove);
  }

  rename(from: string, to: string): void {
    this.runPendingCleanup();
    this.refuseExisting(to);
    const renameIn = (image: Qcow2Image, before: string, after: string): void => {
      if (has(image, before)) image.snapshots.rename(before, after);
    };
    this.change(
      (image) => renameIn(image, from, to),
      this.images,
      (image) => renameIn(image, to, from),
    );
  }

  /** Restores the snapshot's disks and makes its VM state active. */
  apply(name: string): void {
    this.change((image) => image.snapshots.apply(name));
  }

  /**
   * Whether entries that the state image lacks may be deleted. In a user's image, they must not be deleted, because the
   * user's own snapshots would look like the remains of a killed session.
   */
  private mayRepair(snapshotImage: SnapshotImage): boolean {
    return snapshotImage !== this.state && !snapshotImage.isShared;
  }

  private refuseExisting(name: string): void {
    const taken = this.images.find(({ image }) => has(image, name));
    if (taken) throw snapshotExists(taken.image.name, name);
  }

  /**
   * Changes one image after the other. If one change fails, `undo` reverts the changes made so far, immediately or
   * before the next change.
   */
  private change(
    work: ImageChange,
    order: readonly SnapshotImage[] = this.images,
    undo?: (image: Qcow2Image) => void,
  ): void {
    const tried: SnapshotImage[] = [];
    try {
      for (const each of order) {
        tried.unshift(each);
        each.withWritable((image) => work(image, each === this.state, each.driveId));
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

type ImageChange = (image: Qcow2Image, isStateImage: boolean, driveId: string | undefined) => void;

const has = (image: Qcow2Image, name: string): boolean =>
  image.snapshots.list.some((snapshot) => snapshot.name === name);

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
 * the two. Each position has only one state, so an unlisted snapshot at the position of a missing snapshot is the
 * missing snapshot under its previous or intended name.
 */
function repair(image: Qcow2Image, listed: readonly SnapshotInfo[]): void {
  for (const { name, icount } of unlistedSnapshots(image, listed)) {
    const missing = listed.find(
      (other) => other.position === icount && !image.snapshots.list.some(({ name }) => name === other.name),
    );
    if (missing) image.snapshots.rename(name, missing.name);
    else image.snapshots.delete(name);
  }
}

function unlistedSnapshots(image: Qcow2Image, listed: readonly SnapshotInfo[]) {
  const names = new Set(listed.map(({ name }) => name));
  return image.snapshots.list.filter(({ name }) => !names.has(name));
}
