import * as path from 'node:path';
import type { Host, HostFiles } from '../engine/base/host.ts';
import { nodeCompression } from './compression.ts';
import { lockFiles } from './fileLock.ts';
import { fileIdentity, isBrokenLink, realPath } from './filePaths.ts';
import { createFolderOf, fileExistsAt, modifiedMsOf, openFile, removeFile } from './nodeFiles.ts';
import { randomBytes } from './randomBytes.ts';
import { stageFile } from './stagedFiles.ts';
import { createTemporaryFile } from './temporaryFiles.ts';
import { wallClock } from './wallClock.ts';
import { readWholeFile } from './wholeFile.ts';

const files: HostFiles = {
  open: (filePath, mode) => openFile(filePath, mode),
  readWhole: (filePath, maxBytes) => readWholeFile(filePath, maxBytes),
  exists: fileExistsAt,
  modifiedMs: modifiedMsOf,
  isBrokenLink,
  remove: (filePath) => removeFile(filePath),
  createFolderOf,
  stage: stageFile,
  temporary: (name) => createTemporaryFile(name).file,
  identity: fileIdentity,
  lock: (uses, doing) => lockFiles(uses, doing),
  // Resolves the links in both paths, so that ".." means the real parent folder.
  relativeName: ({ from, to }) => withForwardSlashes(path.relative(path.dirname(realPath(from)), realPath(to))),
  resolveName: ({ from, name }) => path.resolve(path.dirname(from), name),
  isWithin: (filePath, fileOrFolder) => {
    const relative = path.relative(realPath(fileOrFolder), realPath(filePath));
    return !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
  },
  folderOf: (filePath) => path.dirname(filePath),
  inFolder: (folder, name) => path.join(folder, name),
};

/** The engine's host on Node.js. Relative paths are resolved against the current directory. */
export const nodeHost: Host = {
  files,
  compression: nodeCompression,
  // On the command line, the workspace is the folder in which blkreplay was started.
  allowed: ['.'],
  dateMilliseconds: () => wallClock.dateMilliseconds(),
  entropy: randomBytes,
};

/** File names in qcow2 images use forward slashes on all systems. */
const withForwardSlashes = (name: string): string => (path.sep === '\\' ? name.replaceAll('\\', '/') : name);
