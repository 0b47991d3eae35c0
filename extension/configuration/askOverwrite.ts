import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { LaunchConfiguration } from '../../debug-adapter/dap/launchConfiguration.ts';
import {
  earlierFilesKept,
  filesExist,
  replaceEarlierButton,
  replaceEarlierDetail,
  replaceEarlierQuestion,
  whatHappensToThem,
  keepBothButton,
  replaceButton,
  showOverlaysButton,
} from '../../debug-adapter/messages/extension.ts';
import { existingOutputs, keepBoth } from './overwriteChoices.ts';
import { shortName } from './paths.ts';

/**
 * Decides what happens to an existing recording and its overlays when a session records again. With `"overwrite":
 * "keepBoth"`, the session records to new files and the user is told; with "ask", the user is asked. Returns undefined if
 * the session should not be started. If the user chooses to replace the files, the setting `overwrite` becomes "always",
 * and `overwriteAnswered` records that this is the user's answer, which is valid for only one start.
 */
export async function askOverwrite(
  folder: vscode.WorkspaceFolder | undefined,
  configuration: vscode.DebugConfiguration,
  launch: LaunchConfiguration,
): Promise<vscode.DebugConfiguration | undefined> {
  const existing = existingOutputs(launch, existsSync);
  if (existing.length === 0 || launch.overwrite === 'always' || launch.overwrite === 'never') return configuration;
  const renamed = keepBoth(path, configuration, launch, existsSync);
  const both = { ...configuration, ...renamed.changes, overwriteAnswered: undefined };
  const shortNames = (files: string[]) => files.map((file) => shortName(path, launch.cwd, file));
  const names = { files: shortNames(existing), renamed: shortNames(renamed.files) };
  const replaced = { ...configuration, overwrite: 'always', overwriteAnswered: true };
  if (launch.overwrite === 'keepBoth') {
    void offerReplacing(names, { folder, both, replaced });
    return both;
  }
  // The editor focuses the first button, so pressing Enter keeps all files.
  const answer = await vscode.window.showWarningMessage(
    filesExist(names.files),
    { modal: true, detail: whatHappensToThem(names) },
    keepBothButton(),
    replaceButton(),
  );
  if (answer === replaceButton()) return replaced;
  return answer === keepBothButton() ? both : undefined;
}

/** The short names of the existing files, and of the files that the session creates instead. */
interface FileNames {
  files: string[];
  renamed: string[];
}

/**
 * Tells the user that the earlier files are kept. If the user confirms twice that they should be replaced, ends the
 * session and starts it again with the original names. The files of the ended session are kept too.
 */
async function offerReplacing(
  names: FileNames,
  choices: {
    folder: vscode.WorkspaceFolder | undefined;
    both: vscode.DebugConfiguration;
    replaced: vscode.DebugConfiguration;
  },
): Promise<void> {
  const [show, replace] = [showOverlaysButton(), replaceEarlierButton()];
  const wanted = await vscode.window.showInformationMessage(earlierFilesKept(names), show, replace);
  if (wanted === show) await vscode.commands.executeCommand('blkreplay.overlays.focus');
  if (wanted !== replace) return;
  const answer = await vscode.window.showWarningMessage(
    replaceEarlierQuestion(names.files),
    { modal: true, detail: replaceEarlierDetail(names) },
    keepBothButton(),
    replaceButton(),
  );
  if (answer !== replaceButton()) return;
  const session = vscode.debug.activeDebugSession;
  if (session && isSession(session, choices.both)) await vscode.debug.stopDebugging(session);
  await vscode.debug.startDebugging(choices.folder, choices.replaced);
}

const isSession = ({ configuration }: vscode.DebugSession, { name, rrfile }: vscode.DebugConfiguration): boolean =>
  configuration.name === name && configuration.rrfile === rrfile;
