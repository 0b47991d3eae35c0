import type { Host } from '../base/host.ts';
import { UserError } from '../../messages/userError.ts';
import { type CompanionRequest, fileOnDemand, openSymbols, type Symbols } from '../symbols/index.ts';
import { CompanionFiles, type CompanionFolders } from './companionFiles.ts';

/**
 * Finds the large debug files to which symbol files refer by build ID or link, so that the host can index the debug
 * files before the session opens them. Missing and invalid files are skipped; the session reports them.
 */
export function largeDebugFilesOf(host: Host, names: readonly string[], folders: CompanionFolders): string[] {
  const companions = new CompanionFiles(host, folders, () => {});
  return names.flatMap((name) => {
    const symbols = headersOf(host, name);
    if (!symbols || symbols.hasDebugInfo) return [];
    const find = companions.of(name, name);
    const requests: CompanionRequest[] = [];
    if (symbols.buildId !== undefined) requests.push({ kind: 'buildId', buildId: symbols.buildId });
    if (symbols.debugLink) requests.push({ kind: 'debugLink', name: symbols.debugLink.name });
    // Only large files are read on demand; the others are already in memory.
    return requests.flatMap((request) => find(request, ({ bytes }) => 'bytes' in bytes)?.name ?? []).slice(0, 1);
  });
}

function headersOf({ files }: Host, name: string): Pick<Symbols, 'hasDebugInfo' | 'buildId' | 'debugLink'> | undefined {
  try {
    const file = files.open(name, { write: false, create: 'never' });
    try {
      return openSymbols({ name, bytes: fileOnDemand(file) });
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof UserError && error.kind !== 'interrupted') return undefined;
    throw error;
  }
}
