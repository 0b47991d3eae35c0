import type { FileUse, Host } from '../../base/host.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { activityText, diskInUse, inUse } from '../filesInUse.ts';
import { openWithBacking, openWithoutBacking } from '../openDisk.ts';
import { isBlkreplayState } from '../vmState.ts';

/**
 * Runs `work` on an overlay that no session has open. The overlay is opened read-only. The overlay and its backing
 * chain are locked so that other sessions can only read them. With `withoutBacking`, the backing file is not needed and
 * stays closed.
 */
export function withReadOnlyOverlay<T>(
  host: Host,
  path: string,
  work: (image: Qcow2Image) => T,
  { withoutBacking = false }: { withoutBacking?: boolean } = {},
): T {
  const files = filesUsed(host, path, 'reads', withoutBacking);
  return withLocks(host, files, activityText('reading', path), () => {
    const image = openOverlay(host, { path, writable: false }, withoutBacking);
    try {
      return work(image);
    } finally {
      image.closeWithoutWriting();
    }
  });
}

/**
 * Like `withReadOnlyOverlay`, but opens the overlay for writing, which frees clusters leaked by a killed process. After
 * a failure, data that was already written is kept, and all files are closed. `doing` describes the operation to other
 * sessions, and `alsoUses` lists additional files to lock.
 */
export function withWritableOverlay<T>(
  host: Host,
  path: string,
  work: (image: Qcow2Image) => T,
  {
    doing = 'changing',
    alsoUses = [],
    withoutBacking = false,
  }: { doing?: string; alsoUses?: readonly FileUse[]; withoutBacking?: boolean } = {},
): T {
  const files = [...filesUsed(host, path, 'writes', withoutBacking), ...alsoUses];
  return withLocks(host, files, activityText(doing, path), () => {
    const image = openOverlay(host, { path, writable: true }, withoutBacking);
    try {
      const result = work(image);
      image.close();
      return result;
    } catch (error) {
      image.closeWithoutWriting();
      throw error;
    }
  });
}

/** Runs `work` while holding locks on these files. */
export function withLocks<T>(host: Host, files: readonly FileUse[], doing: string, work: () => T): T {
  const lock = host.files.lock(files, doing);
  try {
    return work();
  } finally {
    lock.release();
  }
}

function filesUsed(host: Host, path: string, use: FileUse['use'], withoutBacking: boolean): FileUse[] {
  return withoutBacking ? inUse(use, [path]) : diskInUse(host, { path, format: 'qcow2' }, use);
}

function openOverlay(
  host: Host,
  { path, writable }: { path: string; writable: boolean },
  withoutBacking: boolean,
): Qcow2Image {
  if (withoutBacking) return openWithoutBacking(host, { path, writable });
  const file = host.files.open(path, { write: writable, create: 'never' });
  return openWithBacking(host, { path, file, writable });
}

/**
 * Whether the image has snapshots from which replays can start. These have a position other than 0, or a machine state
 * written by blkreplay. Snapshots taken by qemu-img have position 0.
 */
export const hasRecordingSnapshots = (image: Qcow2Image): boolean =>
  image.snapshots.list.some(
    ({ id, icount, vmStateSizeBytes }) =>
      (icount ?? 0) > 0 || (vmStateSizeBytes > 0 && isBlkreplayState(image.snapshots.open({ id }))),
  );
