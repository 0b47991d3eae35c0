import type { PlatformPath } from 'node:path';
import { linkTexts } from '../../debug-adapter/messages/extensionStart.ts';

/** A link such as `vscode://blkreplay.blkreplay/open?recording=/home/me/boot.rr&position=1200`, decoded. */
export interface OpenLink {
  recording: string;
  position: number | undefined;
}

/**
 * Decodes a link. A link may come from any web page, so only an absolute path to a file on this computer is accepted;
 * network paths, device paths and URLs are not. Returns the problem if the link is rejected.
 */
export function decodeLink(path: PlatformPath, link: { path: string; query: string }): OpenLink | { problem: string } {
  if (link.path !== '/open') return { problem: linkTexts.unknown(link.path) };
  const { recording, position: text } = parametersOf(link.query);
  if (!recording) return { problem: linkTexts.recordingMissing() };
  if (!isLocalFile(path, recording)) return { problem: linkTexts.notLocal(recording) };
  if (text === undefined) return { recording, position: undefined };
  const position = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(position) ? { recording, position } : { problem: linkTexts.badPosition(text) };
}

/** The parameters in a query. VS Code has already decoded it, so the path may contain `&`, `+` and `%`. */
function parametersOf(query: string): { recording?: string; position?: string } {
  const match =
    /^(?:position=(?<first>[^&]*)(?:&|$))?(?:recording=(?<recording>.*?))?(?:&position=(?<last>[^&]*))?$/s.exec(query);
  const { recording, first, last } = match?.groups ?? {};
  return { recording, position: last ?? first };
}

function isLocalFile(path: PlatformPath, file: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(file) || /^[\\/]{2}/.test(file) || !path.isAbsolute(file)) return false;
  // A rooted path without a drive depends on the current drive.
  return path.sep === '/' || /^[a-z]:[\\/]/i.test(file);
}
