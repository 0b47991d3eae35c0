import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { parseLaunch } from '../../debug-adapter/dap/launchConfiguration.ts';
import { resumeTexts } from '../../debug-adapter/messages/extensionStart.ts';
import { explainWithoutSession } from '../commands/withoutSession.ts';
import type { Sessions } from '../sessions.ts';
import { formatPosition } from '../timeline/positionText.ts';
import { type ResumePoint, resumeConfiguration, resumePointOf } from './resumePoint.ts';

const KEY = 'resume';
/**
 * How long after a session has ended the extension records that it has. If the session ends because the window is
 * reloaded, VS Code stops the extension within this time, so the end is not recorded.
 */
const END_DELAY_MS = 2000;

/**
 * Remembers where the session last stopped, and offers to resume it after the window has been reloaded or closed. The
 * recording is then replayed to the same position.
 */
export function registerResume(context: vscode.ExtensionContext, sessions: Sessions): vscode.Disposable {
  const state = context.workspaceState;
  const timers = new Set<NodeJS.Timeout>();
  const store = (point: ResumePoint | undefined) => void state.update(KEY, point);
  const before = state.get<ResumePoint>(KEY);
  const end = (point: ResumePoint) => {
    // A later session may have replaced the resume point in the meantime.
    if (JSON.stringify(state.get(KEY)) === JSON.stringify(point)) store({ ...point, hasEnded: true });
  };
  if (before && !before.hasEnded && existsSync(rrfileOf(before))) void offer(before, () => end(before));
  return vscode.Disposable.from(
    sessions.onPosition((session) => {
      const event = sessions.positionOf(session);
      if (!event || event.isRunning) return;
      const point = resumePointOf(session.configuration, session.workspaceFolder?.uri.toString(), event);
      if (point) store(point);
    }),
    sessions.onEnded(({ configuration }) => {
      const point = state.get<ResumePoint>(KEY);
      if (point?.configuration.rrfile !== configuration.rrfile) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (point) end(point);
      }, END_DELAY_MS);
      timers.add(timer);
    }),
    { dispose: () => timers.forEach((timer) => clearTimeout(timer)) },
    vscode.commands.registerCommand('blkreplay.resumeReplay', async () => {
      const point = state.get<ResumePoint>(KEY);
      if (point) await resume(point);
      else await explainWithoutSession(resumeTexts.nothing());
    }),
  );
}

async function offer(point: ResumePoint, decline: () => void): Promise<void> {
  const question = resumeTexts.offer(point.configuration.name, formatPosition(point.position));
  const answer = await vscode.window.showInformationMessage(question, resumeTexts.button());
  if (answer === resumeTexts.button()) await resume(point);
  else decline();
}

async function resume(point: ResumePoint): Promise<void> {
  const rrfile = rrfileOf(point);
  if (!existsSync(rrfile)) return void vscode.window.showErrorMessage(resumeTexts.recordingMissing(rrfile));
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.toString() === point.folder);
  await vscode.debug.startDebugging(folder, resumeConfiguration(point));
}

/** The absolute path of the recording; empty if the stored configuration is not valid for this version. */
function rrfileOf(point: ResumePoint): string {
  try {
    return parseLaunch(resumeConfiguration(point), path.resolve).rrfile;
  } catch {
    return '';
  }
}
