import * as path from 'node:path';
import * as vscode from 'vscode';
import { sampleNotCopied } from '../../debug-adapter/messages/extensionStart.ts';
import { showError } from '../commands/requests.ts';
import { isSameFile } from '../configuration/paths.ts';
import { copySample, SAMPLE_README, sampleFolderName } from './sampleFolder.ts';

/**
 * Registers the command that opens the sample: a program that has a bug, together with its sources and a launch.json.
 * The extension contains the sample, so that the first steps need neither a clone nor a compiler. The sample is copied
 * to the extension's storage folder and opened, in a new window if this window already has a folder.
 */
export function registerSample(context: vscode.ExtensionContext): vscode.Disposable {
  const { version } = context.extension.packageJSON as { version: string };
  const folder = path.join(context.globalStorageUri.fsPath, sampleFolderName(version));
  if (isOpen(folder)) void showReadmeOnce(context, folder);
  return vscode.commands.registerCommand('blkreplay.openSample', async () => {
    try {
      await copySample(path.join(context.extensionPath, 'dist', 'sample'), folder);
    } catch (error) {
      return showError(new Error(sampleNotCopied({ folder, why: String(error) })));
    }
    if (isOpen(folder)) return showReadme(folder);
    const forceNewWindow = vscode.workspace.workspaceFolders !== undefined;
    await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(folder), { forceNewWindow });
  });
}

function isOpen(folder: string): boolean {
  const open = vscode.workspace.workspaceFolders?.[0];
  return open !== undefined && isSameFile(path, process.platform, open.uri.fsPath, folder);
}

const README_SHOWN = 'sample.readmeShown';

/** Shows the description when the sample is opened for the first time. */
async function showReadmeOnce(context: vscode.ExtensionContext, folder: string): Promise<void> {
  if (context.workspaceState.get(README_SHOWN)) return;
  await context.workspaceState.update(README_SHOWN, true);
  await showReadme(folder);
}

async function showReadme(folder: string): Promise<void> {
  const file = vscode.Uri.file(path.join(folder, SAMPLE_README));
  await vscode.commands.executeCommand('markdown.showPreview', file);
}
