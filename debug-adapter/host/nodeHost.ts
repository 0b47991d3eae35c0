import { realpathSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { Host, HostFiles } from '../engine/base/host.ts';
import { nodeCompression } from './compression.ts';
import { createFolderOf, fileExistsAt, openFile, readWholeFile, removeFile } from './nodeFiles.ts';
import { lockOverlay } from './overlayLock.ts';
import { randomBytes } from './randomBytes.ts';
import { createTemporaryFile } from './temporaryFiles.ts';
import { wallClock } from './wallClock.ts';

/** The engine's host on Node.js. Relative paths start at the current directory. */
const files: HostFiles = {
  open: (filePath, mode) => openFile(filePath, mode),
  readWhole: (filePath, maxBytes) => readWholeFile(filePath, maxBytes),
  exists: fileExistsAt,
  remove: (filePath) => removeFile(filePath),
  createFolderOf,
  temporary: (name) => createTemporaryFile(name).file,
  identity,
  lock: (filePath) => lockOverlay(filePath),
  // Both through links, so that ".." means the folder it looks like.
  relativeName: ({ from, to }) => portable(path.relative(path.dirname(realPath(from)), realPath(to))),
  resolveName: ({ from, name }) => path.resolve(path.dirname(from), name),
  isWithin: (filePath, fileOrFolder) => {
    const way = path.relative(realPath(fileOrFolder), realPath(filePath));
    return !path.isAbsolute(way) && way.split(path.sep)[0] !== '..';
  },
  folderOf: (filePath) => path.dirname(filePath),
  inFolder: (folder, name) => path.join(folder, name),
};

export const nodeHost: Host = {
  files,
  compression: nodeCompression,
  // A command line's workspace is where it was started.
  allowed: ['.'],
  dateMilliseconds: () => wallClock.dateMilliseconds(),
  entropy: randomBytes,
};

/** Hard links are one file too, so what exists is known by its number; what does not, by its path. */
function identity(filePath: string): string {
  const stat = statSync(filePath, { bigint: true, throwIfNoEntry: false });
  return stat && stat.ino !== 0n ? `${stat.dev}:${stat.ino}` : realPath(filePath);
}

/** Links are followed as far as the path exists. */
function realPath(filePath: string): string {
  const absolute = path.resolve(filePath);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(realPath(parent), path.basename(absolute));
  }
}

/** qcow2 names have forward slashes wherever they were written. */
const portable = (name: string): string => (path.sep === '\\' ? name.replaceAll('\\', '/') : name);
