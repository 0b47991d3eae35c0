import * as vscode from 'vscode';
import { parseLaunch } from '../../debug-adapter/dap/launchConfiguration.ts';
import { keptBothInstead, notRestarted } from '../messages.ts';
import { askOverwrite } from './askOverwrite.ts';

/**
 * The editor restarts a session with the settings it began with and asks no provider again. So the question about the
 * recording, which is there by now, is asked here. Resolves to whether the adapter may replace what it made itself, which
 * the settings cannot say: they are the editor's. Throws when the session is not to go on in these files.
 */
export async function askBeforeRestart(session: vscode.DebugSession): Promise<{ replaces: boolean }> {
  const given = session.configuration;
  const asking = given.isAnswered ? { ...given, overwrite: 'ask' } : given;
  const answered = await askOverwrite(asking, parseLaunch(asking));
  if (!answered) throw new Error(notRestarted());
  if (answered === asking) return { replaces: false };
  if (!answered.isAnswered) {
    void vscode.debug.startDebugging(session.workspaceFolder, answered);
    throw new Error(keptBothInstead());
  }
  return { replaces: true };
}
