import { readFileSync, realpathSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { shortName } from '../configuration/paths.ts';
import type { Include } from './makefile.ts';

/** No handwritten makefile is longer than this. */
const FILE_BYTES_MAX = 256 << 10;

/**
 * Reads the files that a makefile includes. Like make, it resolves all names relative to the folder of the main
 * makefile, including names in included files. Files outside the workspace folder are not read.
 */
export function includedFiles(workspaceFolder: string, makefile: string): Include {
  return (name) => {
    try {
      const file = realpathSync(path.resolve(path.dirname(makefile), name));
      const isOutside = path.isAbsolute(shortName(path, realpathSync(workspaceFolder), file));
      if (isOutside) return undefined;
      const status = statSync(file);
      return status.isFile() && status.size <= FILE_BYTES_MAX ? readFileSync(file, 'utf8') : undefined;
    } catch {
      // The file does not exist, or cannot be read.
      return undefined;
    }
  };
}
