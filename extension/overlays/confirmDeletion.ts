import * as vscode from 'vscode';
import { deleteButton, keepButton } from '../../debug-adapter/messages/extension.ts';

/**
 * Asks for confirmation before deleting files. In a modal dialog, the editor focuses the first button other than
 * Cancel. The first button therefore keeps the files, so that pressing Enter deletes nothing.
 */
export async function confirmDeletion(question: string, detail: string): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail },
    keepButton(),
    deleteButton(),
  );
  return answer === deleteButton();
}
