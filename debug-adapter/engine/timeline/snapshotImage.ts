import type { Host, HostLock } from '../base/host.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import { openOnBacking, openWithoutBacking } from './openDisk.ts';

/**
 * An image that contains snapshots, and the way to change them. A live session writes to it continuously. A replay
 * opens it read-only, which protects the files it reads. It opens the file for writing only briefly, to take, rename
 * or delete a snapshot, while no other session may read it.
 */
export interface SnapshotImage {
  /** The drive whose disk the image contains; undefined for a state-only image. */
  readonly driveId: string | undefined;
  /** Whether it is the user's own image, which may contain snapshots of other recordings. */
  readonly isShared: boolean;
  /** The image, open at least for reading. */
  readonly image: Qcow2Image;
  /** Calls `work` with the image open for writing. */
  change(work: (writable: Qcow2Image) => void): void;
}

export function liveImage(image: Qcow2Image, driveId?: string, { isShared = false } = {}): SnapshotImage {
  return { driveId, isShared, image, change: (work) => work(image) };
}

/**
 * Opens the file read-only; `image.close` closes it. `onItself` leaves its backing file closed, so that no disk is
 * read.
 */
export function recordedImage(
  host: Host,
  path: string,
  driveId?: string,
  { isShared = false, onItself = false, lock }: { isShared?: boolean; onItself?: boolean; lock?: HostLock } = {},
): SnapshotImage {
  const open = (writable: boolean, sameFile?: Qcow2Image): Qcow2Image => {
    if (onItself) return openWithoutBacking(host, { path, writable, sameFile });
    const file = host.files.open(path, { write: writable, create: 'never' });
    return openOnBacking(host, { path, file, writable, sameFile });
  };
  const image = open(false);
  const changeUnderLock = (work: (writable: Qcow2Image) => void): void => {
    const writable = open(true, image);
    try {
      work(writable);
      writable.close();
    } catch (error) {
      writable.abandon();
      throw error;
    } finally {
      image.reload();
    }
  };
  const change: SnapshotImage['change'] = (work) =>
    lock ? lock.exclusively(() => changeUnderLock(work)) : changeUnderLock(work);
  return { driveId, isShared, image, change };
}
