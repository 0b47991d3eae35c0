import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { SymbolIndexCache } from '../engine/base/host.ts';
import { removeAbandonedTemporaries, temporaryNameNextTo } from './temporaryNames.ts';

/** The limit on the total size of all indexes. This is enough for the indexes of about 20 Linux kernels. */
const CACHE_BYTES_MAX = 256 << 20;

/**
 * Keeps indexes of symbol files in a folder. A file is written under a temporary name and renamed when it is complete.
 * If the total size exceeds the limit, the least recently used files are removed. Failures are ignored: their only
 * effect is that an index is created again.
 */
export function symbolIndexCache(folder: string, bytesMax = CACHE_BYTES_MAX): SymbolIndexCache {
  const fileOf = (key: string) => path.join(folder, `${key.replaceAll(/[^\w-]/g, '_').slice(0, 200)}${SUFFIX}`);
  return {
    read: (key) =>
      orUndefined(() => {
        const file = fileOf(key);
        if (!statSync(file).isFile()) return undefined;
        const bytes = readFileSync(file);
        // Record this use in the modification time, because many systems do not update the access time.
        orUndefined(() => utimesSync(file, new Date(), new Date()));
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }),
    write(key, bytes) {
      if (bytes.length > bytesMax) return;
      orUndefined(() => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        removeAbandonedTemporaries(folder);
        writeWhole(fileOf(key), bytes);
        removeOldest(folder, bytesMax);
      });
    },
  };
}

/** The user's cache folder, as the operating system's conventions define it; undefined if it is unknown. */
export function symbolCacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const home = orUndefined(() => os.homedir());
  const inHome = (...names: string[]) => (home ? path.join(home, ...names) : undefined);
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = environment;
  // The XDG specification says that a relative path must be ignored.
  const base =
    platform === 'win32'
      ? (local ?? inHome('AppData', 'Local'))
      : platform === 'darwin'
        ? inHome('Library', 'Caches')
        : xdg && path.isAbsolute(xdg)
          ? xdg
          : inHome('.cache');
  return base && path.join(base, 'blkreplay', 'symbols');
}

/** Does not wait for the disk: after a power failure, an incomplete file fails its checksum. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const temporary = temporaryNameNextTo(file);
  try {
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done, bytes.length - done);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function removeOldest(folder: string, bytesMax: number): void {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .flatMap((name) => {
      const file = path.join(folder, name);
      const stat = orUndefined(() => statSync(file));
      return stat?.isFile() ? [{ file, sizeBytes: stat.size, usedAt: stat.mtimeMs }] : [];
    })
    .sort((a, b) => b.usedAt - a.usedAt);
  let total = 0;
  for (const { file, sizeBytes } of files) {
    total += sizeBytes;
    if (total > bytesMax) orUndefined(() => rmSync(file, { force: true }));
  }
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

const SUFFIX = '.index';
