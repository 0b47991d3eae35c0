import * as vscode from 'vscode';
import type { CommandLine } from '../overlays/commandLine.ts';
import type { Recordings } from '../overlays/recordings.ts';
import type { Sessions } from '../sessions.ts';
import { registerLinks } from './openLink.ts';
import { registerSample } from './openSample.ts';
import { registerRecordingEditor } from './recordingEditor.ts';
import { registerResume } from './resume.ts';
import { registerStartPositions } from './startPosition.ts';

/** Registers the ways to start: the sample, recordings and packs that are opened, links, and resuming a session. */
export function registerStart(
  context: vscode.ExtensionContext,
  { sessions, commandLine, recordings }: { sessions: Sessions; commandLine: CommandLine; recordings: Recordings },
): vscode.Disposable {
  return vscode.Disposable.from(
    registerSample(context),
    registerRecordingEditor(commandLine, recordings),
    registerLinks(recordings),
    registerResume(context, sessions),
    registerStartPositions(sessions),
  );
}
