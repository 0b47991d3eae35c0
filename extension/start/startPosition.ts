import type * as vscode from 'vscode';
import type { GoToArguments } from '../../debug-adapter/dap/customProtocol.ts';
import { sendRequest } from '../commands/requests.ts';
import type { Sessions } from '../sessions.ts';

/**
 * Moves a session to the position in its setting `startPosition` (see startingAt) when it has stopped for the first time.
 * If the recording ends before that position, the session moves to the end.
 */
export function registerStartPositions(sessions: Sessions): vscode.Disposable {
  const moved = new WeakSet<vscode.DebugSession>();
  return sessions.onPosition((session) => {
    const event = sessions.positionOf(session);
    const { startPosition } = session.configuration;
    if (typeof startPosition !== 'number' || !event || event.isRunning || moved.has(session)) return;
    moved.add(session);
    const position = Math.max(event.start, Math.min(startPosition, event.end));
    if (position !== event.position) void sendRequest(session, 'blkreplay/goTo', { position } satisfies GoToArguments);
  });
}
