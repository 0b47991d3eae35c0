import * as vscode from 'vscode';
import { currentSession } from '../commands/requests.ts';
import type { Sessions } from '../sessions.ts';
import { GuestTerminal } from './guestTerminal.ts';
import { registerLineLinks } from './lineLinks.ts';
import { registerWaitingInput } from './waitingInput.ts';

/** Provides a terminal for each session: the terminal of an ended session, or a new one. */
export function registerConsole(sessions: Sessions): vscode.Disposable {
  let terminals: GuestTerminal[] = [];

  const existingTerminalOf = (session: vscode.DebugSession): GuestTerminal | undefined =>
    terminals.find((terminal) => terminal.belongsTo(session));

  const terminalOf = (session: vscode.DebugSession): GuestTerminal => {
    const own = existingTerminalOf(session);
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
    sessions.onPrinted(({ session, output }) => terminalOf(session).print(output)),
    sessions.onPosition((session) => existingTerminalOf(session)?.moveTo(sessions.positionOf(session)!)),
    sessions.onEnded((session) => existingTerminalOf(session)?.sessionEnded()),
    vscode.window.onDidCloseTerminal((closed) => {
      terminals = terminals.filter((terminal) => !terminal.owns(closed));
    }),
    vscode.commands.registerCommand('blkreplay.showConsole', () => {
      const session = currentSession(sessions);
      if (session) terminalOf(session).show({ takeFocus: true });
    }),
    registerWaitingInput(sessions),
    registerLineLinks(sessions, (terminal) => terminals.find((one) => one.owns(terminal))),
  );
}
