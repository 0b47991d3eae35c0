import { type BigIntStats, lstatSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { badFileName } from '../engine/errors/host.ts';
import { codeOf, openFailure } from './systemErrors.ts';

/** Which file a path names. Every failure comes out as a UserError: a path is what a user typed. */

/** Hard links are one file too, so what exists is known by its number; what does not, by its path. */
export function fileIdentity(filePath: string): string {
  const stat = statIfThere(filePath);
  return stat && stat.ino !== 0n ? `${stat.dev}:${stat.ino}` : realPath(filePath);
}

/** Undefined when there is no such file, or a link leads nowhere. */
export function statIfThere(filePath: string): BigIntStats | undefined {
  refuseBadName(filePath);
  try {
    return statSync(filePath, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw openFailure(error, { name: filePath, access: 'read', creating: false });
  }
}

/** A link to what is not there: whoever creates a file there would create it somewhere else. */
export function isBrokenLink(filePath: string): boolean {
  if (statIfThere(filePath) !== undefined) return false;
  try {
    return lstatSync(filePath).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Links are followed as far as the path exists. */
export function realPath(filePath: string): string {
  refuseBadName(filePath);
  const absolute = path.resolve(filePath);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(realPath(parent), path.basename(absolute));
  }
}

/** No system has a name with a NUL in it; Node's own refusal differs from call to call. */
export function refuseBadName(filePath: string): void {
  if (filePath.includes('\0')) throw badFileName(filePath);
}
