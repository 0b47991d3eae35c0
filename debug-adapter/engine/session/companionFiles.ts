import { type Host, resolvePath } from '../base/host.ts';
import { symbolFileOutside } from '../../messages/symbols.ts';
import { type Notice, UserError } from '../../messages/userError.ts';
import { baseName, type CompanionFile, type CompanionRequest, type FindCompanion } from '../symbols/index.ts';
import { openLarge, readRegularFile } from './largeFiles.ts';

/** The folders in which a session looks for files that symbol files refer to. */
export interface CompanionFolders {
  /** The workspace folder; undefined if there is none. */
  workspace?: string;
  /** The folders that the user listed for debug information. */
  symbolPaths: readonly string[];
}

/**
 * Finds the files that a symbol file refers to: separate debug information, `.dwo` and `.dwp` files, and supplementary
 * files. The names are untrusted, because they come from the symbol file. After links are resolved, a name may refer
 * only to a regular file next to the symbol file, in the workspace, or under `symbolPaths`. The backing files of disk
 * images are restricted in a similar way. Files elsewhere are not opened, and a notice reports this once.
 */
export class CompanionFiles {
  private readonly host: Host;
  private readonly folders: CompanionFolders;
  private readonly onNotice: (notice: Notice) => void;
  /** The files read so far, by path. */
  private readonly known = new Map<string, CompanionFile | undefined>();
  private readonly refused = new Set<string>();

  constructor(host: Host, folders: CompanionFolders, onNotice: (notice: Notice) => void) {
    this.host = host;
    this.folders = folders;
    this.onNotice = onNotice;
  }

  /**
   * Returns a function that finds the companion files of one symbol file. `path` is undefined if the user did not name
   * the file, for example if it is the kernel in a recording. Such a file has no folder to search.
   */
  of(path: string | undefined, name: string): FindCompanion {
    return (request, accepts) => {
      let outside: string | undefined;
      for (const candidate of new Set(this.candidates(request, path))) {
        const found = this.read(candidate, path);
        if (found === 'outside') outside ??= candidate;
        else if (found && accepts(found)) return found;
      }
      if (outside !== undefined) this.refuse(outside, name);
      return undefined;
    };
  }

  /** The paths at which a companion file may be found, most specific first. */
  private candidates(request: CompanionRequest, path: string | undefined): string[] {
    const { folders } = this;
    const beside = path === undefined ? [] : [this.absolute(this.host.files.folderOf(this.absolute(path)))];
    const roots = [...beside, ...folders.symbolPaths.map((folder) => this.absolute(folder))];
    const inEach = (list: readonly string[], name: string) => list.map((folder) => this.inFolder(folder, name));
    switch (request.kind) {
      case 'buildId':
        return byBuildId(request.buildId).flatMap((id) => inEach(roots, id));
      case 'debugLink': {
        const { name } = request;
        return [...inEach(beside, name), ...inEach(beside, `.debug/${name}`), ...this.mirrored(beside, name)];
      }
      case 'split': {
        const { name, compDir } = request;
        const starts = [...this.withParents(beside), ...roots, this.absolute('.')];
        const buildFolders = starts.map((folder) => this.inFolder(folder, compDir));
        return [...inEach([...buildFolders, ...roots], name), ...inEach(roots, baseName(name))];
      }
      case 'package':
        return path === undefined ? [] : [`${this.absolute(path)}.dwp`, ...inEach(roots, `${baseName(path)}.dwp`)];
      case 'supplementary': {
        const { name, buildId } = request;
        const byName = [...inEach(beside, name), ...inEach(roots, baseName(name))];
        return [...byName, ...byBuildId(buildId).flatMap((id) => inEach(roots, id))];
      }
    }
  }

  /**
   * The paths of a debug file under `symbolPaths`: in the folder itself or, as in /usr/lib/debug, at the program's
   * path.
   */
  private mirrored(beside: readonly string[], name: string): string[] {
    return this.folders.symbolPaths.flatMap((root) => {
      const copies = beside.map((folder) =>
        this.inFolder(this.absolute(root), folder.replace(/^([A-Za-z]:)?[/\\]+/, '')),
      );
      return [this.absolute(root), ...copies].map((folder) => this.inFolder(folder, name));
    });
  }

  private withParents(folders: readonly string[]): string[] {
    return folders.flatMap((folder) => {
      const parent = this.host.files.folderOf(folder);
      return parent === folder ? [folder] : [folder, ...this.withParents([parent])];
    });
  }

  private absolute(path: string): string {
    return resolvePath(this.host.files, this.folders.workspace ?? '', path);
  }

  private inFolder(folder: string, name: string): string {
    return resolvePath(this.host.files, folder, name);
  }

  private read(candidate: string, path: string | undefined): CompanionFile | 'outside' | undefined {
    return ignoringUserErrors(() => {
      if (!this.host.files.exists(candidate)) return undefined;
      if (!this.isAllowed(candidate, path)) return 'outside';
      if (!this.known.has(candidate)) this.known.set(candidate, this.readRegular(candidate));
      return this.known.get(candidate);
    });
  }

  private isAllowed(candidate: string, path: string | undefined): boolean {
    const { files } = this.host;
    const { workspace, symbolPaths } = this.folders;
    const beside = path === undefined ? [] : [files.folderOf(this.absolute(path))];
    const folders = [...beside, ...symbolPaths.map((folder) => this.absolute(folder))];
    if (workspace !== undefined) folders.push(workspace);
    return folders.some((folder) => files.isWithin(candidate, folder));
  }

  private refuse(candidate: string, owner: string): void {
    if (this.refused.has(owner)) return;
    this.refused.add(owner);
    this.onNotice(symbolFileOutside(owner, candidate));
  }

  private readRegular(name: string): CompanionFile | undefined {
    return ignoringUserErrors(() => {
      const large = openLarge(this.host, name);
      if (large) return large;
      const bytes = readRegularFile(this.host, name);
      return bytes && { name, bytes };
    });
  }
}

/** The session works without the file, so ignore all errors except an interruption. */
function ignoringUserErrors<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError && error.kind !== 'interrupted') return undefined;
    throw error;
  }
}

function byBuildId(buildId: string | undefined): string[] {
  return buildId === undefined || buildId.length <= 2
    ? []
    : [`.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`];
}
