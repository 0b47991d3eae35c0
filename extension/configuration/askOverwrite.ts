import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { LaunchConfiguration } from '../../debug-adapter/dap/launchConfiguration.ts';
import {
  filesExist,
  whatHappensToThem,
  keepBothButton,
  replaceButton,
} from '../../debug-adapter/messages/extension.ts';
import { existingOutputs, keepBoth } from './overwriteChoices.ts';
import { shortName } from './paths.ts';

/**
 * Implements `"overwrite": "ask"`: asks what to do with the existing recording and overlays. Returns undefined if the
 * session should not be started. If the user chooses to replace the files, the setting `overwrite` becomes "always",
 * and `overwriteAnswered` records that this is the user's answer, which is valid for only one start.
 */
export async function askOverwrite(
  configuration: vscode.DebugConfiguration,
  launch: LaunchConfiguration,
): Promise<vscode.DebugConfiguration | undefined> {
  const existing = existingOutputs(launch, existsSync);
  if (launch.overwrite !== 'ask' || existing.length === 0) return configuration;
  const renamed = keepBoth(path, configuration, launch, existsSync);
  const shortNames = (files: string[]) => files.map((file) => shortName(path, launch.cwd, file));
  // The editor focuses the first button, so pressing Enter keeps all files.
  const answer = await vscode.window.showWarningMessage(
    filesExist(shortNames(existing)),
    { modal: true, detail: whatHappensToThem({ files: shortNames(existing), renamed: shortNames(renamed.files) }) },
    keepBothButton(),
    replaceButton(),
  );
  if (answer === replaceButton()) return { ...configuration, overwrite: 'always', overwriteAnswered: true };
  return answer === keepBothButton()
    ? { ...configuration, ...renamed.changes, overwriteAnswered: undefined }
    : undefined;
}
