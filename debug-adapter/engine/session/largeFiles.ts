import type { Host, HostFile } from '../base/host.ts';
import { UserError } from '../../messages/userError.ts';
import { type FileBytes, fileOnDemand } from '../symbols/index.ts';

/** A symbol file that is read on demand. */
export interface LargeFile {
  name: string;
  path: string;
  bytes: FileBytes;
  lengthBytes: number;
  /** Its index, if the host has created one. */
  index: Uint8Array | undefined;
  /** Whether the file is the same as when it was opened. */
  isUnchanged(): boolean;
}

export const SYMBOL_FILE_BYTES_MAX = 1 << 30;

/** Larger files are read on demand, because a session needs only a small part of their debug information. */
const IN_MEMORY_BYTES_MAX = 4 << 20;

/**
 * Opens a large regular file for reading on demand; returns undefined for other files. The file stays open until the
 * session ends, so that it remains readable if a build replaces it.
 */
export function openLarge(host: Host, name: string): LargeFile | undefined {
  const file = tryOpen(host, name);
  if (!file) return undefined;
  const version = file.version?.();
  const lengthBytes = file.length();
  if (lengthBytes > IN_MEMORY_BYTES_MAX && lengthBytes <= SYMBOL_FILE_BYTES_MAX && version !== undefined) {
    const index = host.symbolIndexes?.find(name, version);
    const isUnchanged = () => file.version?.() === version;
    return { name, path: name, bytes: fileOnDemand(file), lengthBytes, index, isUnchanged };
  }
  file.close();
  return undefined;
}

/** Reads a regular file; undefined if it is too large. Reading a pipe could block forever. */
export function readRegularFile(host: Host, name: string): Uint8Array | undefined {
  const file = host.files.open(name, { write: false, create: 'never' });
  try {
    const lengthBytes = file.length();
    if (lengthBytes > SYMBOL_FILE_BYTES_MAX) return undefined;
    const bytes = new Uint8Array(lengthBytes);
    return bytes.subarray(0, file.readAt(0, bytes));
  } finally {
    file.close();
  }
}

/**
 * Returns undefined if the file cannot be opened. The caller then tries to read the whole file, which either reports
 * the error or succeeds because the file is not a regular file.
 */
function tryOpen(host: Host, name: string): HostFile | undefined {
  try {
    return host.files.open(name, { write: false, create: 'never' });
  } catch (error) {
    if (error instanceof UserError && error.kind !== 'interrupted') return undefined;
    throw error;
  }
}
