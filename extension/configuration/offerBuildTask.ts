import { mkdir, readdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { buildTaskTexts } from '../../debug-adapter/messages/extensionStart.ts';
import { buildTasksFor, existingBuildTask, tasksJson } from './buildTasks.ts';

/**
 * Called when a launch.json is created in a folder with a Makefile, Cargo.toml or CMakeLists.txt: offers to build the
 * folder before each recording. Returns the label of the task for `preLaunchTask`; undefined if there is none, or if
 * the user declines. An existing tasks.json is never changed; if there is none, it is created after the user has
 * agreed.
 */
export async function offerBuildTask(folder: vscode.WorkspaceFolder): Promise<string | undefined> {
  const tasks = buildTasksFor(await filesIn(folder.uri.fsPath));
  if (tasks.length === 0) return undefined;
  const hasTasks = (await filesIn(path.join(folder.uri.fsPath, '.vscode'))).includes('tasks.json');
  const existing = existingBuildTask(vscode.workspace.getConfiguration('tasks', folder).get('tasks'));
  if (hasTasks && existing === undefined) return undefined;
  const task = tasks.at(-1)!;
  const yes = hasTasks
    ? { label: buildTaskTexts.runTask(existing!), detail: buildTaskTexts.existing() }
    : { label: buildTaskTexts.runCommand(task.command), detail: buildTaskTexts.created() };
  const answer = await vscode.window.showQuickPick([yes, { label: buildTaskTexts.no() }], {
    title: buildTaskTexts.title(),
  });
  if (answer !== yes) return undefined;
  if (hasTasks) return existing;
  const folderOfTasks = path.join(folder.uri.fsPath, '.vscode');
  await mkdir(folderOfTasks, { recursive: true });
  // The flag makes the call fail if the file has been created in the meantime.
  await writeFile(path.join(folderOfTasks, 'tasks.json'), tasksJson(tasks), { flag: 'wx' });
  return task.label;
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // A folder that does not exist contains no files.
    return [];
  }
}
