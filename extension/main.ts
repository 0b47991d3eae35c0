import type * as vscode from 'vscode';
import { registerEventBreakpoints } from './commands/eventBreakpoints.ts';
import { registerPositions } from './commands/goToPosition.ts';
import { registerReverseSteps } from './commands/reverseSteps.ts';
import { registerConfigurations } from './configuration/register.ts';
import { registerConsole } from './console/guestTerminals.ts';
import { CommandLine } from './overlays/commandLine.ts';
import { Recordings } from './overlays/recordings.ts';
import { AdapterMessages } from './feedback/adapterMessages.ts';
import { registerStopReason } from './feedback/stopReason.ts';
import { registerEditor } from './editor/register.ts';
import { registerDocumentation } from './documentation/openDocumentation.ts';
import { type OverlaysApi, registerOverlays } from './overlays/register.ts';
import { registerQemuImport } from './qemuImport/register.ts';
import { Sessions } from './sessions.ts';
import { registerStart, type StartApi } from './start/register.ts';
import { registerPosition } from './timeline/positionItem.ts';

declare const BLKREPLAY_LOADING_MS: number;

/**
 * The extension's entry point. Each folder registers its own contributions, and this file keeps no state. Until the
 * user does something, no process is started and no file is read; the extension only checks whether the recording of a
 * session that can be resumed still exists. Activation therefore takes milliseconds.
 */
export function activate(context: vscode.ExtensionContext): Api {
  const startMs = performance.now();
  const sessions = new Sessions();
  const messages = new AdapterMessages();
  const commandLine = new CommandLine(context);
  const recordings = new Recordings(commandLine);
  const start = registerStart(context, { sessions, commandLine, recordings });
  const overlays = registerOverlays(context, sessions, recordings);
  context.subscriptions.push(
    sessions,
    messages,
    registerConfigurations(context),
    registerConsole(sessions),
    registerQemuImport(),
    overlays,
    registerPosition(sessions),
    registerPositions(sessions),
    registerReverseSteps(sessions),
    registerStopReason(sessions, messages),
    registerEventBreakpoints(context, sessions, messages),
    start,
    registerEditor(),
    registerDocumentation(context),
  );
  return { overlays, start, activationMilliseconds: BLKREPLAY_LOADING_MS + performance.now() - startMs };
}

/** The API that `vscode.extensions.getExtension('blkreplay.blkreplay').exports` provides. */
export interface Api {
  overlays: Pick<OverlaysApi, 'tree'>;
  start: Pick<StartApi, 'openLink' | 'unpackAndReplay'>;
  /** The time that loading and activating the extension's code took, excluding time spent in the editor. */
  activationMilliseconds: number;
}
