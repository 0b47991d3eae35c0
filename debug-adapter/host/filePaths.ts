import { type BigIntStats, lstatSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { badFileName } from '../messages/host.ts';
import { codeOf, openFailure } from './systemErrors.ts';

/**
 * The identity of the file that a path names. Hard links are different names for the same file, so an existing file is
 * identified by device and inode, and a missing file by its path. Every failure is reported as a UserError, because the
 * user typed the path.
 */
export function fileIdentity(filePath: string): string {
  const stat = statIfExists(filePath);
  return stat && stat.ino !== 0n ? `${stat.dev}:${stat.ino}` : realPath(filePath);
}

/** Returns the status of a file or of a link's target; undefined if it does not exist. */
export function statIfExists(filePath: string): BigIntStats | undefined {
  checkFileName(filePath);
  try {
    return statSync(filePath, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw openFailure(error, { name: filePath, access: 'read', creating: false });
  }
}

/**
 * Whether a path is a symbolic link whose target is missing. Creating a file with this name would create the target
 * instead.
 */
export function isBrokenLink(filePath: string): boolean {
  if (statIfExists(filePath) !== undefined) return false;
  try {
    return lstatSync(filePath).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Returns the absolute path, with the links resolved in the part of it that exists. */
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

/**
 * Throws a UserError if a file name contains NUL, which no system permits. Node's own calls report this error in
 * different ways.
 */
export function checkFileName(filePath: string): void {
  if (filePath.includes('\0')) throw badFileName(filePath);
}
