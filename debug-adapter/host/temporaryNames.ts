import { readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasExited } from './lockHolder.ts';
import { identityOf } from './processes.ts';

/**
 * A temporary name for a file that will be renamed. The name identifies the process that created the file. If that
 * process is killed, the next process that creates files in the folder recognizes and removes the file. The name is
 * short even if the final name is long, because a file name is limited to 255 bytes.
 */
export function temporaryNameNextTo(filePath: string): string {
  processPrefix ??= [hostPart(), process.pid, (identityOf(process.pid) ?? 'unknown').replace('/', '_')].join('.');
  return path.join(
    path.dirname(filePath),
    `${PREFIX}${processPrefix}.${process.hrtime.bigint().toString(36)}-${count++}`,
  );
}

/**
 * Removes a file during cleanup. Never throws, because only the first failure is reported. Tries twice, because a file
 * that remains may block other sessions.
 */
export function removeQuietly(file: string): void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      rmSync(file, { force: true });
      return;
    } catch {
      // A file that remains is removed or ignored after this process ends.
    }
  }
}

/**
 * Removes temporary files that killed processes have left in a folder. Never throws; nothing is removed from an
 * unreadable folder.
 */
export function removeAbandonedTemporaries(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (isAbandoned(name)) rmSync(path.join(folder, name), { force: true });
  } catch {
    // The file or folder may belong to another user.
  }
}

function isAbandoned(name: string): boolean {
  if (!name.startsWith(PREFIX)) return false;
  const [host, pid, identity, serial, ...more] = name.slice(PREFIX.length).split('.');
  if (host !== hostPart() || !/^[1-9]\d*$/.test(pid) || serial === undefined || more.length > 0) return false;
  return hasExited({
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
let processPrefix: string | undefined;
let count = 0;
