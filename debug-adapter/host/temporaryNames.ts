import { readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isGone } from './lockHolder.ts';
import { identityOf } from './processes.ts';

/**
 * Names for files that are about to get another one. They say which process made them, so that what a killed process
 * left is recognised and removed by the next one that creates files in the folder. Short, whatever the other name is: a
 * file's name may have 255 bytes.
 */
export function temporaryNameBeside(filePath: string): string {
  own ??= [hostPart(), process.pid, (identityOf(process.pid) ?? 'unknown').replace('/', '_')].join('.');
  return path.join(path.dirname(filePath), `${PREFIX}${own}.${process.hrtime.bigint().toString(36)}-${made++}`);
}

/**
 * For what is done on the way out: never throws, for the first failure is the one to tell of. Tried twice, because a
 * file that stays is in somebody's way.
 */
export function removeQuietly(file: string): void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      rmSync(file, { force: true });
      return;
    } catch {
      // What stays is removed, or ignored, once this process is gone.
    }
  }
}

/** Never throws: where the folder cannot be read, there is nothing to remove. */
export function removeAbandonedTemporaries(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (isAbandoned(name)) rmSync(path.join(folder, name), { force: true });
  } catch {
    // It may be another user's.
  }
}

function isAbandoned(name: string): boolean {
  if (!name.startsWith(PREFIX)) return false;
  const [host, pid, identity, serial, ...more] = name.slice(PREFIX.length).split('.');
  if (host !== hostPart() || !/^[1-9]\d*$/.test(pid) || serial === undefined || more.length > 0) return false;
  return isGone({
    pid: Number(pid),
    host: os.hostname(),
    process: identity === 'unknown' ? null : identity.replace('_', '/'),
  });
}

const hostPart = (): string =>
  os
    .hostname()
    .replaceAll(/[^\w-]/g, '_')
    .slice(0, 40);

const PREFIX = '.blkreplay-';
let own: string | undefined;
let made = 0;
