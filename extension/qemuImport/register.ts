import * as vscode from 'vscode';

/** Registers *Import QEMU Command Line*. The import is loaded when it is used, so that activation stays fast. */
export function registerQemuImport(): vscode.Disposable {
  return vscode.commands.registerCommand('blkreplay.importQemu', async (text?: unknown) => {
    const { importQemu } = await import('./importQemu.ts');
    await importQemu(typeof text === 'string' ? text : undefined);
  });
}
