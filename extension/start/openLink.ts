import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { linkTexts } from '../../debug-adapter/messages/extensionStart.ts';
import { showError } from '../commands/requests.ts';
import type { Recordings } from '../overlays/recordings.ts';
import { formatPosition } from '../timeline/positionText.ts';
import { decodeLink } from './links.ts';
import { replayFile } from './replayFile.ts';

/**
 * Opens links (see decodeLink) after the user has confirmed. The question shows the full path of the recording. Nothing
 * is downloaded.
 */
export function registerLinks(recordings: Recordings): vscode.Disposable {
  return vscode.window.registerUriHandler({ handleUri: (uri) => openLink(recordings, uri) });
}

export async function openLink(recordings: Recordings, uri: vscode.Uri): Promise<void> {
  const link = decodeLink(path, uri);
  if ('problem' in link) return showError(new Error(link.problem));
  const { recording, position } = link;
  if (!existsSync(recording)) return showError(new Error(linkTexts.missing(recording)));
  const answer = await vscode.window.showInformationMessage(
    linkTexts.question(path.basename(recording)),
    { modal: true, detail: linkTexts.detail(recording, position === undefined ? undefined : formatPosition(position)) },
    linkTexts.replayButton(),
  );
  if (answer !== linkTexts.replayButton()) return;
  try {
    await replayFile(recordings, recording, position);
  } catch (error) {
    showError(error);
  }
}
