import type { Host, HostLock } from '../base/host.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import { openWithBacking, openWithoutBacking } from './openDisk.ts';

/**
 * An image that contains snapshots, and a way to change it. A live session writes to the image continuously. A replay
 * opens the image read-only, to protect the files that it reads. It opens the image for writing only briefly, to take,
 * rename or delete a snapshot; during that time, no other session can read the image.
 */
export interface SnapshotImage {
  /** The drive whose disk the image contains; undefined for a state-only image. */
  readonly driveId: string | undefined;
  /** Whether it is the user's own image, which may contain snapshots from other recordings. */
  readonly isShared: boolean;
  /** The image, open at least for reading. */
  readonly image: Qcow2Image;
  /** Calls `work` with the image open for writing. */
  withWritable(work: (writable: Qcow2Image) => void): void;
}

export function liveImage(image: Qcow2Image, driveId?: string, { isShared = false } = {}): SnapshotImage {
  return { driveId, isShared, image, withWritable: (work) => work(image) };
}

/**
 * Opens the file read-only; `image.close` closes it. With `withoutBacking`, the backing file stays closed, and no disk
 * contents can be read.
 */
export function openRecordedImage(
  host: Host,
  path: string,
  driveId?: string,
  {
    isShared = false,
    withoutBacking = false,
    lock,
  }: { isShared?: boolean; withoutBacking?: boolean; lock?: HostLock } = {},
): SnapshotImage {
  const open = (writable: boolean, sameFile?: Qcow2Image): Qcow2Image => {
    if (withoutBacking) return openWithoutBacking(host, { path, writable, sameFile });
    const file = host.files.open(path, { write: writable, create: 'never' });
    return openWithBacking(host, { path, file, writable, sameFile });
  };
  const image = open(false);
  const changeUnderLock = (work: (writable: Qcow2Image) => void): void => {
    const writable = open(true, image);
    try {
      work(writable);
      writable.close();
    } catch (error) {
      writable.closeWithoutWriting();
      throw error;
    } finally {
      image.reload();
    }
  };
  const withWritable: SnapshotImage['withWritable'] = (work) =>
    lock ? lock.withExclusiveLock(() => changeUnderLock(work)) : changeUnderLock(work);
  return { driveId, isShared, image, withWritable };
}
