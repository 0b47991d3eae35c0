import type { PlatformPath } from 'node:path';

/**
 * Names of files in launch.json. Everything takes the platform's path module as a parameter, so that Windows' rules are
 * tested everywhere.
 */

/** `boot.rr`, 2 -> `boot-2.rr`; a name that is numbered already counts on: `boot-2.rr`, 3 -> `boot-3.rr`. */
export function numbered(path: PlatformPath, file: string, number: number): string {
  const { base, name, ext } = path.parse(file);
  return `${file.slice(0, file.length - base.length)}${name.replace(/-\d+$/, '')}-${number}${ext}`;
}

/** As short as it can be said: relative to the folder when the file is in it. */
export function shortName(path: PlatformPath, folder: string | undefined, file: string): string {
  if (folder === undefined) return file;
  const relative = path.relative(folder, file);
  const isOutside = relative === '' || /^\.\.([\\/]|$)/.test(relative) || path.isAbsolute(relative);
  return isOutside ? file : relative;
}

/** Relative to the workspace folder, as launch.json writes it on every platform. */
export function inWorkspace(path: PlatformPath, folder: string, file: string): string {
  const short = shortName(path, folder, file).replaceAll(path.sep, '/');
  return path.isAbsolute(file) && short === file.replaceAll(path.sep, '/') ? file : '${workspaceFolder}/' + short;
}

/** Whether two names mean the same file; Windows and macOS do not tell cases apart. */
export function isSameFile(path: PlatformPath, platform: string, a: string, b: string): boolean {
  const key = (file: string) => {
    const plain = path.normalize(file);
    return platform === 'linux' ? plain : plain.toLowerCase();
  };
  return key(a) === key(b);
}
