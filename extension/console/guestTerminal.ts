import * as vscode from 'vscode';
import type { ConsoleInputArguments } from '../../debug-adapter/dap/customProtocol.ts';
import {
  consoleEnded,
  consoleWithoutSession,
  typingRefused,
  terminalName,
} from '../../debug-adapter/messages/extension.ts';
import { CLEAR, ConsoleText, dimLine, typedToBase64 } from './consoleText.ts';

/**
 * A terminal that serves as the guest's serial line. It stays open after its session, so that the output can still be
 * read; the next session clears and reuses it. Output that arrives before the editor has opened the terminal is
 * buffered.
 */
export class GuestTerminal implements vscode.Pseudoterminal {
  private written = new vscode.EventEmitter<string>();
  private renamed = new vscode.EventEmitter<string>();
  private text = new ConsoleText();
  /** The buffered output; undefined once the editor has opened the terminal. */
  private buffered: string[] | undefined = [];
  private isLineStart = true;
  /** Input is sent in order, one request at a time. */
  private sending: Promise<void> = Promise.resolve();
  /** The reason why input was last refused. The same reason is shown only once, not for each key. */
  private refusedBefore = '';
  private session: vscode.DebugSession | undefined;
  private terminal: vscode.Terminal;

  readonly onDidWrite = this.written.event;
  readonly onDidChangeName = this.renamed.event;

  constructor(session: vscode.DebugSession) {
    this.session = session;
    this.terminal = vscode.window.createTerminal({
      name: nameFor(session),
      pty: this,
      iconPath: new vscode.ThemeIcon('chip'),
    });
  }

  get isDetached(): boolean {
    return this.session === undefined;
  }

  belongsTo(session: vscode.DebugSession): boolean {
    return this.session?.id === session.id;
  }

  owns(terminal: vscode.Terminal): boolean {
    return this.terminal === terminal;
  }

  attach(session: vscode.DebugSession): void {
    this.session = session;
    this.text = new ConsoleText();
    this.refusedBefore = '';
    this.renamed.fire(nameFor(session));
    this.write(CLEAR);
    this.isLineStart = true;
  }

  show(options: { takeFocus: boolean }): void {
    this.terminal.show(!options.takeFocus);
  }

  print(base64: string): void {
    this.write(this.text.fromGuest(base64));
  }

  sessionEnded(): void {
    this.session = undefined;
    this.printNotice(consoleEnded());
  }

  open(): void {
    const buffered = this.buffered ?? [];
    this.buffered = undefined;
    for (const text of buffered) this.written.fire(text);
  }

  /**
   * Called when the user has closed the terminal: further output is discarded, and the next session gets a new
   * terminal.
   */
  close(): void {
    this.buffered = [];
  }

  handleInput(typed: string): void {
    this.sending = this.sending.then(() => this.send(typed));
  }

  private async send(typed: string): Promise<void> {
    const refused = await this.trySend(typed);
    if (refused !== '' && refused !== this.refusedBefore) this.printNotice(refused);
    this.refusedBefore = refused;
  }

  private async trySend(typed: string): Promise<string> {
    if (!this.session) return consoleWithoutSession();
    try {
      const args: ConsoleInputArguments = { base64: typedToBase64(typed) };
      await this.session.customRequest('blkreplay/consoleInput', args);
      return '';
    } catch (error) {
      return typingRefused(error instanceof Error ? error.message : String(error));
    }
  }

  private printNotice(text: string): void {
    this.write(dimLine(text, this.isLineStart));
  }

  private write(text: string): void {
    if (text === '') return;
    this.isLineStart = text.endsWith('\n');
    if (this.buffered) this.buffered.push(text);
    else this.written.fire(text);
  }
}

function nameFor(session: vscode.DebugSession): string {
  return terminalName(session.configuration.name);
}
