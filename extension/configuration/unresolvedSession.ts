import * as vscode from 'vscode';

/**
 * Whether the configuration provider has completed the settings of a session. If the user trusts the folder only when
 * starting to debug, the extension is not active yet, and VS Code skips the provider.
 */
export const isResolved = ({ configuration }: vscode.DebugSession): boolean =>
  'workspaceVisualizerFiles' in configuration;

/**
 * Ends a session whose configuration was not completed, and starts it again. VS Code then calls the provider. The
 * `preLaunchTask` is not run again.
 */
export function startAgain(session: vscode.DebugSession): vscode.DebugAdapterDescriptor {
  const ended = vscode.debug.onDidTerminateDebugSession(({ id }) => {
    if (id !== session.id) return;
    ended.dispose();
    const configuration = { ...session.configuration, preLaunchTask: undefined };
    void vscode.debug.startDebugging(session.workspaceFolder, configuration);
  });
  return new vscode.DebugAdapterInlineImplementation(new EndingAdapter());
}

/** The requests that VS Code sends to start and end a session. */
const ACCEPTED = ['initialize', 'launch', 'configurationDone', 'terminate', 'disconnect'];

/** The fields of a DAP request that are needed to answer it. */
interface Request {
  type: string;
  seq: number;
  command: string;
}

/** Ends the session as soon as it is launched. */
class EndingAdapter implements vscode.DebugAdapter {
  private readonly messages = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  readonly onDidSendMessage = this.messages.event;
  private seq = 0;

  handleMessage(message: vscode.DebugProtocolMessage): void {
    const { type, seq, command } = message as Request;
    if (type !== 'request') return;
    this.send({ type: 'response', request_seq: seq, command, success: ACCEPTED.includes(command) });
    if (command === 'launch') this.send({ type: 'event', event: 'terminated' });
  }

  dispose(): void {
    this.messages.dispose();
  }

  private send(message: object): void {
    this.messages.fire({ seq: ++this.seq, ...message });
  }
}
