import * as vscode from 'vscode';
import type { Sessions } from '../sessions.ts';
import { statusText } from './statusText.ts';
import { positionItemName } from '../../debug-adapter/messages/extension.ts';

/**
 * Registers the status bar item for the current session. If the user clicks the item, an input box asks for a position
 * to go to.
 */
export function registerPosition(sessions: Sessions): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('blkreplay.place', vscode.StatusBarAlignment.Left, 50);
  item.name = positionItemName();
  item.command = 'blkreplay.goToPosition';
  const show = () => {
    const event = sessions.current && sessions.positionOf(sessions.current);
    if (!event) return item.hide();
    Object.assign(item, statusText(event));
    item.show();
  };
  return vscode.Disposable.from(item, sessions.onPosition(show), sessions.onCurrentChanged(show));
}
