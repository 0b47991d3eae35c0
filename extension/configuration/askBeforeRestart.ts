import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { parseLaunch } from '../../debug-adapter/dap/launchConfiguration.ts';
import { keptBothInstead, notRestarted } from '../messages.ts';
import { askOverwrite } from './askOverwrite.ts';
import { inTheWay } from './overwriteChoices.ts';

/**
 * The editor restarts a session with the settings it began with and asks no provider again. So the question about the
 * recording, which is there by now, is asked here. Throws when the session is not to go on in these files.
 */
export async function askBeforeRestart(session: vscode.DebugSession): Promise<void> {
  const given = session.configuration;
  const asking = given.isAnswered ? { ...given, overwrite: 'ask' } : given;
  const answered = await askOverwrite(asking, parseLaunch(asking));
  if (!answered) throw new Error(notRestarted());
  if (answered === asking) return;
  if (!answered.isAnswered) {
    void vscode.debug.startDebugging(session.workspaceFolder, answered);
    throw new Error(keptBothInstead());
  }
  // The settings are the editor's and say "ask" still, which the adapter takes for "never".
  if (given.overwrite === 'always') return;
  for (const file of inTheWay(parseLaunch(given), existsSync)) await vscode.workspace.fs.delete(vscode.Uri.file(file));
}
