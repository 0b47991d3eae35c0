import type { FileUse, Host, HostLock } from '../base/host.ts';
import type { DriveOptions } from './driveStack.ts';
import { hasInternalSnapshots } from './internalSnapshots.ts';
import { type DiskLocation, filesOfDisk } from './openDisk.ts';
import type { Cleanup } from './cleanup.ts';

/**
 * The files that drives only read: their images with all backing files. Other sessions may read them too, but not
 * write them.
 */
export const basesInUse = (host: Host, drives: readonly DriveOptions[]): FileUse[] =>
  drives.flatMap((drive) => {
    const files = filesOfDisk(host, { path: drive.image, format: drive.format });
    return asBases(hasInternalSnapshots(drive) ? files.slice(1) : files);
  });

/** The files of a disk: its image with the given use, and its backing files as bases. */
export function diskInUse(host: Host, disk: DiskLocation, use: FileUse['use']): FileUse[] {
  const [path, ...backings] = filesOfDisk(host, disk);
  return [{ path, use }, ...asBases(backings)];
}

export const inUse = (use: FileUse['use'], paths: readonly string[]): FileUse[] => paths.map((path) => ({ path, use }));

const asBases = (paths: readonly string[]): FileUse[] => inUse('base', paths);

/** How other sessions refer to this one when it is in the way: `recording a.rr`, without folders. */
export const activityText = (verb: string, path: string): string => `${verb} ${path.split(/[\\/]/).at(-1)}`;

/**
 * Locks a recording, but not its other files, for reading. The caller releases the lock. Throws a UserError if a
 * session writes the recording.
 */
export const lockToRead = (host: Host, rrfile: string): HostLock =>
  host.files.lock(inUse('reads', [rrfile]), activityText('reading', rrfile));

/**
 * Locks the files of a session. First creates the folders of written files, because their lock files are created
 * there.
 */
export function lockForSession(host: Host, files: readonly FileUse[], doing: string, undo: Cleanup): HostLock {
  for (const { path, use } of files) if (use === 'writes') undo.add(host.files.createFolderOf(path));
  const lock = host.files.lock(files, doing);
  undo.add(() => lock.release());
  return lock;
}
