import * as vscode from 'vscode';

/** The scheme of the documents that list what differs from QEMU. */
const DETAILS_SCHEME = 'blkreplay-qemu';

/**
 * Registers *Import QEMU Command Line*. The code of the import is loaded when it is used, so that activation stays
 * fast. The details are a read-only document: for an unsaved one, VS Code would ask for a file name when the user
 * starts debugging.
 */
export function registerQemuImport(): vscode.Disposable {
  const details = new Map<string, string>();
  const showDetails = async (name: string, text: string): Promise<void> => {
    const uri = vscode.Uri.from({ scheme: DETAILS_SCHEME, path: `/${name}.md` });
    details.set(uri.path, text);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  };
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(DETAILS_SCHEME, {
      provideTextDocumentContent: ({ path }) => details.get(path),
    }),
    vscode.commands.registerCommand('blkreplay.importQemu', async (text?: unknown) => {
      const { importQemu } = await import('./importQemu.ts');
      await importQemu(showDetails, typeof text === 'string' ? text : undefined);
    }),
  );
}
