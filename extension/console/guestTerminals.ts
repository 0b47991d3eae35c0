import * as vscode from 'vscode';
import { currentSession } from '../commands/requests.ts';
import type { Sessions } from '../sessions.ts';
import { GuestTerminal } from './guestTerminal.ts';

/** Provides a terminal for each session: the terminal of an ended session, or a new one. */
export function registerConsole(sessions: Sessions): vscode.Disposable {
  let terminals: GuestTerminal[] = [];

  const terminalOf = (session: vscode.DebugSession): GuestTerminal => {
    const own = terminals.find((terminal) => terminal.belongsTo(session));
    if (own) return own;
    const free = terminals.find((terminal) => terminal.isDetached);
    if (free) free.attach(session);
    else terminals.push(new GuestTerminal(session));
    const terminal = free ?? terminals.at(-1)!;
    terminal.show({ takeFocus: false });
    return terminal;
  };

  return vscode.Disposable.from(
    sessions.onStarted((session) => {
      if (session.configuration.console === 'terminal') terminalOf(session);
    }),
    sessions.onPrinted(({ session, base64 }) => terminalOf(session).print(base64)),
    sessions.onEnded((session) => terminals.find((terminal) => terminal.belongsTo(session))?.sessionEnded()),
    vscode.window.onDidCloseTerminal((closed) => {
      terminals = terminals.filter((terminal) => !terminal.owns(closed));
    }),
    vscode.commands.registerCommand('blkreplay.showConsole', () => {
      const session = currentSession(sessions);
      if (session) terminalOf(session).show({ takeFocus: true });
    }),
  );
}
