import type { Qcow2Image } from '../block/qcow2/image.ts';
import { snapshotExists } from '../errors/block.ts';
import { UserError } from '../errors/userError.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import { listSnapshots, type SnapshotInfo } from './snapshotInfo.ts';
import { isStateOfOurs } from './vmState.ts';

/**
 * The images that keep one recording's snapshots: each drive's overlay, and the one that has the machine's state in it,
 * under one name each. Its entry in the image with the state is the snapshot's commit record: it comes last and goes
 * first, so that whatever is listed there is whole. What a kill left in the others alone is cleared away, or gets its
 * right name, when they are opened the next time: a snapshot is there in all of them or in none.
 */
export class SnapshotImages {
  /** Has the machine's state: the first writable drive's overlay, or a state-only image. */
  readonly state: SnapshotImage;
  /** The image with the state is the last. */
  private images: readonly SnapshotImage[];
  private first: string | undefined;
  private listed: SnapshotInfo[] | undefined;
  /** By position and name: whether the state in it can be read. */
  private readonly readable = new Map<string, boolean>();
  private whole: SnapshotInfo[] | undefined;
  /** What a failed change left to be done. */
  private unsettled: (() => void)[] = [];

  /** `first` is the recording's first snapshot: in an image of the user's it tells which are this recording's. */
  constructor(state: SnapshotImage, all: readonly SnapshotImage[], first?: string) {
    this.state = state;
    this.first = state.isShared ? first : undefined;
    this.images = [...all.filter((image) => image !== state), state];
  }

  /** What there is, in order of position. */
  list(): readonly SnapshotInfo[] {
    return (this.listed ??= listSnapshots(this.state.image, this.first));
  }

  /** Those that every image has, with a machine's state that can be read. */
  wholeOnes(): readonly SnapshotInfo[] {
    return (this.whole ??= this.findWhole());
  }

  private findWhole(): SnapshotInfo[] {
    // Each image's list is made once: there may be thousands in it.
    const kept = this.images.map(
      ({ image }) => new Set(image.snapshots.map(({ name, icount }) => `${icount} ${name}`)),
    );
    return this.list().filter(({ name, position }) => {
      const key = `${position} ${name}`;
      return kept.every((entries) => entries.has(key)) && this.hasReadableState(key, name);
    });
  }

  /** Looked at once each: it costs a read of the state. */
  private hasReadableState(key: string, name: string): boolean {
    let isReadable = this.readable.get(key);
    if (isReadable === undefined) {
      isReadable = isStateOfOurs(this.state.image.openSnapshot(name));
      this.readable.set(key, isReadable);
    }
    return isReadable;
  }

  /** After opening: finishes or undoes what a kill interrupted. Files that cannot be written stay as they are. */
  mend(): void {
    const kept = this.list();
    for (const snapshotImage of this.images) {
      if (!this.mayMend(snapshotImage) || strays(snapshotImage.image, kept).length === 0) continue;
      try {
        snapshotImage.change((image) => mend(image, kept));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }
    this.whole = undefined;
  }

  /** A new snapshot, whose entry in each image `work` makes. When one of them cannot have it, none of them keeps it. */
  add(name: string, work: ImageChange): void {
    this.settle();
    this.refuseTaken(name);
    this.change(work, this.images, (image) => {
      if (has(image, name)) image.deleteSnapshot(name);
    });
  }

  /** The image with the state loses its entry first. Where another one fails to, that is made up for later. */
  delete(names: readonly string[]): void {
    this.settle();
    const remove = (image: Qcow2Image): void => image.deleteSnapshots(names.filter((name) => has(image, name)));
    const [state, ...others] = [...this.images].reverse();
    this.change(remove, [state]);
    this.change(remove, others, remove);
  }

  rename(from: string, to: string): void {
    this.settle();
    this.refuseTaken(to);
    const renameIn = (image: Qcow2Image, before: string, after: string): void => {
      if (has(image, before)) image.renameSnapshot(before, after);
    };
    this.change(
      (image) => renameIn(image, from, to),
      this.images,
      (image) => renameIn(image, to, from),
    );
  }

  /** The disks, and what the active VM state is, become the snapshot's. */
  apply(name: string): void {
    this.change((image) => image.applySnapshot(name));
  }

  /** What the user keeps in an image of theirs looks like what a kill left. */
  private mayMend(snapshotImage: SnapshotImage): boolean {
    return snapshotImage !== this.state && !snapshotImage.isShared;
  }

  private refuseTaken(name: string): void {
    const taken = this.images.find(({ image }) => has(image, name));
    if (taken) throw snapshotExists(taken.image.name, name);
  }

  /** In one image after the other. After a failure `undo` takes back what is there already, now or before the next change. */
  private change(
    work: ImageChange,
    order: readonly SnapshotImage[] = this.images,
    undo?: (image: Qcow2Image) => void,
  ): void {
    const tried: SnapshotImage[] = [];
    try {
      for (const each of order) {
        tried.unshift(each);
        each.change((image) => work(image, each === this.state, each.driveId));
      }
    } catch (error) {
      if (undo) this.unsettled.push(...tried.map((each) => () => each.change(undo)));
      succeeds(() => this.settle());
      throw error;
    } finally {
      this.listed = undefined;
      this.whole = undefined;
    }
  }

  /** Before a change: takes back what a failed one left, and what a kill did. */
  private settle(): void {
    if (this.unsettled.length > 0) {
      this.unsettled = this.unsettled.filter((step) => !succeeds(step));
      this.listed = undefined;
    }
    this.mend();
  }
}

type ImageChange = (image: Qcow2Image, isStateImage: boolean, driveId: string | undefined) => void;

const has = (image: Qcow2Image, name: string): boolean => image.snapshots.some((snapshot) => snapshot.name === name);

/** What fails is tried again later; the failure that led to it was told. */
function succeeds(step: () => void): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a drive's overlay list the snapshots that the state image lists, after a kill between the two. A position has
 * one state only, so a snapshot of the same position is the one that is missing, under the name it had or was to get.
 */
function mend(image: Qcow2Image, kept: readonly SnapshotInfo[]): void {
  for (const { name, icount } of strays(image, kept)) {
    const missing = kept.find(
      (other) => other.position === icount && !image.snapshots.some((present) => present.name === other.name),
    );
    if (missing) image.renameSnapshot(name, missing.name);
    else image.deleteSnapshot(name);
  }
}

function strays(image: Qcow2Image, kept: readonly SnapshotInfo[]) {
  const names = new Set(kept.map(({ name }) => name));
  return image.snapshots.filter(({ name }) => !names.has(name));
}
