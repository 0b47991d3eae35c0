/**
 * A replacement for the start of source paths: a folder on the computer that built the program, and the folder that
 * replaces it on this computer.
 */
export interface SourceMapEntry {
  from: string;
  to: string;
}

/**
 * Maps source paths in debug information to paths on this computer, and back. Whole components are compared, `/` and
 * `\` are equivalent, and case is ignored in paths with a drive letter. If several entries match, the result for the
 * longest matching folder comes first.
 */
export class SourceMap {
  private readonly entries: readonly { from: string[]; to: string[]; entry: SourceMapEntry }[];

  constructor(entries: readonly SourceMapEntry[]) {
    this.entries = entries.map((entry) => ({ from: componentsOf(entry.from), to: componentsOf(entry.to), entry }));
  }

  /** The paths on this computer for a path in debug information. */
  toLocal(path: string): string[] {
    const components = componentsOf(path);
    return [...this.entries]
      .sort((a, b) => b.from.length - a.from.length)
      .filter(({ from }) => startsWith(components, from))
      .map(({ from, entry }) => joined(entry.to, components.slice(from.length)));
  }

  /** The paths in debug information for a path on this computer. */
  toCompiled(path: string): string[] {
    const components = componentsOf(path);
    return [...this.entries]
      .sort((a, b) => b.to.length - a.to.length)
      .filter(({ to }) => startsWith(components, to))
      .map(({ to, entry }) => joined(entry.from, components.slice(to.length)));
  }
}

/** The components of a path, with `.` and `..` resolved. An absolute path starts with an empty component or a drive. */
function componentsOf(path: string): string[] {
  const components: string[] = [];
  const isAbsolute = /^[/\\]/.test(path);
  for (const part of path.split(/[/\\]+/)) {
    if (part === '' || part === '.') continue;
    if (part === '..' && components.length > 0 && components.at(-1) !== '..') components.pop();
    else components.push(part);
  }
  return isAbsolute ? ['', ...components] : components;
}

function startsWith(path: readonly string[], folder: readonly string[]): boolean {
  if (folder.length > path.length || isAbsolute(path) !== isAbsolute(folder)) return false;
  const ignoresCase = isDrive(folder[0]);
  return folder.every((part, i) => part === path[i] || (ignoresCase && part.toLowerCase() === path[i].toLowerCase()));
}

/** Appends components to a folder's path, using the same separator as that path. */
function joined(folder: string, rest: readonly string[]): string {
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  if (rest.length === 0) return folder;
  return (/[/\\]$/.test(folder) ? folder : folder + separator) + rest.join(separator);
}

const isDrive = (component: string | undefined): boolean => component !== undefined && /^[A-Za-z]:$/.test(component);
const isAbsolute = (components: readonly string[]): boolean => components[0] === '' || isDrive(components[0]);
