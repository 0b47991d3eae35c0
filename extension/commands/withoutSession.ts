import * as vscode from 'vscode';
import { openSampleButton, startDebuggingButton } from '../../debug-adapter/messages/extension.ts';
import { DEBUG_TYPE } from '../sessions.ts';

/**
 * Explains why a command does nothing, and offers the next step: to start debugging if the workspace has a launch
 * configuration for blkreplay, and otherwise to open the sample.
 */
export async function explainWithoutSession(sentence: string): Promise<void> {
  const hasConfiguration = (vscode.workspace.workspaceFolders ?? []).some(hasLaunchConfiguration);
  const button = hasConfiguration ? startDebuggingButton() : openSampleButton();
  const command = hasConfiguration ? 'workbench.action.debug.start' : 'blkreplay.openSample';
  const answer = await vscode.window.showInformationMessage(sentence, button);
  if (answer === button) await vscode.commands.executeCommand(command);
}

function hasLaunchConfiguration({ uri }: vscode.WorkspaceFolder): boolean {
  const configurations = vscode.workspace.getConfiguration('launch', uri).get<unknown>('configurations');
  return Array.isArray(configurations) && configurations.some((one) => one?.type === DEBUG_TYPE);
}
