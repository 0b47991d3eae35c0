import type { Host } from '../../base/host.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { openOnBacking } from '../openDisk.ts';
import { isStateOfOurs } from '../vmState.ts';

/**
 * An overlay that no session has open, for as long as some work on it takes: under its lock, with all that it stands
 * on. A failure leaves what is written and closes everything.
 */
export function readOverlay<T>(host: Host, path: string, work: (image: Qcow2Image) => T): T {
  return withImage(host, path, false, (image) => {
    try {
      return work(image);
    } finally {
      image.abandon();
    }
  });
}

/** Opening for writing repairs what a kill leaked. */
export function changeOverlay<T>(host: Host, path: string, work: (image: Qcow2Image) => T): T {
  return withImage(host, path, true, (image) => {
    try {
      const result = work(image);
      image.close();
      return result;
    } catch (error) {
      image.abandon();
      throw error;
    }
  });
}

/** No session works on any of these files meanwhile. */
export function underLocks<T>(host: Host, paths: readonly string[], work: () => T): T {
  const [first, ...rest] = paths;
  if (first === undefined) return work();
  const lock = host.files.lock(first);
  try {
    return underLocks(host, rest, work);
  } finally {
    lock.release();
  }
}

function withImage<T>(host: Host, path: string, writable: boolean, work: (image: Qcow2Image) => T): T {
  // Opened first, so that a name that does not exist leaves no lock beside it.
  const file = host.files.open(path, { write: writable, create: 'never' });
  const opened = () => openOnBacking(host, { path, file, writable });
  try {
    return underLocks(host, [path], () => work(opened()));
  } finally {
    file.close();
  }
}

/** Whether replays start from its snapshots: they have a position, or a machine of ours. qemu-img's are at position 0. */
export const keepsRecording = (image: Qcow2Image): boolean =>
  image.snapshots.some(
    ({ name, icount, vmStateSizeBytes }) =>
      (icount ?? 0) > 0 || (vmStateSizeBytes > 0 && isStateOfOurs(image.openSnapshot(name))),
  );
