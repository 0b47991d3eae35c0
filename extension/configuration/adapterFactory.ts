import * as path from 'node:path';
import * as vscode from 'vscode';
import { askBeforeRestart } from './askBeforeRestart.ts';

/**
 * Starts the adapter in the editor's own runtime, which can act as `node`, so the user does not have to install Node. A
 * second call for the same session means that the session is being restarted.
 */
export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
  private file: string;
  private started = new Set<string>();

  constructor(context: vscode.ExtensionContext) {
    this.file = path.join(context.extensionPath, 'dist', 'debug-adapter.js');
  }

  async createDebugAdapterDescriptor(session: vscode.DebugSession): Promise<vscode.DebugAdapterDescriptor> {
    const { replaces } = this.started.has(session.id) ? await askBeforeRestart(session) : { replaces: false };
    this.started.add(session.id);
    // If the user trusts the folder only when starting to debug, the extension is not active yet, and the editor skips
    // the configuration provider. Relative paths are then resolved against the adapter's folder.
    const cwd = session.workspaceFolder?.uri.fsPath;
    return new vscode.DebugAdapterExecutable('node', [this.file, ...(replaces ? ['--overwrite'] : [])], { cwd });
  }
}
