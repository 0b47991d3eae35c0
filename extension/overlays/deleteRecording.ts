import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import {
  deleteForGoodDetail,
  deleteForGoodQuestion,
  deleteRecordingDetail,
  deleteRecordingQuestion,
  notOfRecording,
} from '../../debug-adapter/messages/extension.ts';
import { confirmDeletion } from './confirmDeletion.ts';
import { filesOf } from './recordingInfo.ts';
import type { Recordings } from './recordings.ts';

/**
 * Deletes a recording and the files that blkreplay created for it, after the user has confirmed. Immediately before
 * each deletion it checks again that the file still belongs to the recording and that no session has it open. The
 * recording is deleted last, because it lists the other files. Files that another recording in the workspace also
 * lists, such as a copy of this one, are kept. If a file cannot be deleted, rejects with a message.
 */
export async function deleteRecording(recordings: Recordings, rrfile: string): Promise<void> {
  const others = new Set(await filesOfOtherRecordings(recordings, rrfile));
  const files = (await ownFiles(recordings, rrfile)).filter((file) => !others.has(identity(file)));
  const detail = deleteRecordingDetail(files);
  if (!(await confirmDeletion(deleteRecordingQuestion(path.basename(rrfile)), detail))) return;
  for (const file of files) await requireNotInUse(recordings, file);
  const remove = createRemover();
  for (const file of files.toReversed()) {
    if (!(await ownFiles(recordings, rrfile)).includes(file)) throw new Error(notOfRecording(file));
    await requireNotInUse(recordings, file);
    if (!(await remove(file))) return;
  }
}

async function ownFiles(recordings: Recordings, rrfile: string): Promise<string[]> {
  const { info, resolve } = await recordings.info(rrfile);
  return filesOf(info, resolve).filter((file) => existsSync(file));
}

async function filesOfOtherRecordings(recordings: Recordings, rrfile: string): Promise<string[]> {
  const own = identity(rrfile);
  const named: string[] = [];
  for (const { file } of await recordings.list()) {
    if (identity(file) === own) continue;
    try {
      const { info, resolve } = await recordings.info(file);
      named.push(...info.files.map((one) => resolve(one.path)).filter((one) => existsSync(one)));
    } catch {
      // Ignore a file that cannot be read as a recording.
    }
  }
  return named.map(identity);
}

/** Returns a string that identifies a file regardless of its name. */
function identity(file: string): string {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
}

async function requireNotInUse(recordings: Recordings, file: string): Promise<void> {
  const user = await recordings.lockHolderMessage(file);
  if (user !== null) throw new Error(user);
}

/**
 * Returns a function that moves a file to the trash. If there is no trash, it asks the user once whether to delete the
 * files permanently. The returned function resolves to true if it has deleted the file.
 */
function createRemover(): (file: string) => Promise<boolean> {
  let hasTrash = true;
  return async (file) => {
    const uri = vscode.Uri.file(file);
    if (hasTrash) {
      try {
        await vscode.workspace.fs.delete(uri, { useTrash: true });
        return true;
      } catch {
        if (!(await confirmDeletion(deleteForGoodQuestion(), deleteForGoodDetail(file)))) return false;
        hasTrash = false;
      }
    }
    await vscode.workspace.fs.delete(uri);
    return true;
  };
}
