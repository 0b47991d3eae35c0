import * as vscode from 'vscode';
import type { CommandLine } from '../overlays/commandLine.ts';
import type { Recordings } from '../overlays/recordings.ts';
import type { Sessions } from '../sessions.ts';
import { openLink, registerLinks } from './openLink.ts';
import { registerSample } from './openSample.ts';
import { registerRecordingEditor } from './recordingEditor.ts';
import { registerResume } from './resume.ts';
import { unpackAndReplay } from './unpack.ts';

/** Lets tests open a link, as the editor does, and unpack a pack, as a user does by clicking a button on a page. */
export interface StartApi extends vscode.Disposable {
  openLink(uri: vscode.Uri): Promise<void>;
  unpackAndReplay(pack: string): Promise<void>;
}

/** Registers the ways to start a session: from the sample, a recording, a pack or a link, or by resuming the last. */
export function registerStart(
  context: vscode.ExtensionContext,
  { sessions, commandLine, recordings }: { sessions: Sessions; commandLine: CommandLine; recordings: Recordings },
): StartApi {
  const parts = vscode.Disposable.from(
    registerSample(context),
    registerRecordingEditor(commandLine, recordings),
    registerLinks(recordings),
    registerResume(context, sessions),
  );
  return {
    openLink: (uri) => openLink(recordings, uri),
    unpackAndReplay: (pack) => unpackAndReplay({ commandLine, recordings, pack }),
    dispose: () => parts.dispose(),
  };
}
