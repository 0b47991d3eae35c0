import * as vscode from 'vscode';
import { noSession } from '../../debug-adapter/messages/extension.ts';
import { codeOfFailure } from '../feedback/adapterMessages.ts';
import { remedyFor } from '../feedback/remedies.ts';
import type { Sessions } from '../sessions.ts';
import { explainWithoutSession } from './withoutSession.ts';

/**
 * Sends a custom request to a session. If the adapter rejects the request, shows the error and returns undefined. If
 * the extension can do what the error advises, the message has a button for it.
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

async function showFailure(session: vscode.DebugSession, text: string): Promise<void> {
  const code = codeOfFailure(session, text);
  if (code !== undefined && UNSHOWN.has(code)) return;
  const remedy = remedyFor(code);
  const pressed = await vscode.window.showErrorMessage(text, ...(remedy ? [remedy.label] : []));
  if (pressed !== undefined) await remedy?.run(session);
}

/**
 * Errors that are not shown to the user. They report that a step was not executed, because the machine stopped first or
 * because too many steps were already queued.
 */
const UNSHOWN = new Set(['step-dropped', 'steps-too-many']);

/** The session that a command applies to. If there is none, explains this to the user and returns undefined. */
export function currentSession(sessions: Sessions): vscode.DebugSession | undefined {
  const session = sessions.current;
  if (!session) void explainWithoutSession(noSession());
  return session;
}

export function showError(error: unknown): void {
  void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
}
