import * as vscode from 'vscode';
import type { GoToArguments } from '../../debug-adapter/dap/customProtocol.ts';
import {
  positionOutside,
  positionUnclear,
  goToPositionPrompt,
  goToPositionTitle,
} from '../../debug-adapter/messages/extension.ts';
import type { Sessions } from '../sessions.ts';
import { type PositionBounds, parsePosition, formatPosition } from '../timeline/positionText.ts';
import { sendRequest, currentSession } from './requests.ts';

/** Implements `Go to Position…`: an input box that validates the position while the user types. */
export function registerPositions(sessions: Sessions): vscode.Disposable {
  return vscode.commands.registerCommand('blkreplay.goToPosition', () => askForPosition(sessions));
}

/** Goes to a position. If the machine is running, it is paused first. */
export async function goToPosition(sessions: Sessions, session: vscode.DebugSession, position: number): Promise<void> {
  if (sessions.positionOf(session)?.isRunning && !(await pause(sessions, session))) return;
  await sendRequest(session, 'blkreplay/goTo', { position } satisfies GoToArguments);
}

const PAUSE_MS_MAX = 5000;

/** Pauses the machine. Returns false if the machine has not stopped after a few seconds. */
async function pause(sessions: Sessions, session: vscode.DebugSession): Promise<boolean> {
  const stopped = new Promise<boolean>((resolve) => {
    const finish = (isStopped: boolean) => {
      subscription.dispose();
      clearTimeout(timer);
      resolve(isStopped);
    };
    const subscription = sessions.onPosition((moved) => {
      if (moved === session && !sessions.positionOf(session)?.isRunning) finish(true);
    });
    const timer = setTimeout(() => finish(false), PAUSE_MS_MAX);
  });
  await sendRequest(session, 'pause', { threadId: 1 });
  return stopped;
}

async function askForPosition(sessions: Sessions): Promise<void> {
  const session = currentSession(sessions);
  const event = session && sessions.positionOf(session);
  if (!session || !event) return;
  const text = await vscode.window.showInputBox({
    title: goToPositionTitle(),
    prompt: goToPositionPrompt({ start: formatPosition(event.start), end: formatPosition(event.end) }),
    value: formatPosition(event.position),
    validateInput: (typed) => problem(typed, event),
  });
  const position = text === undefined ? undefined : parsePosition(text, event);
  if (position !== undefined) await goToPosition(sessions, session, position);
}

function problem(text: string, bounds: PositionBounds): string | undefined {
  const position = parsePosition(text, bounds);
  if (position === undefined) return positionUnclear();
  if (position >= bounds.start && position <= bounds.end) return undefined;
  return positionOutside({ start: formatPosition(bounds.start), end: formatPosition(bounds.end) });
}
