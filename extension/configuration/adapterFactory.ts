import * as path from 'node:path';
import * as vscode from 'vscode';

/** The adapter runs in the editor's own runtime: the desktop starts `node` so, and no Node needs to be installed. */
export function adapterFactory(context: vscode.ExtensionContext): vscode.DebugAdapterDescriptorFactory {
  const file = path.join(context.extensionPath, 'dist', 'debug-adapter.js');
  return { createDebugAdapterDescriptor: () => new vscode.DebugAdapterExecutable('node', [file]) };
}
