import * as path from 'node:path';
import type { Symbols } from '../engine/index.ts';

/**
 * Finds source files on this computer. Compilers often write paths relative to the build folder, or paths on another
 * computer. A relative path is resolved against the ELF file's folder, its parent folders and the working directory, in
 * this order. A path that is not found stays unchanged.
 */
export class SourcePaths {
  private exists: (path: string) => boolean;
  private cwd: string;
  private cache = new Map<string, string>();

  constructor(options: { exists: (path: string) => boolean; cwd: string }) {
    this.exists = options.exists;
    this.cwd = options.cwd;
  }

  resolve(symbols: Symbols, name: string): string {
    const key = `${symbols.name}\n${name}`;
    const cache = this.cache.get(key);
    if (cache !== undefined) return cache;
    const file = this.candidates(symbols, name).find((candidate) => this.exists(candidate)) ?? name;
    this.cache.set(key, file);
    return file;
  }

  private candidates(symbols: Symbols, name: string): string[] {
    if (path.isAbsolute(name)) return [name];
    const folders = [...parentsOf(path.dirname(path.resolve(this.cwd, symbols.name))), this.cwd];
    return folders.map((folder) => path.resolve(folder, name));
  }
}

/** The folder and its parents, starting with the folder itself. */
function parentsOf(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...parentsOf(parent)];
}
