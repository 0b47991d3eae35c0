import * as vscode from 'vscode';
import type { ConsoleEvent, ConsoleInputArguments, PositionEvent } from '../../debug-adapter/dap/customProtocol.ts';
import {
  consoleEnded,
  consoleWithoutSession,
  terminalName,
  typingInPast,
  typingRefused,
} from '../../debug-adapter/messages/extension.ts';
import { ConsoleScreen } from './consoleScreen.ts';
import { typedToBase64 } from './consoleText.ts';
import type { TimedLine } from './timedText.ts';

/**
 * A terminal that serves as the guest's serial line, and shows its output as of the machine's position. It stays open
 * after its session, so that the output can still be read; the next session clears and reuses it. When the editor opens
 * the terminal, the output that has already arrived is shown.
 */
export class GuestTerminal implements vscode.Pseudoterminal {
  private written = new vscode.EventEmitter<string>();
  private renamed = new vscode.EventEmitter<string>();
  private isOpen = false;
  private screen = new ConsoleScreen((text) => {
    if (this.isOpen) this.written.fire(text);
  });
  /** Input is sent in order, one request at a time. */
  private sending: Promise<void> = Promise.resolve();
  /** The reason why input was last rejected. The same reason is shown only once, not for each key. */
  private refusedBefore = '';
  private isPast = false;
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
    this.refusedBefore = '';
    this.isPast = false;
    this.renamed.fire(nameFor(session));
    this.screen.clear();
  }

  show(options: { takeFocus: boolean }): void {
    this.terminal.show(!options.takeFocus);
  }

  print(event: ConsoleEvent): void {
    this.screen.append(event);
  }

  /** Called when the machine's position has changed. */
  moveTo({ position, isRunning, isPast }: PositionEvent): void {
    if (isPast !== this.isPast) this.refusedBefore = '';
    this.isPast = isPast;
    this.screen.moveTo(position, isRunning);
  }

  /** The lines of output that look like this line of the terminal. */
  linesWith(line: string): TimedLine[] {
    return this.screen.linesWith(line);
  }

  sessionEnded(): void {
    this.session = undefined;
    this.screen.showNotice(consoleEnded());
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.isOpen = true;
    if (dimensions) this.setDimensions(dimensions);
    this.screen.render();
  }

  /** A serial line has no size, so the guest is not notified. */
  setDimensions(dimensions: vscode.TerminalDimensions): void {
    this.screen.setDimensions(dimensions);
  }

  /**
   * Called when the user has closed the terminal: further output is discarded, and the next session gets a new
   * terminal.
   */
  close(): void {
    this.isOpen = false;
  }

  handleInput(typed: string): void {
    this.sending = this.sending.then(() => this.send(typed));
  }

  private async send(typed: string): Promise<void> {
    const refused = await this.trySend(typed);
    if (refused !== '' && refused !== this.refusedBefore) this.screen.showNotice(refused);
    this.refusedBefore = refused;
  }

  private async trySend(typed: string): Promise<string> {
    if (!this.session) return consoleWithoutSession();
    try {
      const args: ConsoleInputArguments = { base64: typedToBase64(typed) };
      await this.session.customRequest('blkreplay/consoleInput', args);
      return '';
    } catch (error) {
      if (this.isPast) return typingInPast();
      return typingRefused(error instanceof Error ? error.message : String(error));
    }
  }
}

function nameFor(session: vscode.DebugSession): string {
  return terminalName(session.configuration.name);
}
