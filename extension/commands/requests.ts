import * as vscode from 'vscode';
import { noSession } from '../../debug-adapter/messages/extension.ts';
import { codeOfFailure } from '../feedback/adapterMessages.ts';
import { remedyFor } from '../feedback/remedies.ts';
import type { Sessions } from '../sessions.ts';
import { explainWithoutSession } from './withoutSession.ts';

/**
 * Sends a custom request to a session. If the adapter refuses the request, the error is shown, with a button that does
 * what it advises if there is one, and the result is undefined.
 */
export async function sendRequest<T>(
  session: vscode.DebugSession,
  command: string,
  args?: object,
): Promise<T | undefined> {
  try {
    return (await session.customRequest(command, args)) as T;
  } catch (error) {
    void showFailure(session, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** The session that a command applies to. If there is none, explains this to the user and returns undefined. */
async function showFailure(session: vscode.DebugSession, text: string): Promise<void> {
  const code = codeOfFailure(session, text);
  if (code !== undefined && UNSHOWN.has(code)) return;
  const remedy = remedyFor(code);
  const pressed = await vscode.window.showErrorMessage(text, ...(remedy ? [remedy.label] : []));
  if (pressed !== undefined) await remedy?.run(session);
}

/** Steps that are not executed because the machine stopped for a reason that the user sees. */
const UNSHOWN = new Set(['step-dropped', 'steps-too-many']);

export function currentSession(sessions: Sessions): vscode.DebugSession | undefined {
  const session = sessions.current;
  if (!session) void explainWithoutSession(noSession());
  return session;
}

export function showError(error: unknown): void {
  void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
}
