import * as vscode from 'vscode';
import type { GoToArguments } from '../../debug-adapter/dap/customProtocol.ts';
import {
  positionOutside,
  positionUnclear,
  goToPositionPrompt,
  goToPositionTitle,
} from '../../debug-adapter/messages/extension.ts';
import type { Sessions } from '../sessions.ts';
import { type Bounds, readPosition, showPosition } from '../timeline/positionText.ts';
import { ask, currentSession } from './requests.ts';

/** Implements `Go to Position…`: an input box that validates the position while the user types. */
export function registerPositions(sessions: Sessions): vscode.Disposable {
  return vscode.commands.registerCommand('blkreplay.goToPosition', () => goToPosition(sessions));
}

async function goToPosition(sessions: Sessions): Promise<void> {
  const session = currentSession(sessions);
  const place = session && sessions.place(session);
  if (!session || !place) return;
  const text = await vscode.window.showInputBox({
    title: goToPositionTitle(),
    prompt: goToPositionPrompt({ start: showPosition(place.start), end: showPosition(place.end) }),
    value: showPosition(place.position),
    validateInput: (typed) => problem(typed, place),
  });
  const position = text === undefined ? undefined : readPosition(text, place);
  if (position !== undefined) await ask(session, 'blkreplay/goTo', { position } satisfies GoToArguments);
}

function problem(text: string, bounds: Bounds): string | undefined {
  const position = readPosition(text, bounds);
  if (position === undefined) return positionUnclear();
  if (position >= bounds.start && position <= bounds.end) return undefined;
  return positionOutside({ start: showPosition(bounds.start), end: showPosition(bounds.end) });
}
