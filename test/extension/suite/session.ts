import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';

/**
 * A debug session in VS Code, which has the sample folder open. All messages between VS Code and the adapter are kept.
 */
type Message = DebugProtocol.Request | DebugProtocol.Response | DebugProtocol.Event;

const WAIT_MS_MAX = 60_000;
const QUIET_MS = 200;

export class TestSession {
  /** Messages in both directions, in order. */
  readonly messages: Message[] = [];
  private running = new Map<string, vscode.DebugSession>();
  private lastMessageAt = 0;
  private subscriptions: vscode.Disposable[];

  constructor() {
    const take = (message: Message) => {
      this.messages.push(message);
      this.lastMessageAt = performance.now();
    };
    this.subscriptions = [
      vscode.debug.registerDebugAdapterTrackerFactory('blkreplay', {
        createDebugAdapterTracker: () => ({ onWillReceiveMessage: take, onDidSendMessage: take }),
      }),
      vscode.debug.onDidStartDebugSession((session) => this.running.set(session.id, session)),
      vscode.debug.onDidTerminateDebugSession(({ id }) => this.running.delete(id)),
    ];
  }

  async start(configuration: vscode.DebugConfiguration): Promise<boolean> {
    return vscode.debug.startDebugging(folder(), configuration);
  }

  get session(): vscode.DebugSession {
    const session = [...this.running.values()].at(-1);
    assert.ok(session, 'a session runs');
    return session;
  }

  /** What the guest has printed on its terminal. */
  get console(): string {
    const pieces = this.messages.filter((message) => nameOf(message) === 'event blkreplay/console');
    return Buffer.concat(
      pieces.map((piece) => Buffer.from((piece as DebugProtocol.Event).body.base64, 'base64')),
    ).toString();
  }

  /** Runs a debug command, as a toolbar button does. Returns the body of the `stopped` event that follows. */
  async runUntilStopped(command: string): Promise<DebugProtocol.StoppedEvent['body']> {
    await until('a thread is in focus', () => vscode.debug.activeStackItem !== undefined);
    const from = this.messages.length;
    await vscode.commands.executeCommand(`workbench.action.debug.${command}`);
    return this.stopped(from);
  }

  /** The first `stopped` event among the messages, starting at index `from`. */
  async stopped(from = 0): Promise<DebugProtocol.StoppedEvent['body']> {
    const find = () => this.messages.slice(from).find((message) => nameOf(message) === 'event stopped');
    await until('it stops', () => find() !== undefined);
    return (find() as DebugProtocol.StoppedEvent).body;
  }

  async topFrame(): Promise<{ name: string; line: number; id: number }> {
    const { stackFrames } = await this.session.customRequest('stackTrace', { threadId: 1 });
    return stackFrames[0];
  }

  async evaluate(expression: string): Promise<string> {
    const { id: frameId } = await this.topFrame();
    return (await this.session.customRequest('evaluate', { expression, frameId, context: 'watch' })).result;
  }

  /**
   * Ends the session and removes its breakpoints and files. First waits until the editor has processed the last stop.
   * Otherwise, about one time in a hundred, the editor keeps an ended session as the active one.
   */
  async dispose(): Promise<void> {
    await until('the editor has asked what it wants', () => performance.now() > this.lastMessageAt + QUIET_MS);
    await vscode.debug.stopDebugging();
    await until('the session ends', () => this.running.size === 0);
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    for (const subscription of this.subscriptions) subscription.dispose();
    fs.rmSync(vscode.Uri.joinPath(folder().uri, '.blkreplay').fsPath, { recursive: true, force: true });
  }
}

export function folder(): vscode.WorkspaceFolder {
  return vscode.workspace.workspaceFolders![0];
}

/**
 * The configuration of the demo, which is the first one in the sample's launch.json. `changes` are applied to its
 * settings.
 */
export function demo(changes: object = {}): vscode.DebugConfiguration {
  const [first] = vscode.workspace
    .getConfiguration('launch', folder().uri)
    .get<vscode.DebugConfiguration[]>('configurations')!;
  return { ...structuredClone(first), ...changes };
}

/** The type and name of a message, such as `request launch`, `response launch` or `event stopped`. */
export function nameOf(message: Message): string {
  switch (message.type) {
    case 'event':
      return `event ${(message as DebugProtocol.Event).event}`;
    case 'response':
      return `response ${(message as DebugProtocol.Response).command}`;
    default:
      return `request ${(message as DebugProtocol.Request).command}`;
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + WAIT_MS_MAX;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`It never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
