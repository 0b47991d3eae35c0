import * as vscode from 'vscode';
import { settingInLaunch, openLaunchButton } from '../../debug-adapter/messages/extension.ts';
import type { Problem } from './launchChecks.ts';
import { rangeOfSetting } from './settingRange.ts';

const OPEN = openLaunchButton();

/** Shows a problem in a configuration, with a button that opens the file at the affected setting. */
export async function showProblem(
  folder: vscode.WorkspaceFolder | undefined,
  configuration: string,
  problem: Problem,
): Promise<void> {
  const message = settingInLaunch({ configuration, message: problem.message });
  const documents = await launchFiles(folder);
  const answer = await vscode.window.showErrorMessage(
    message,
    { modal: true },
    ...(documents.length > 0 ? [OPEN] : []),
  );
  if (answer !== OPEN) return;
  const matches = documents.flatMap((document) => {
    const target = rangeOfSetting(document.getText(), configuration, problem.setting);
    return target ? [{ document, target }] : [];
  });
  const { document, target } = matches[0] ?? { document: documents[0], target: { start: 0, end: 0 } };
  const selection = new vscode.Range(document.positionAt(target.start), document.positionAt(target.end));
  await vscode.window.showTextDocument(document, { selection });
}

/** The launch.json of the folder, and the workspace file, which can also contain configurations. */
async function launchFiles(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.TextDocument[]> {
  const target = folder ?? vscode.workspace.workspaceFolders?.[0];
  const files = [
    ...(target ? [vscode.Uri.joinPath(target.uri, '.vscode', 'launch.json')] : []),
    ...(vscode.workspace.workspaceFile ? [vscode.workspace.workspaceFile] : []),
  ];
  const opened = await Promise.allSettled(files.map((file) => vscode.workspace.openTextDocument(file)));
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
