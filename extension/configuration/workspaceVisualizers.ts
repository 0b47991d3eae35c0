import { readdirSync } from 'node:fs';
import * as path from 'node:path';

/**
 * The natvis files in the `.vscode` folders of a workspace, which define how values are shown. Only a trusted workspace
 * may provide them, and only as regular files: a link could refer to a file outside the workspace.
 */
export function workspaceVisualizers(folders: readonly string[], isTrusted: boolean): string[] {
  return isTrusted ? folders.flatMap((folder) => natvisFilesIn(path.join(folder, '.vscode'))) : [];
}

function natvisFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith('.natvis'))
      .map(({ name }) => path.join(folder, name))
      .sort()
      .slice(0, FILES_MAX);
  } catch {
    // Most workspaces have no such folder.
    return [];
  }
}

const FILES_MAX = 100;
