import * as path from 'node:path';
import * as vscode from 'vscode';
import { parseLaunch } from '../../debug-adapter/dap/launchConfiguration.ts';
import { keptBothInstead, notRestarted } from '../../debug-adapter/messages/extension.ts';
import { askOverwrite } from './askOverwrite.ts';

/**
 * Asks what to do with the existing recording when a session is restarted. The editor restarts a session with its
 * original settings and does not call the configuration provider again, so this function asks the question. `replaces`
 * indicates whether the adapter may replace the files of the previous run; the answer cannot be stored in the settings,
 * because the editor does not let the extension change them. Throws if the session must not be restarted with these
 * files.
 */
export async function askBeforeRestart(session: vscode.DebugSession): Promise<{ replaces: boolean }> {
  const given = session.configuration;
  const mayAsk = given.overwriteAnswered || given.overwrite === 'keepBoth';
  const asking = mayAsk ? { ...given, overwrite: 'ask' } : given;
  const answered = await askOverwrite(session.workspaceFolder, asking, parseLaunch(asking, path.resolve));
  if (!answered) throw new Error(notRestarted());
  if (answered === asking) return { replaces: false };
  if (!answered.overwriteAnswered) {
    void vscode.debug.startDebugging(session.workspaceFolder, answered);
    throw new Error(keptBothInstead());
  }
  return { replaces: true };
}
