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
import { inTheWay, keepBoth } from './overwriteChoices.ts';
import { shortName } from './paths.ts';

/**
 * Implements `"overwrite": "ask"`: asks what to do with the existing recording and overlays. Undefined means that
 * nothing is started. If the user chooses to replace them, `isAnswered` marks the resulting "always", which holds for
 * one start.
 */
export async function askOverwrite(
  given: vscode.DebugConfiguration,
  launch: LaunchConfiguration,
): Promise<vscode.DebugConfiguration | undefined> {
  const old = inTheWay(launch, existsSync);
  if (launch.overwrite !== 'ask' || old.length === 0) return given;
  const both = keepBoth(path, given, launch, existsSync);
  const short = (files: string[]) => files.map((file) => shortName(path, launch.cwd, file));
  // The editor focuses the first button, so Enter keeps everything.
  const answer = await vscode.window.showWarningMessage(
    filesExist(short(old)),
    { modal: true, detail: whatHappensToThem({ files: short(old), renamed: short(both.files) }) },
    keepBothButton(),
    replaceButton(),
  );
  if (answer === replaceButton()) return { ...given, overwrite: 'always', isAnswered: true };
  return answer === keepBothButton() ? { ...given, ...both.changes, isAnswered: undefined } : undefined;
}
