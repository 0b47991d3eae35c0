import * as vscode from 'vscode';

/**
 * Asks before something goes. The editor focuses the first button of a dialog that is not its Cancel, so the first one is
 * harmless: Enter keeps everything.
 */
export async function confirmDeletion(question: string, detail: string): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, 'Keep', 'Delete');
  return answer === 'Delete';
}
