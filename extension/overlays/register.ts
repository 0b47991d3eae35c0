import * as vscode from 'vscode';
import { noItemSelected, showOverlaysButton } from '../../debug-adapter/messages/extension.ts';
import type { Sessions } from '../sessions.ts';
import { OverlayCommands } from './overlayCommands.ts';
import { OverlaysView } from './overlaysView.ts';
import type { Recordings } from './recordings.ts';
import type { TreeNode } from './treeModel.ts';

/** The view's interface for other extensions and tests: returns the top-level items, or the children of one. */
export interface OverlaysApi extends vscode.Disposable {
  tree(node?: TreeNode): Promise<TreeNode[]>;
}

/**
 * Registers the overlays view and its commands. The view is refreshed when the adapter reports a change and when files
 * are created or deleted; a stop or a run only updates the position.
 */
export function registerOverlays(
  context: vscode.ExtensionContext,
  sessions: Sessions,
  recordings: Recordings,
): OverlaysApi {
  const view = new OverlaysView(sessions, recordings);
  const commands = new OverlayCommands({ sessions, recordings, view });
  const refresh = () => view.refresh();
  const tree = vscode.window.createTreeView('blkreplay.overlays', { treeDataProvider: view });
  const register = (name: string, run: (node?: TreeNode) => Promise<void> | void) =>
    vscode.commands.registerCommand(`blkreplay.${name}`, (node?: TreeNode | typeof SELECTED) =>
      run(node === SELECTED ? tree.selection[0] : node),
    );
  const on = (name: string, run: (node: TreeNode) => Promise<void> | void) =>
    register(name, (node) => (node ? run(node) : explainItems()));

  const parts = vscode.Disposable.from(
    recordings,
    view,
    tree,
    recordings.onChanged(refresh),
    sessions.onStarted(refresh),
    sessions.onOverviewChanged(refresh),
    sessions.onPosition((session) => {
      if (sessions.positionOf(session)?.isRunning) return view.refreshSoon(session);
      view.refresh(session);
      void expandOnce(context);
    }),
    sessions.onEnded((session) => view.forget(session)),
    register('refreshOverlays', () => recordings.refresh()),
    register('goTo', (node) => commands.goTo(node)),
    register('takeSnapshot', (node) => commands.takeSnapshot(node)),
    on('renameSnapshot', (node) => commands.renameSnapshot(node)),
    on('deleteSnapshot', (node) => commands.deleteSnapshot(node)),
    on('replayRecording', (node) => commands.replayRecording(node)),
    on('deleteRecording', (node) => commands.deleteRecording(node)),
    on('revealFile', (node) => commands.revealFile(node)),
  );
  return { tree: (node) => view.getChildren(node), dispose: () => parts.dispose() };
}

/** Called when a command for items was invoked without an item, for example by a key. */
async function explainItems(): Promise<void> {
  const answer = await vscode.window.showInformationMessage(noItemSelected(), showOverlaysButton());
  if (answer === showOverlaysButton()) await vscode.commands.executeCommand('blkreplay.overlays.focus');
}

/** The argument of a command that applies to the selected item. Key bindings in package.json pass it. */
const SELECTED = 'selected';

const EXPANDED = 'overlays.unfolded';

/**
 * Expands the overlays view, but only at the very first stop. The editor initially collapses views that extensions add
 * to Run and Debug.
 */
async function expandOnce(context: vscode.ExtensionContext): Promise<void> {
  if (context.globalState.get(EXPANDED)) return;
  await context.globalState.update(EXPANDED, true);
  await vscode.commands.executeCommand('blkreplay.overlays.focus', { preserveFocus: true });
}
