import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Overview } from '../../debug-adapter/dap/customProtocol.ts';
import { isSameFile, shortName } from '../configuration/paths.ts';
import { infoFailed } from '../../debug-adapter/messages/extension.ts';
import type { Sessions } from '../sessions.ts';
import type { Recordings } from './recordings.ts';
import {
  accessibleName,
  problemNode,
  recordingContents,
  recordingNode,
  sessionTree,
  type Formatters,
  type TreeNode,
} from './treeModel.ts';

/** The interval at which the view is refreshed while a machine runs. */
const REFRESH_MILLISECONDS = 1000;

/**
 * Shows the tree model in the editor. A session's overview is not requested at each stop, but only after it has
 * changed; between changes, only the position is updated. A recording is read when the user expands it.
 */
export class OverlaysView implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private sessions: Sessions;
  private recordings: Recordings;
  private changed = new vscode.EventEmitter<void>();
  private overviews = new Map<string, Overview>();
  /** The sessions whose overview has not changed since it was requested. */
  private upToDate = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(sessions: Sessions, recordings: Recordings) {
    this.sessions = sessions;
    this.recordings = recordings;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }

  /**
   * Refreshes the view. If `session` is given, only that session's position has changed; otherwise, all overviews are
   * requested again.
   */
  refresh(session?: vscode.DebugSession): void {
    if (!session) this.upToDate.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changed.fire();
  }

  /** Shows the new position of a running machine. The machine reports it more often than the view is refreshed. */
  refreshSoon(session: vscode.DebugSession): void {
    this.timer ??= setTimeout(() => this.refresh(session), REFRESH_MILLISECONDS);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node) return node.isLazy && node.file ? this.contentsOf(node.file) : node.children;
    const [recordings, ...sessions] = await Promise.all([
      this.recordings.list(),
      ...this.sessions.all.map((session) => this.sessionTree(session)),
    ]);
    const inUse = [...this.overviews.values()].flatMap(({ rrfile }) => rrfile ?? []);
    const isInUse = (file: string) => inUse.some((used) => isSameFile(path, process.platform, used, file));
    const files = recordings.filter(({ file }) => !isInUse(file));
    return [
      ...sessions.flat(),
      ...files.map(({ file, ...details }) => recordingNode(file, details, formattersForFile(file))),
    ];
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const { None, Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
    const canUnfold = node.isLazy || node.children.length > 0;
    const item = new vscode.TreeItem(node.label, !canUnfold ? None : node.fold === 'open' ? Expanded : Collapsed);
    item.id = node.id;
    item.description = node.description;
    item.tooltip = node.tooltip;
    item.iconPath = new vscode.ThemeIcon(node.icon);
    item.contextValue = node.context;
    item.accessibilityInformation = { label: accessibleName(node) };
    return item;
  }

  /** The session's most recent overview from the adapter. */
  overview(session: vscode.DebugSession): Overview | undefined {
    return this.overviews.get(session.id);
  }

  forget(session: vscode.DebugSession): void {
    this.overviews.delete(session.id);
    this.upToDate.delete(session.id);
    this.refresh();
  }

  private async sessionTree(session: vscode.DebugSession): Promise<TreeNode[]> {
    if (!this.upToDate.has(session.id)) await this.requestOverview(session);
    const known = this.overviews.get(session.id);
    if (!known) return [];
    const overview = { ...known, place: this.sessions.positionOf(session) ?? known.place };
    const { id, configuration } = session;
    return [sessionTree(overview, { id, name: configuration.name }, formattersFor(session.workspaceFolder))];
  }

  /**
   * Requests the overview. If the session cannot send it at the moment, the overview is requested again at the next
   * stop.
   */
  private async requestOverview(session: vscode.DebugSession): Promise<void> {
    try {
      const overview: Overview = await session.customRequest('blkreplay/overview');
      if (!this.sessions.all.includes(session)) return;
      this.overviews.set(session.id, overview);
      this.upToDate.add(session.id);
    } catch {
      // Keep showing the previous overview.
    }
  }

  private async contentsOf(rrfile: string): Promise<TreeNode[]> {
    const show = formattersForFile(rrfile);
    try {
      return recordingContents((await this.recordings.info(rrfile)).info.overview, rrfile, show);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return [problemNode(rrfile, infoFailed({ file: show.file(rrfile), why }))];
    }
  }
}

function formattersForFile(file: string): Formatters {
  return formattersFor(vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file)));
}

function formattersFor(folder: vscode.WorkspaceFolder | undefined): Formatters {
  return {
    file: (file) => shortName(path, folder?.uri.fsPath, file),
    date: (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' }),
  };
}
