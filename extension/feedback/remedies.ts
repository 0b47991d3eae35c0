import * as vscode from 'vscode';
import { remedyButtons } from '../../debug-adapter/messages/extension.ts';

/** A button next to an error message, which does what the message advises. */
export interface RemedyButton {
  label: string;
  run: (session: vscode.DebugSession) => Thenable<unknown>;
}

const command = (name: string) => () => vscode.commands.executeCommand(name);

/** The buttons for the errors of requests that the extension sends, by error code. */
const BUTTONS: Readonly<Record<string, RemedyButton>> = {
  'machine-running': {
    label: remedyButtons.pause(),
    run: (session) => session.customRequest('pause', { threadId: 1 }),
  },
  'no-history': { label: remedyButtons.openLaunch(), run: command('workbench.action.debug.configure') },
  'position-outside': { label: remedyButtons.goToPosition(), run: command('blkreplay.goToPosition') },
  'session-ended': { label: remedyButtons.start(), run: command('workbench.action.debug.start') },
};

export const remedyFor = (code: string | undefined): RemedyButton | undefined =>
  code !== undefined && Object.hasOwn(BUTTONS, code) ? BUTTONS[code] : undefined;
