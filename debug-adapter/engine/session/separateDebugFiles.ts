import type { Host } from '../base/host.ts';
import { UserError } from '../../messages/userError.ts';
import { type CompanionRequest, fileOnDemand, openSymbols, type Symbols } from '../symbols/index.ts';
import { CompanionFiles, type CompanionFolders } from './companionFiles.ts';

/**
 * The paths of the large debug files to which these files refer by their build IDs or links, so that the host can index
 * them before the session opens them. Missing and invalid files are skipped; the session reports them.
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
    // Files in memory are small.
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
