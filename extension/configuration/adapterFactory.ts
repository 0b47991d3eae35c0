import * as path from 'node:path';
import * as vscode from 'vscode';
import { askBeforeRestart } from './askBeforeRestart.ts';
import { isResolved, startAgain } from './unresolvedSession.ts';

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
    if (!isResolved(session)) return startAgain(session);
    const { replaces } = this.started.has(session.id) ? await askBeforeRestart(session) : { replaces: false };
    this.started.add(session.id);
    const cwd = session.workspaceFolder?.uri.fsPath;
    return new vscode.DebugAdapterExecutable('node', [this.file, ...(replaces ? ['--overwrite'] : [])], { cwd });
  }
}
