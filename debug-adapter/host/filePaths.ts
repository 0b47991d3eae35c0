import { type BigIntStats, lstatSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { badFileName } from '../messages/host.ts';
import { codeOf, openFailure } from './systemErrors.ts';

/**
 * The identity of the file that a path names. Hard links are different names for the same file, so an existing file is
 * identified by device and inode, and a missing file by its path. Every failure is a UserError, because the user typed
 * the path.
 */
export function fileIdentity(filePath: string): string {
  const stat = statIfExists(filePath);
  return stat && stat.ino !== 0n ? `${stat.dev}:${stat.ino}` : realPath(filePath);
}

/** Undefined if the file, or the target of a link, does not exist. */
export function statIfExists(filePath: string): BigIntStats | undefined {
  checkFileName(filePath);
  try {
    return statSync(filePath, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw openFailure(error, { name: filePath, access: 'read', creating: false });
  }
}

/** A symbolic link with a missing target. Creating a file with this name would create the link's target instead. */
export function isBrokenLink(filePath: string): boolean {
  if (statIfExists(filePath) !== undefined) return false;
  try {
    return lstatSync(filePath).isSymbolicLink();
  } catch {
    return false;
  }
}

/** The absolute path. Links are resolved in the part of the path that exists. */
export function realPath(filePath: string): string {
  checkFileName(filePath);
  const absolute = path.resolve(filePath);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(realPath(parent), path.basename(absolute));
  }
}

/** No system permits NUL in a file name. It is checked here because Node reports it differently in different calls. */
export function checkFileName(filePath: string): void {
  if (filePath.includes('\0')) throw badFileName(filePath);
}
