import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type {
  Overview,
  RenameSnapshotArguments,
  SnapshotArguments,
  SnapshotOverview,
  TakeSnapshotArguments,
} from '../../debug-adapter/dap/customProtocol.ts';
import { sendRequest, currentSession, showError } from '../commands/requests.ts';
import {
  deleteSnapshotDetail,
  deleteSnapshotQuestion,
  goToSnapshotPrompt,
  goToSnapshotTitle,
  renameSnapshotTitle,
  snapshotNameOffered,
  snapshotNamePrompt,
  takeSnapshotTitle,
  viewTexts,
} from '../../debug-adapter/messages/extension.ts';
import type { Sessions } from '../sessions.ts';
import { formatPosition } from '../timeline/positionText.ts';
import { confirmDeletion } from './confirmDeletion.ts';
import { deleteRecording } from './deleteRecording.ts';
import type { OverlaysView } from './overlaysView.ts';
import { replayOf } from './recordingInfo.ts';
import type { Recordings } from './recordings.ts';
import { unusedName, validateSnapshotName } from './snapshotName.ts';
import type { TreeNode } from './treeModel.ts';

/**
 * The commands for items in the overlays view. Snapshots can be changed only in a session; recordings can be replayed
 * and deleted.
 */
export class OverlayCommands {
  private sessions: Sessions;
  private recordings: Recordings;
  private view: OverlaysView;

  constructor(parts: { sessions: Sessions; recordings: Recordings; view: OverlaysView }) {
    this.sessions = parts.sessions;
    this.recordings = parts.recordings;
    this.view = parts.view;
  }

  /** Goes to an item's snapshot; without an item, to one that the user selects from a list. */
  async goTo(node?: TreeNode): Promise<void> {
    const session = node ? this.sessionOf(node) : currentSession(this.sessions);
    if (!session) return;
    const snapshot = node ? node.snapshot : await this.pickSnapshot(session);
    if (snapshot) await sendRequest(session, 'blkreplay/goTo', { position: snapshot.position });
  }

  async takeSnapshot(node?: TreeNode): Promise<void> {
    const session = (node && this.sessionOf(node)) ?? currentSession(this.sessions);
    if (!session) return;
    const taken = this.namesIn(session);
    const position = this.sessions.positionOf(session)?.position;
    const name = await askName(takeSnapshotTitle(), unusedName(snapshotNameOffered(), taken), taken, position);
    if (name !== undefined) {
      await sendRequest(session, 'blkreplay/takeSnapshot', { name } satisfies TakeSnapshotArguments);
    }
    this.view.refresh();
  }

  async renameSnapshot(node?: TreeNode): Promise<void> {
    const session = node && this.sessionOf(node);
    if (!session || node.context !== 'snapshot.session.named' || !node.snapshot) return;
    const { id, name } = node.snapshot;
    const others = this.namesIn(session).filter((other) => other !== name);
    const newName = await askName(renameSnapshotTitle(), name, others);
    if (newName === undefined || newName === name) return;
    await sendRequest(session, 'blkreplay/renameSnapshot', { id, newName } satisfies RenameSnapshotArguments);
    this.view.refresh();
  }

  async deleteSnapshot(node?: TreeNode): Promise<void> {
    const session = node && this.sessionOf(node);
    if (!session || !node.snapshot) return;
    const { id, name } = node.snapshot;
    if (!(await confirmDeletion(deleteSnapshotQuestion(name), deleteSnapshotDetail()))) return;
    await sendRequest(session, 'blkreplay/deleteSnapshot', { id } satisfies SnapshotArguments);
    this.view.refresh();
  }

  async replayRecording({ owner }: TreeNode): Promise<void> {
    if (owner.kind !== 'recording') return;
    try {
      const { info, resolve } = await this.recordings.info(owner.rrfile);
      const configuration = replayOf(info, path.basename(owner.rrfile), existsSync, resolve);
      const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(owner.rrfile));
      await vscode.debug.startDebugging(folder, configuration);
    } catch (error) {
      showError(error);
    }
  }

  async deleteRecording({ owner }: TreeNode): Promise<void> {
    if (owner.kind !== 'recording') return;
    try {
      await deleteRecording(this.recordings, owner.rrfile);
    } catch (error) {
      showError(error);
    }
    this.view.refresh();
  }

  async revealFile({ file }: TreeNode): Promise<void> {
    const isHere = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
    const command = isHere ? 'revealFileInOS' : 'revealInExplorer';
    if (file) await vscode.commands.executeCommand(command, vscode.Uri.file(file));
  }

  private async pickSnapshot(session: vscode.DebugSession): Promise<SnapshotOverview | undefined> {
    const overview = await sendRequest<Overview>(session, 'blkreplay/overview');
    const items = overview?.snapshots.map((snapshot) => ({
      label: snapshot.isAutomatic ? formatPosition(snapshot.position) : snapshot.name,
      description: snapshot.isAutomatic ? viewTexts.automatic() : formatPosition(snapshot.position),
      snapshot,
    }));
    if (!items) return undefined;
    const picked = await vscode.window.showQuickPick(items, {
      title: goToSnapshotTitle(),
      placeHolder: goToSnapshotPrompt(),
      matchOnDescription: true,
    });
    return picked?.snapshot;
  }

  private namesIn(session: vscode.DebugSession): string[] {
    return this.view.overview(session)?.snapshots.map(({ name }) => name) ?? [];
  }

  private sessionOf({ owner }: TreeNode): vscode.DebugSession | undefined {
    return owner.kind === 'session' ? this.sessions.all.find(({ id }) => id === owner.sessionId) : undefined;
  }
}

function askName(
  title: string,
  value: string,
  taken: readonly string[],
  position?: number,
): Thenable<string | undefined> {
  const prompt = snapshotNamePrompt(position === undefined ? undefined : formatPosition(position));
  return vscode.window.showInputBox({
    title,
    value,
    prompt,
    validateInput: (name) => validateSnapshotName(name, taken),
  });
}
