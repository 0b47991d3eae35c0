import type { FileUse, Host, HostLock } from '../base/host.ts';
import type { DriveOptions } from './driveStack.ts';
import { hasInternalSnapshots } from './internalSnapshots.ts';
import { type DiskLocation, filesOfDisk } from './openDisk.ts';
import type { Cleanup } from './cleanup.ts';

/**
 * The drive files that a session reads but does not write: the drives' images and all backing files. Other sessions may
 * also read these files, but must not write to them.
 */
export const basesInUse = (host: Host, drives: readonly DriveOptions[]): FileUse[] =>
  drives.flatMap((drive) => {
    const files = filesOfDisk(host, { path: drive.image, format: drive.format });
    return asBases(hasInternalSnapshots(drive) ? files.slice(1) : files);
  });

/** The files of a disk: the image with the given use, and its backing files with the use `base`. */
export function diskInUse(host: Host, disk: DiskLocation, use: FileUse['use']): FileUse[] {
  const [path, ...backings] = filesOfDisk(host, disk);
  return [{ path, use }, ...asBases(backings)];
}

export const inUse = (use: FileUse['use'], paths: readonly string[]): FileUse[] => paths.map((path) => ({ path, use }));

const asBases = (paths: readonly string[]): FileUse[] => inUse('base', paths);

/**
 * Describes this session, for example as `recording a.rr`, in other sessions' messages about files that this session
 * has locked. Folders are omitted.
 */
export const activityText = (verb: string, path: string): string => `${verb} ${path.split(/[\\/]/).at(-1)}`;

/**
 * Locks a recording for reading, but not the files that it names. The caller releases the lock. Throws a UserError if a
 * session is writing to the recording.
 */
export const lockToRead = (host: Host, rrfile: string): HostLock =>
  host.files.lock(inUse('reads', [rrfile]), activityText('reading', rrfile));

/**
 * Locks a session's files. First creates the folders for the files to be written, because the lock files are created in
 * the same folders.
 */
export function lockForSession(host: Host, files: readonly FileUse[], doing: string, undo: Cleanup): HostLock {
  for (const { path, use } of files) if (use === 'writes') undo.add(host.files.createFolderOf(path));
  const lock = host.files.lock(files, doing);
  undo.add(() => lock.release());
  return lock;
}
