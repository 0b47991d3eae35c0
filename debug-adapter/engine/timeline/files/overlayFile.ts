import type { FileUse, Host } from '../../base/host.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { activity, diskInUse } from '../filesInUse.ts';
import { openOnBacking } from '../openDisk.ts';
import { isStateOfOurs } from '../vmState.ts';

/**
 * An overlay that no session has open, for as long as some work on it takes: locked, with all that it stands on. Others
 * may read what is read. A failure leaves what is written and closes everything.
 */
export function readOverlay<T>(host: Host, path: string, work: (image: Qcow2Image) => T): T {
  const files = diskInUse(host, { path, format: 'qcow2' }, 'reads');
  return underLocks(host, files, activity('reading', path), () => {
    const image = openOverlay(host, path, false);
    try {
      return work(image);
    } finally {
      image.abandon();
    }
  });
}

/** Opening for writing repairs what a kill leaked. `doing` is what others are told, `alsoUses` what else is locked. */
export function changeOverlay<T>(
  host: Host,
  path: string,
  work: (image: Qcow2Image) => T,
  { doing = 'changing', alsoUses = [] }: { doing?: string; alsoUses?: readonly FileUse[] } = {},
): T {
  const files = [...diskInUse(host, { path, format: 'qcow2' }, 'writes'), ...alsoUses];
  return underLocks(host, files, activity(doing, path), () => {
    const image = openOverlay(host, path, true);
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
export function underLocks<T>(host: Host, files: readonly FileUse[], doing: string, work: () => T): T {
  const lock = host.files.lock(files, doing);
  try {
    return work();
  } finally {
    lock.release();
  }
}

function openOverlay(host: Host, path: string, writable: boolean): Qcow2Image {
  const file = host.files.open(path, { write: writable, create: 'never' });
  return openOnBacking(host, { path, file, writable });
}

/** Whether replays start from its snapshots: they have a position, or a machine of ours. qemu-img's are at position 0. */
export const keepsRecording = (image: Qcow2Image): boolean =>
  image.snapshots.some(
    ({ name, icount, vmStateSizeBytes }) =>
      (icount ?? 0) > 0 || (vmStateSizeBytes > 0 && isStateOfOurs(image.openSnapshot(name))),
  );
