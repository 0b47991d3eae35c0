import { type HostFiles, resolvePath } from '../base/host.ts';
import { isAbsolutePath, type Symbols } from '../symbols/index.ts';

type Files = Pick<HostFiles, 'exists' | 'folderOf' | 'inFolder' | 'resolveName'>;

/**
 * Finds source files on this computer. Compilers often write paths relative to the build folder, or paths on another
 * computer. A relative path is resolved against the ELF file's folder, its parent folders and the working directory, in
 * this order. A path that is not found stays unchanged.
 */
export class SourcePaths {
  private files: Files;
  private cwd: string;
  private cache = new Map<string, string>();

  constructor({ files, cwd }: { files: Files; cwd: string }) {
    this.files = files;
    this.cwd = cwd;
  }

  resolve(symbols: Symbols, name: string): string {
    const key = `${symbols.name}\n${name}`;
    const cache = this.cache.get(key);
    if (cache !== undefined) return cache;
    const file = this.candidates(symbols, name).find((candidate) => this.files.exists(candidate)) ?? name;
    this.cache.set(key, file);
    return file;
  }

  private candidates(symbols: Symbols, name: string): string[] {
    if (isAbsolutePath(name)) return [name];
    const { files, cwd } = this;
    const folders = [...this.parentsOf(files.folderOf(resolvePath(files, cwd, symbols.name))), cwd];
    return folders.map((folder) => resolvePath(files, folder, name));
  }

  /** The folder and its parents, starting with the folder itself. */
  private parentsOf(folder: string): string[] {
    const parent = this.files.folderOf(folder);
    return parent === folder ? [folder] : [folder, ...this.parentsOf(parent)];
  }
}
