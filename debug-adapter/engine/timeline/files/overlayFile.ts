import type { FileUse, Host } from '../../base/host.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { activity, diskInUse, inUse } from '../filesInUse.ts';
import { openOnBacking, openWithoutBacking } from '../openDisk.ts';
import { isStateOfOurs } from '../vmState.ts';

/**
 * An overlay that no session has open, for as long as some work on it takes: locked, with all that it stands on. Others
 * may read what is read. A failure leaves what is written and closes everything. Work that is `onItself` needs nothing of
 * what the overlay stands on: that stays closed, wherever it is.
 */
export function readOverlay<T>(
  host: Host,
  path: string,
  work: (image: Qcow2Image) => T,
  { onItself = false }: { onItself?: boolean } = {},
): T {
  const files = filesUsed(host, path, 'reads', onItself);
  return underLocks(host, files, activity('reading', path), () => {
    const image = openOverlay(host, { path, writable: false }, onItself);
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
  {
    doing = 'changing',
    alsoUses = [],
    onItself = false,
  }: { doing?: string; alsoUses?: readonly FileUse[]; onItself?: boolean } = {},
): T {
  const files = [...filesUsed(host, path, 'writes', onItself), ...alsoUses];
  return underLocks(host, files, activity(doing, path), () => {
    const image = openOverlay(host, { path, writable: true }, onItself);
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

function filesUsed(host: Host, path: string, use: FileUse['use'], onItself: boolean): FileUse[] {
  return onItself ? inUse(use, [path]) : diskInUse(host, { path, format: 'qcow2' }, use);
}

function openOverlay(
  host: Host,
  { path, writable }: { path: string; writable: boolean },
  onItself: boolean,
): Qcow2Image {
  if (onItself) return openWithoutBacking(host, { path, writable });
  const file = host.files.open(path, { write: writable, create: 'never' });
  return openOnBacking(host, { path, file, writable });
}

/** Whether replays start from its snapshots: they have a position, or a machine of ours. qemu-img's are at position 0. */
export const keepsRecording = (image: Qcow2Image): boolean =>
  image.snapshots.some(
    ({ name, icount, vmStateSizeBytes }) =>
      (icount ?? 0) > 0 || (vmStateSizeBytes > 0 && isStateOfOurs(image.openSnapshot(name))),
  );
