import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { replayOf } from '../overlays/recordingInfo.ts';
import type { Recordings } from '../overlays/recordings.ts';

/**
 * Starts a replay of a recording on disk, at `position` or at the start. Rejects with a message if the recording cannot
 * be read.
 */
export async function replayFile(recordings: Recordings, rrfile: string, position?: number): Promise<void> {
  const { info, folder, resolve } = await recordings.info(rrfile);
  const configuration = replayOf(info, path.basename(rrfile), existsSync, resolve);
  await startReplay(rrfile, { ...configuration, cwd: folder }, position);
}

/** Starts a replay in the workspace folder that contains the recording, or without a workspace folder. */
export async function startReplay(
  rrfile: string,
  configuration: vscode.DebugConfiguration,
  position?: number,
): Promise<void> {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(rrfile));
  const start = position === undefined ? {} : { startPosition: position };
  await vscode.debug.startDebugging(folder, { ...configuration, ...start });
}
