import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Overview } from '../../debug-adapter/dap/customProtocol.ts';
import { isSameFile, shortName } from '../configuration/paths.ts';
import { infoFailed } from '../messages.ts';
import type { Sessions } from '../sessions.ts';
import type { Recordings } from './recordings.ts';
import { overviewTree, problemTree, type Shown, type TreeNode } from './treeModel.ts';

/** The tree model in the editor's terms. The whole is asked for anew after a change; it is small. */
export class OverlaysView implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private sessions: Sessions;
  private recordings: Recordings;
  private changed = new vscode.EventEmitter<void>();
  private overviews = new Map<string, Overview>();

  readonly onDidChangeTreeData = this.changed.event;

  constructor(sessions: Sessions, recordings: Recordings) {
    this.sessions = sessions;
    this.recordings = recordings;
  }

  dispose(): void {
    this.changed.dispose();
  }

  refresh(): void {
    this.changed.fire();
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node) return node.children;
    const sessions = await Promise.all(this.sessions.all.map((session) => this.sessionTree(session)));
    const inUse = [...this.overviews.values()].flatMap(({ rrfile }) => rrfile ?? []);
    const isInUse = (file: string) => inUse.some((used) => isSameFile(path, process.platform, used, file));
    const files = (await this.recordings.find()).filter((file) => !isInUse(file));
    return [...sessions.flat(), ...(await Promise.all(files.map((file) => this.recordingTree(file))))];
  }

  /** Only what is on top is ever revealed. */
  getParent(): undefined {
    return undefined;
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const { None, Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
    const fold = node.children.length === 0 ? None : node.fold === 'open' ? Expanded : Collapsed;
    const item = new vscode.TreeItem(node.label, fold);
    item.id = node.id;
    item.description = node.description;
    item.tooltip = node.tooltip;
    item.iconPath = new vscode.ThemeIcon(node.icon);
    item.contextValue = node.context;
    return item;
  }

  /** As the adapter said last. */
  overview(session: vscode.DebugSession): Overview | undefined {
    return this.overviews.get(session.id);
  }

  /** While the machine runs some answers have to wait: then it is as it was, at its new place. */
  private async sessionTree(session: vscode.DebugSession): Promise<TreeNode[]> {
    try {
      this.overviews.set(session.id, await session.customRequest('blkreplay/overview'));
    } catch {
      if (!this.sessions.all.includes(session)) this.overviews.delete(session.id);
    }
    const known = this.overviews.get(session.id);
    if (!known) return [];
    const overview = { ...known, place: this.sessions.place(session) ?? known.place };
    const owner = { kind: 'session' as const, sessionId: session.id };
    return [overviewTree(overview, owner, session.configuration.name, shown(session.workspaceFolder))];
  }

  private async recordingTree(rrfile: string): Promise<TreeNode> {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(rrfile));
    const show = shown(folder);
    try {
      const { overview } = await this.recordings.info(rrfile);
      return overviewTree(overview, { kind: 'recording', rrfile }, show.file(rrfile), show);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return problemTree(rrfile, show.file(rrfile), infoFailed({ file: show.file(rrfile), why }));
    }
  }

  forget(session: vscode.DebugSession): void {
    this.overviews.delete(session.id);
  }
}

function shown(folder: vscode.WorkspaceFolder | undefined): Shown {
  return {
    file: (file) => shortName(path, folder?.uri.fsPath, file),
    date: (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' }),
  };
}
