import { type HostFiles, resolvePath } from '../base/host.ts';
import { sourceIsNewer } from '../../messages/symbols.ts';
import type { Notice } from '../../messages/userError.ts';
import { isAbsolutePath, type Symbols } from '../symbols/index.ts';
import { SourceMap, type SourceMapEntry } from './sourceMap.ts';

type Files = Pick<HostFiles, 'exists' | 'folderOf' | 'inFolder' | 'resolveName' | 'modifiedMs'>;

/**
 * Finds source files on this computer. The paths in debug information are often relative to the build folder, or come
 * from another computer. The source map is applied first. A relative path is resolved against the ELF file's folder,
 * its parent folders and the working directory, in this order. A path that is not found stays unchanged.
 */
export class SourcePaths {
  private files: Files;
  private cwd: string;
  private map: SourceMap;
  private rrfile: string | undefined;
  private onNotice: (notice: Notice) => void;
  private cache = new Map<string, string>();
  private newerWasReported = false;

  constructor(options: {
    files: Files;
    cwd: string;
    sourceMap?: readonly SourceMapEntry[];
    /** The recording being replayed. The programs in it cannot be newer than the recording itself. */
    rrfile?: string;
    /** Called if a source file is newer than its program, at most once per session. */
    onNotice?: (notice: Notice) => void;
  }) {
    this.files = options.files;
    this.cwd = options.cwd;
    this.map = new SourceMap(options.sourceMap ?? []);
    this.rrfile = options.rrfile;
    this.onNotice = options.onNotice ?? (() => {});
  }

  resolve(symbols: Symbols, name: string): string {
    const key = `${symbols.name}\n${name}`;
    const cache = this.cache.get(key);
    if (cache !== undefined) return cache;
    const found = this.candidates(symbols, name).find((candidate) => this.files.exists(candidate));
    if (found !== undefined) this.reportIfNewer(symbols, found);
    const file = found ?? name;
    this.cache.set(key, file);
    return file;
  }

  /** The names that a source file may have in debug information, starting with those from the source map. */
  compiledNames(path: string): string[] {
    return [...this.map.toCompiled(path), path];
  }

  private candidates(symbols: Symbols, name: string): string[] {
    const { files, cwd } = this;
    const mapped = this.map.toLocal(name).map((path) => resolvePath(files, cwd, path));
    if (isAbsolutePath(name)) return [...mapped, name];
    const folders = [...this.parentsOf(files.folderOf(resolvePath(files, cwd, symbols.name))), cwd];
    return [...mapped, ...folders.map((folder) => resolvePath(files, folder, name))];
  }

  private reportIfNewer(symbols: Symbols, source: string): void {
    if (this.newerWasReported) return;
    const { files, cwd, rrfile } = this;
    const programs = [resolvePath(files, cwd, symbols.name), ...(rrfile === undefined ? [] : [rrfile])];
    const times = programs.map((file) => files.modifiedMs(file)).filter((time) => time !== undefined);
    const sourceMs = files.modifiedMs(source);
    if (sourceMs === undefined || times.length === 0 || sourceMs < Math.min(...times) + NEWER_MS_MIN) return;
    this.newerWasReported = true;
    this.onNotice(sourceIsNewer(source, symbols.name));
  }

  /** The folder and its parents, starting with the folder itself. */
  private parentsOf(folder: string): string[] {
    const parent = this.files.folderOf(folder);
    return parent === folder ? [folder] : [folder, ...this.parentsOf(parent)];
  }
}

/**
 * Tools that copy or check out a folder write its files in arbitrary order, so a source file may be slightly newer than
 * its program. Such small differences are ignored.
 */
const NEWER_MS_MIN = 2000;
