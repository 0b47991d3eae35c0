import * as vscode from 'vscode';
import { linePickDescription, linePickPrompt, lineLinkTooltip } from '../../debug-adapter/messages/extension.ts';
import { goToPosition } from '../commands/goToPosition.ts';
import type { Sessions } from '../sessions.ts';
import { formatPosition } from '../timeline/positionText.ts';
import type { GuestTerminal } from './guestTerminal.ts';
import type { TimedLine } from './timedText.ts';

class LineLink extends vscode.TerminalLink {
  readonly session: vscode.DebugSession;
  readonly lines: readonly TimedLine[];

  constructor(length: number, session: vscode.DebugSession, lines: readonly TimedLine[]) {
    super(0, length, lineLinkTooltip());
    this.session = session;
    this.lines = lines;
  }
}

/**
 * Makes each line of the guest's output a link to the position just before the instruction that printed the first byte
 * of the line. VS Code tells the provider only the text of a line, so if the guest has printed the same line several
 * times, the user chooses one.
 */
export function registerLineLinks(
  sessions: Sessions,
  guestTerminal: (terminal: vscode.Terminal) => GuestTerminal | undefined,
): vscode.Disposable {
  return vscode.window.registerTerminalLinkProvider({
    provideTerminalLinks({ terminal, line }) {
      const guest = guestTerminal(terminal);
      const session = sessions.all.find((one) => guest?.belongsTo(one));
      if (!guest || !session || !hasHistory(sessions, session)) return [];
      const lines = guest.linesWith(line);
      return lines.length > 0 ? [new LineLink(line.trimEnd().length, session, lines)] : [];
    },
    async handleTerminalLink({ session, lines }: LineLink) {
      const line = await chosen(lines, sessions.positionOf(session)?.position ?? 0);
      if (line) await goToPosition(sessions, session, line.position);
    },
  });
}

function hasHistory(sessions: Sessions, session: vscode.DebugSession): boolean {
  const event = sessions.positionOf(session);
  return event !== undefined && event.end > event.start;
}

/**
 * Asks the user which of several identical lines to go to. The line printed most recently before the current position
 * is listed first.
 */
async function chosen(lines: readonly TimedLine[], position: number): Promise<TimedLine | undefined> {
  if (lines.length === 1) return lines[0];
  const items = lines.map((line, i) => ({
    label: formatPosition(line.position),
    description: linePickDescription({ number: i + 1, count: lines.length }),
    line,
  }));
  const latest = Math.max(
    0,
    lines.findLastIndex((line) => line.position < position),
  );
  const ordered = [items[latest], ...items.filter((_, i) => i !== latest)];
  const picked = await vscode.window.showQuickPick(ordered, {
    title: lineLinkTooltip(),
    placeHolder: linePickPrompt(lines[0].text),
  });
  return picked?.line;
}
