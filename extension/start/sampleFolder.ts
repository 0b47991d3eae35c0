import { copyFile, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import * as path from 'node:path';

/** The file that identifies a copy of the sample. The extension is activated in a workspace that contains it. */
export const SAMPLE_README = 'blkreplay-sample.md';

/** The sample's folder name. Each version has its own folder, because files of different versions may not match. */
export const sampleFolderName = (version: string): string => `blkreplay-sample-${version}`;

/**
 * Copies the files of the sample that do not exist in the folder `into`. Existing files are kept, because the user may
 * have changed them. A file gets its final name only when it is complete. All copies get the modification time of the
 * program, so that no source file appears to be newer than the program.
 */
export async function copySample(from: string, into: string): Promise<void> {
  const files = await filesIn(from);
  const { mtime } = await stat(path.join(from, 'demo/demo.elf'));
  for (const file of files) {
    const target = path.join(into, file);
    if (await exists(target)) continue;
    await mkdir(path.dirname(target), { recursive: true });
    await copyWhole(path.join(from, file), target, mtime);
  }
}

async function copyWhole(from: string, to: string, mtime: Date): Promise<void> {
  const unfinished = `${to}.tmp`;
  try {
    await copyFile(from, unfinished);
    await utimes(unfinished, mtime, mtime);
    await rename(unfinished, to);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** All files in a folder and its subfolders, relative to the folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}
