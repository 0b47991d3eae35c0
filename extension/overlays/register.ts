import * as vscode from 'vscode';
import type { Sessions } from '../sessions.ts';
import { OverlayCommands } from './overlayCommands.ts';
import { OverlaysView } from './overlaysView.ts';
import { Recordings } from './recordings.ts';
import type { TreeNode } from './treeModel.ts';

/** The view asks again when it says so itself, at stops and when files come or go; not for each place a running one has. */
export function registerOverlays(context: vscode.ExtensionContext, sessions: Sessions): vscode.Disposable {
  const recordings = new Recordings(context);
  const view = new OverlaysView(sessions, recordings);
  const commands = new OverlayCommands({ sessions, recordings, view });
  const refresh = () => view.refresh();
  const on = (name: string, run: (node: TreeNode) => Promise<void> | void) =>
    vscode.commands.registerCommand(`blkreplay.${name}`, run);

  return vscode.Disposable.from(
    recordings,
    view,
    vscode.window.createTreeView('blkreplay.overlays', { treeDataProvider: view }),
    recordings.onCreated(refresh),
    recordings.onDeleted(refresh),
    sessions.onStarted(refresh),
    sessions.onOverviewChanged(refresh),
    sessions.onPlace((session) => {
      if (!sessions.place(session)?.isRunning) refresh();
    }),
    sessions.onEnded((session) => {
      view.forget(session);
      refresh();
    }),
    on('refreshOverlays', refresh),
    on('goTo', (node) => commands.goTo(node)),
    on('takeSnapshot', (node) => commands.takeSnapshot(node)),
    on('renameSnapshot', (node) => commands.renameSnapshot(node)),
    on('deleteSnapshot', (node) => commands.deleteSnapshot(node)),
    on('replayRecording', (node) => commands.replayRecording(node)),
    on('deleteRecording', (node) => commands.deleteRecording(node)),
    on('revealFile', (node) => commands.revealFile(node)),
  );
}
