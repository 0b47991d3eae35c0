/**
 * Paths of source files, as compilers on any system wrote them: compared by their last parts, since the folder a
 * program was built in is rarely the one it is debugged in.
 */

/** `name` in `folder`, unless it is absolute. `.` and `./` in front are dropped from the name, not from the folder. */
export function joinPath(folder: string, name: string): string {
  if (folder === '' || isAbsolute(name)) return name;
  if (name === '' || name === '.') return folder;
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  const rest = name.startsWith('./') ? name.slice(2) : name;
  return /[/\\]$/.test(folder) ? folder + rest : folder + separator + rest;
}

/** The parts of a path, from the last to the first, with `.` and `..` worked off. */
export function partsFromEnd(path: string): string[] {
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
 * How well a file fits a path that somebody asks for: the number of parts they share at the end, or 0 when one is not
 * the end of the other and they are not the same file in different places. Only names must agree; `sameCase` says
 * whether they agree exactly.
 */
export function fit(wanted: string[], candidate: string[]): { parts: number; sameCase: boolean } {
  let parts = 0;
  let sameCase = true;
  while (parts < wanted.length && parts < candidate.length) {
    const [a, b] = [wanted[parts], candidate[parts]];
    if (a !== b && a.toLowerCase() !== b.toLowerCase()) break;
    sameCase &&= a === b;
    parts++;
  }
  return { parts, sameCase };
}

function isAbsolute(path: string): boolean {
  return /^[/\\]|^[A-Za-z]:[/\\]/.test(path);
}
