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
  const parameters = new URLSearchParams(link.query);
  const recording = parameters.get('recording');
  if (!recording) return { problem: linkTexts.recordingMissing() };
  if (!isLocalFile(path, recording)) return { problem: linkTexts.notLocal(recording) };
  const text = parameters.get('position');
  if (text === null) return { recording, position: undefined };
  const position = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(position) ? { recording, position } : { problem: linkTexts.badPosition(text) };
}

function isLocalFile(path: PlatformPath, file: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(file) || /^[\\/]{2}/.test(file) || !path.isAbsolute(file)) return false;
  // A rooted path without a drive depends on the current drive.
  return path.sep === '/' || /^[a-z]:[\\/]/i.test(file);
}
