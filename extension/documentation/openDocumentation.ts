import * as vscode from 'vscode';
import { openDocumentationTitle } from '../../debug-adapter/messages/extension.ts';

/**
 * The command *Open Documentation* shows a document of the extension in VS Code's Markdown preview. The documents
 * cannot be opened from the extension's page in VS Code, because links to files do nothing there.
 */
export function registerDocumentation({ extensionUri }: vscode.ExtensionContext): vscode.Disposable {
  const folder = vscode.Uri.joinPath(extensionUri, 'docs');
  return vscode.commands.registerCommand('blkreplay.openDocumentation', async () => {
    const title = openDocumentationTitle();
    const chosen = await vscode.window.showQuickPick(documentsIn(folder), { title });
    if (chosen) await vscode.commands.executeCommand('markdown.showPreview', chosen.file);
  });
}

/** The documents at the top of the list, in this order; all others follow in alphabetical order. */
const FIRST = ['guide.md', 'cookbook.md', 'launch-json.md'];

interface DocumentItem extends vscode.QuickPickItem {
  file: vscode.Uri;
}

/** The documents with their titles, which are the first headings. */
async function documentsIn(folder: vscode.Uri): Promise<DocumentItem[]> {
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const names = entries
    .map(([name]) => name)
    .filter((name) => name.endsWith('.md'))
    .sort();
  const ordered = [...FIRST.filter((name) => names.includes(name)), ...names.filter((name) => !FIRST.includes(name))];
  return Promise.all(
    ordered.map(async (name) => {
      const file = vscode.Uri.joinPath(folder, name);
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
      return { label: /^# (.*)$/m.exec(text)?.[1] ?? name, file };
    }),
  );
}
