import type { FileUse, Host, HostLock } from '../base/host.ts';
import type { DriveOptions } from './driveStack.ts';
import { isInPlace } from './inPlace.ts';
import { type DiskPlace, filesOfDisk } from './openDisk.ts';
import type { Undo } from './undo.ts';

/** Which files a session uses, and how: what others may do with them meanwhile follows from that. */

/** Everything that drives read and never write: their images, with all that these stand on. */
export const basesInUse = (host: Host, drives: readonly DriveOptions[]): FileUse[] =>
  drives.flatMap((drive) => {
    const files = filesOfDisk(host, { path: drive.image, format: drive.format });
    return asBases(isInPlace(drive) ? files.slice(1) : files);
  });

/** A qcow2, used like that, with all that it stands on. */
export function diskInUse(host: Host, disk: DiskPlace, use: FileUse['use']): FileUse[] {
  const [path, ...backings] = filesOfDisk(host, disk);
  return [{ path, use }, ...asBases(backings)];
}

export const inUse = (use: FileUse['use'], paths: readonly string[]): FileUse[] => paths.map((path) => ({ path, use }));

const asBases = (paths: readonly string[]): FileUse[] => inUse('base', paths);

/** What another session is told that is in the way: `recording a.rr`, without the folders of it. */
export const activity = (verb: string, path: string): string => `${verb} ${path.split(/[\\/]/).at(-1)}`;

/** For who looks at a recording alone, for as long as that takes. */
export const lockToRead = (host: Host, rrfile: string): HostLock =>
  host.files.lock(inUse('reads', [rrfile]), activity('reading', rrfile));

/** Folders of files that are created come first: a lock stands in them. */
export function lockForSession(host: Host, files: readonly FileUse[], doing: string, undo: Undo): HostLock {
  for (const { path, use } of files) if (use === 'writes') undo.add(host.files.createFolderOf(path));
  const lock = host.files.lock(files, doing);
  undo.add(() => lock.release());
  return lock;
}
