import type * as vscode from 'vscode';
import { registerPositions } from './commands/positions.ts';
import { registerReverseSteps } from './commands/reverseSteps.ts';
import { registerConfigurations } from './configuration/register.ts';
import { registerConsole } from './console/guestTerminals.ts';
import { type OverlaysRoom, registerOverlays } from './overlays/register.ts';
import { Sessions } from './sessions.ts';
import { registerPlace } from './timeline/placeItem.ts';

/**
 * The extension's table of contents. Each room registers what it adds to the editor and keeps no state here; nothing is
 * read or started before the user does something, so activation costs milliseconds.
 */
declare const BLKREPLAY_LOADING_MS: number;

export function activate(context: vscode.ExtensionContext): Api {
  const start = performance.now();
  const sessions = new Sessions();
  const overlays = registerOverlays(context, sessions);
  context.subscriptions.push(
    sessions,
    registerConfigurations(context),
    registerConsole(sessions),
    overlays,
    registerPlace(sessions),
    registerPositions(sessions),
    registerReverseSteps(sessions),
  );
  return { overlays, activationMilliseconds: BLKREPLAY_LOADING_MS + performance.now() - start };
}

/** What `vscode.extensions.getExtension('blkreplay.blkreplay').exports` offers. */
export interface Api {
  overlays: Pick<OverlaysRoom, 'tree'>;
  /** Loading its code and activating it, without the editor's own share. */
  activationMilliseconds: number;
}
