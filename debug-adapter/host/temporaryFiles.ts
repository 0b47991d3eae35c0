import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { HostFile } from '../engine/base/host.ts';
import { openFile } from './nodeFiles.ts';
import { onProcessExit } from './processEnd.ts';
import { openFailure } from './systemErrors.ts';

export interface TemporaryFile {
  file: HostFile;
  /** Null if the file was unlinked. */
  path: string | null;
}

/**
 * Creates a file that exists only as long as the session does, such as a drive's temporary overlay. It is created in a
 * new folder in the system's temporary folder. If the system permits it, the file and the folder are unlinked
 * immediately, and only the open handle keeps the data accessible, so that even SIGKILL leaves nothing behind. On
 * Windows, or if the path is needed, they are removed at `close` or when the process ends. `name` is the file's name,
 * used in messages.
 */
export function createTemporaryFile(name: string, { keepPath = false } = {}): TemporaryFile {
  const folder = createFolder();
  const filePath = path.join(folder, name);
  const remove = () => removeFolder(folder);
  let file: HostFile;
  try {
    file = openFile(filePath, { write: true, create: 'new' }, `temporary file ${name}`);
  } catch (error) {
    remove();
    throw error;
  }
  if (!keepPath && process.platform !== 'win32' && remove()) {
    return { file: withoutSync(file), path: null };
  }
  const cancelCleanup = onProcessExit(() => {
    file.close();
    remove();
  });
  return { file: withCloseHook(withoutSync(file), () => (cancelCleanup(), remove())), path: filePath };
}

/** Removes the folder and returns whether this succeeded. Never throws, so that it does not hide another failure. */
function removeFolder(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } catch {
    return false;
  }
}

function createFolder(): string {
  const prefix = path.join(os.tmpdir(), 'blkreplay-');
  try {
    return mkdtempSync(prefix);
  } catch (error) {
    throw openFailure(error, { name: prefix, access: 'write', creating: true });
  }
}

/**
 * Makes the guest's flushes cheap: the file is never opened again after a crash, so flushes need not make its data
 * durable.
 */
function withoutSync(file: HostFile): HostFile {
  return { ...forwardTo(file), sync: () => {} };
}

function withCloseHook(file: HostFile, afterClose: () => void): HostFile {
  return {
    ...forwardTo(file),
    close: () => {
      file.close();
      afterClose();
    },
  };
}

const forwardTo = (file: HostFile): HostFile => ({
  name: file.name,
  readAt: (offset, into) => file.readAt(offset, into),
  writeAt: (offset, from) => file.writeAt(offset, from),
  length: () => file.length(),
  truncate: (length) => file.truncate(length),
  sync: () => file.sync(),
  close: () => file.close(),
});
