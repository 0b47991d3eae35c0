import * as vscode from 'vscode';
import {
  waitingInputItemName,
  waitingInputLabel,
  waitingInputText,
  waitingInputTooltip,
} from '../../debug-adapter/messages/extension.ts';
import type { Sessions } from '../sessions.ts';

/** Shows in the status bar how much of a long paste the guest has not read yet. */
export function registerWaitingInput(sessions: Sessions): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('blkreplay.waitingInput', vscode.StatusBarAlignment.Left, 49);
  item.name = waitingInputItemName();
  item.tooltip = waitingInputTooltip();
  const show = () => {
    const bytes = (sessions.current && sessions.positionOf(sessions.current))?.waitingInputBytes;
    if (bytes === undefined) return item.hide();
    const kibibytes = Math.ceil(bytes / 1024);
    item.text = waitingInputText(kibibytes);
    item.accessibilityInformation = { label: waitingInputLabel(kibibytes) };
    item.show();
  };
  return vscode.Disposable.from(item, sessions.onPosition(show), sessions.onCurrentChanged(show));
}
