import type { FileUse, Host } from '../../base/host.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { activity, diskInUse, inUse } from '../filesInUse.ts';
import { openOnBacking, openWithoutBacking } from '../openDisk.ts';
import { isStateOfOurs } from '../vmState.ts';

/**
 * Runs `work` on an overlay that no session has open. The overlay is opened read-only, and locked with its backing
 * chain so that other sessions can only read them. With `onItself`, the backing file is not needed and stays closed.
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

/**
 * Like `readOverlay`, but opens the overlay for writing, which frees clusters leaked by a killed process. After a
 * failure, written data stays and all files are closed. `doing` describes the operation to other sessions, and
 * `alsoUses` lists additional files to lock.
 */
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

/** Runs `work` while no session uses any of these files. */
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

/**
 * Whether replays start from the image's snapshots: they have a position or a blkreplay machine. Those of qemu-img
 * are at position 0.
 */
export const keepsRecording = (image: Qcow2Image): boolean =>
  image.snapshots.some(
    ({ name, icount, vmStateSizeBytes }) =>
      (icount ?? 0) > 0 || (vmStateSizeBytes > 0 && isStateOfOurs(image.openSnapshot(name))),
  );
