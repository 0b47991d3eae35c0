import type { Qcow2Image } from '../block/qcow2/image.ts';
import { UserError } from '../errors/userError.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import { listSnapshots, type SnapshotInfo } from './snapshotInfo.ts';

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
  private whole: SnapshotInfo[] | undefined;

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

  /** Those that every image has. */
  wholeOnes(): readonly SnapshotInfo[] {
    return (this.whole ??= this.list().filter(({ name, position }) =>
      this.images.every(({ image }) =>
        image.snapshots.some((other) => other.name === name && other.icount === position),
      ),
    ));
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

  delete(names: readonly string[]): void {
    this.change(
      (image) => {
        const here = image.snapshots.filter(({ name }) => names.includes(name));
        image.deleteSnapshots(here.map(({ name }) => name));
      },
      [...this.images].reverse(),
    );
  }

  rename(from: string, to: string): void {
    this.change((image) => {
      if (image.snapshots.some(({ name }) => name === from)) image.renameSnapshot(from, to);
    });
  }

  /** The disks, and what the active VM state is, become the snapshot's. */
  apply(name: string): void {
    this.change((image) => image.applySnapshot(name));
  }

  /** What the user keeps in an image of theirs looks like what a kill left. */
  private mayMend(snapshotImage: SnapshotImage): boolean {
    return snapshotImage !== this.state && !snapshotImage.isShared;
  }

  /** Something new in all of them: the image with the state is worked on last. */
  change(
    work: (image: Qcow2Image, isStateImage: boolean, driveId: string | undefined) => void,
    order: readonly SnapshotImage[] = this.images,
  ): void {
    const kept = this.list();
    try {
      for (const snapshotImage of order) {
        const isStateImage = snapshotImage === this.state;
        snapshotImage.change((image) => {
          if (this.mayMend(snapshotImage) && order === this.images) mend(image, kept);
          work(image, isStateImage, snapshotImage.driveId);
        });
      }
    } finally {
      this.listed = undefined;
      this.whole = undefined;
    }
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
  return image.snapshots.filter(({ name }) => !kept.some((other) => other.name === name));
}
