import { statSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { LaunchConfiguration } from '../../debug-adapter/dap/launchConfiguration.ts';
import {
  laterRecording as laterRecordingText,
  replayLaterButton,
} from '../../debug-adapter/messages/extensionStart.ts';
import { laterRecording } from './overwriteChoices.ts';
import { shortName } from './paths.ts';

/**
 * If a configuration in launch.json replays a recording and there is a later one next to it, tells the user and offers
 * to replay the later one. Both exist because recording again keeps the earlier files.
 */
export function offerLaterRecording(
  folder: vscode.WorkspaceFolder | undefined,
  given: vscode.DebugConfiguration,
  launch: LaunchConfiguration,
): void {
  // The editor sets this property only for configurations from launch.json. If it is missing, the user has chosen the
  // recording explicitly.
  if (launch.rr !== 'replay' || given.__configurationTarget === undefined) return;
  const later = laterRecording(path, given, launch, modifiedMs);
  if (later)
    void offer(
      folder,
      given,
      { ...given, ...later.changes, __configurationTarget: undefined },
      names(launch, later.rrfile),
    );
}

const names = ({ cwd, rrfile }: LaunchConfiguration, laterFile: string) => ({
  replayed: shortName(path, cwd, rrfile),
  later: shortName(path, cwd, laterFile),
});

async function offer(
  folder: vscode.WorkspaceFolder | undefined,
  given: vscode.DebugConfiguration,
  later: vscode.DebugConfiguration,
  shown: { replayed: string; later: string },
): Promise<void> {
  const button = replayLaterButton(shown.later);
  if ((await vscode.window.showInformationMessage(laterRecordingText(shown), button)) !== button) return;
  const session = vscode.debug.activeDebugSession;
  if (session?.configuration.rrfile === given.rrfile) await vscode.debug.stopDebugging(session);
  await vscode.debug.startDebugging(folder, later);
}

function modifiedMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
