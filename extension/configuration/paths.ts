import type { PlatformPath } from 'node:path';

/**
 * Adds a number to a file name: `boot.rr`, 2 -> `boot-2.rr`. An existing number is replaced: `boot-2.rr`, 3 ->
 * `boot-3.rr`. The functions in this file take the platform's path module as a parameter, so that Windows paths can be
 * tested on every platform.
 */
export function numbered(path: PlatformPath, file: string, number: number): string {
  const { base, name, ext } = path.parse(file);
  return `${file.slice(0, file.length - base.length)}${name.replace(/-\d+$/, '')}-${number}${ext}`;
}

/** The shortest name for the file, which is relative to the folder if the file is in that folder. */
export function shortName(path: PlatformPath, folder: string | undefined, file: string): string {
  if (folder === undefined) return file;
  const relative = path.relative(folder, file);
  const isOutside = relative === '' || /^\.\.([\\/]|$)/.test(relative) || path.isAbsolute(relative);
  return isOutside ? file : relative;
}

/** The path relative to the workspace folder, in launch.json's notation, which is the same on every platform. */
export function inWorkspace(path: PlatformPath, folder: string, file: string): string {
  const short = shortName(path, folder, file).replaceAll(path.sep, '/');
  return path.isAbsolute(file) && short === file.replaceAll(path.sep, '/') ? file : '${workspaceFolder}/' + short;
}

/** Whether two paths name the same file. Windows and macOS ignore case. */
export function isSameFile(path: PlatformPath, platform: string, a: string, b: string): boolean {
  const key = (file: string) => {
    const plain = path.normalize(file);
    return platform === 'linux' ? plain : plain.toLowerCase();
  };
  return key(a) === key(b);
}
