import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { HostFile } from '../engine/base/host.ts';
import { openFile } from './nodeFiles.ts';
import { atProcessEnd } from './processEnd.ts';
import { openFailure } from './systemErrors.ts';

/**
 * Files that live as long as the session, such as the overlay of a drive that names none. Each stands in a fresh folder
 * of the system's temporary one. Where the system allows it, name and folder are removed at once and the open handle
 * is all that keeps the file, so that not even SIGKILL leaves one behind; elsewhere (Windows), or when the path is
 * wanted, they go at `close` or when the process ends.
 */
export interface TemporaryFile {
  file: HostFile;
  /** Null when the file has no name any more. */
  path: string | null;
}

/** `name` is the file's and what messages call it. */
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
  const forget = atProcessEnd(() => {
    file.close();
    remove();
  });
  return { file: closingWith(withoutSync(file), () => (forget(), remove())), path: filePath };
}

/** Returns whether it is gone. Never throws: it must not hide another failure. */
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

/** Nobody opens it again after a crash, so that what a guest flushes there need not be on stable storage. */
function withoutSync(file: HostFile): HostFile {
  return { ...forwarding(file), sync: () => {} };
}

function closingWith(file: HostFile, afterClose: () => void): HostFile {
  return {
    ...forwarding(file),
    close: () => {
      file.close();
      afterClose();
    },
  };
}

const forwarding = (file: HostFile): HostFile => ({
  name: file.name,
  readAt: (offset, into) => file.readAt(offset, into),
  writeAt: (offset, from) => file.writeAt(offset, from),
  length: () => file.length(),
  truncate: (length) => file.truncate(length),
  sync: () => file.sync(),
  close: () => file.close(),
});
