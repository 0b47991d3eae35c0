import * as vscode from 'vscode';
import { noSession } from '../../debug-adapter/messages/extension.ts';
import type { Sessions } from '../sessions.ts';
import { explainWithoutSession } from './withoutSession.ts';

/**
 * Sends a custom request to a session. If the adapter refuses the request, the editor shows the error and the result is
 * undefined.
 */
export async function sendRequest<T>(
  session: vscode.DebugSession,
  command: string,
  args?: object,
): Promise<T | undefined> {
  try {
    return (await session.customRequest(command, args)) as T;
  } catch {
    return undefined;
  }
}

/** The session that a command applies to. If there is none, explains this to the user and returns undefined. */
export function currentSession(sessions: Sessions): vscode.DebugSession | undefined {
  const session = sessions.current;
  if (!session) void explainWithoutSession(noSession());
  return session;
}

export function showError(error: unknown): void {
  void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
}
