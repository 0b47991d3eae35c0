import * as vscode from 'vscode';
import type { Sessions } from '../sessions.ts';
import { placeText } from './placeText.ts';
import { positionItemName } from '../../debug-adapter/messages/extension.ts';

/** The status bar item for the current session; clicking it asks for a position to go to. */
export function registerPlace(sessions: Sessions): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('blkreplay.place', vscode.StatusBarAlignment.Left, 50);
  item.name = positionItemName();
  item.command = 'blkreplay.goToPosition';
  const show = () => {
    const place = sessions.current && sessions.place(sessions.current);
    if (!place) return item.hide();
    Object.assign(item, placeText(place));
    item.show();
  };
  return vscode.Disposable.from(item, sessions.onPlace(show), sessions.onCurrentChanged(show));
}
