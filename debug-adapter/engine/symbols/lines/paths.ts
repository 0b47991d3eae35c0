/**
 * Resolves `name` against `folder`, unless `name` is absolute. Leading `.` and `./` are removed from the name but not
 * from the folder.
 */
export function joinPath(folder: string, name: string): string {
  if (folder === '' || isAbsolutePath(name)) return name;
  if (name === '' || name === '.') return folder;
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  const rest = name.startsWith('./') ? name.slice(2) : name;
  return /[/\\]$/.test(folder) ? folder + rest : folder + separator + rest;
}

/** A path's components from last to first, with `.` and `..` resolved. */
export function reversedComponents(path: string): string[] {
  const parts: string[] = [];
  let skipped = 0;
  for (const part of path.split(/[/\\]/).reverse()) {
    if (part === '' || part === '.') continue;
    if (part === '..') skipped++;
    else if (skipped > 0) skipped--;
    else parts.push(part);
  }
  return parts;
}

/**
 * Compares a requested path with a candidate. Paths may come from any operating system and are compared by their
 * trailing components, because a program is rarely debugged in the folder that it was built in. Returns the number of
 * common trailing components, or 0 if neither path is a suffix of the other and they do not look like the same file in
 * different folders. The comparison ignores case; `sameCase` indicates whether the case matches too.
 */
export function matchPaths(requested: string[], candidate: string[]): { parts: number; sameCase: boolean } {
  let parts = 0;
  let sameCase = true;
  while (parts < requested.length && parts < candidate.length) {
    const [a, b] = [requested[parts], candidate[parts]];
    if (a !== b && a.toLowerCase() !== b.toLowerCase()) break;
    sameCase &&= a === b;
    parts++;
  }
  return { parts, sameCase };
}

/** The part of a path after its last separator. */
export const baseName = (path: string): string => path.replace(/^.*[/\\]/s, '');

/** Whether a path is absolute on any operating system. */
export function isAbsolutePath(path: string): boolean {
  return /^[/\\]|^[A-Za-z]:[/\\]/.test(path);
}
