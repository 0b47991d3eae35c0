import * as vscode from 'vscode';
import { settingInLaunch } from '../messages.ts';
import type { Problem } from './launchChecks.ts';
import { placeOfSetting } from './settingPlace.ts';

const OPEN = 'Open launch.json';

/** Says what is wrong with a configuration, and shows the place when asked. */
export async function showProblem(
  folder: vscode.WorkspaceFolder | undefined,
  configuration: string,
  problem: Problem,
): Promise<void> {
  const message = settingInLaunch({ configuration, message: problem.message });
  const file = await launchFile(folder);
  const answer = await vscode.window.showErrorMessage(message, { modal: true }, ...(file ? [OPEN] : []));
  if (answer !== OPEN || !file) return;
  const document = await vscode.workspace.openTextDocument(file);
  const place = placeOfSetting(document.getText(), configuration, problem.setting) ?? { start: 0, end: 0 };
  const selection = new vscode.Range(document.positionAt(place.start), document.positionAt(place.end));
  await vscode.window.showTextDocument(document, { selection });
}

async function launchFile(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.Uri | undefined> {
  const place = folder ?? vscode.workspace.workspaceFolders?.[0];
  if (!place) return undefined;
  const file = vscode.Uri.joinPath(place.uri, '.vscode', 'launch.json');
  try {
    await vscode.workspace.fs.stat(file);
    return file;
  } catch {
    return undefined;
  }
}
