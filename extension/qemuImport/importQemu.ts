import * as vscode from 'vscode';
import {
  importDetailsButton,
  importFailed,
  importQemuNoFolder,
  importQemuPick,
  importQemuPrompt,
  importQemuTitle,
  importQemuType,
  launchNotWritten,
  qemuErrors,
} from '../../debug-adapter/messages/qemuImport.ts';
import { textFor, UserError } from '../../debug-adapter/messages/userError.ts';
import { rangeOfSetting } from '../configuration/settingRange.ts';
import type { Configuration } from '../configuration/templates.ts';
import { type Candidate, findCandidates } from './candidates.ts';
import { findQemuCommands } from './findCommands.ts';
import { importQemuCommand } from './importCommand.ts';
import { addConfiguration, newLaunchFile } from './launchEdit.ts';
import { detailsText, noticeText } from './differenceTexts.ts';

/**
 * *Import QEMU Command Line*: finds or asks for a command, adds a configuration to launch.json, shows it there, and
 * says what differs from QEMU. `given` is a command from another part of the extension.
 */
export async function importQemu(showDetails: ShowDetails, given?: string): Promise<void> {
  const folder = await workspaceFolder();
  if (!folder) return;
  try {
    const candidate = given === undefined ? await choose(folder) : typed(given);
    if (candidate) await importCandidate(folder, candidate, showDetails);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    void vscode.window.showErrorMessage(importFailed(textFor(error, 'editor')));
  }
}

/** Shows text in a read-only document with this name. */
export type ShowDetails = (name: string, text: string) => Promise<void>;

async function workspaceFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) void vscode.window.showWarningMessage(importQemuNoFolder());
  const active = vscode.window.activeTextEditor?.document.uri;
  const ofEditor = active && vscode.workspace.getWorkspaceFolder(active);
  return ofEditor ?? (folders.length > 1 ? vscode.window.showWorkspaceFolderPick() : folders[0]);
}

/** Offers the commands that were found; if there are none, asks for one. */
async function choose(folder: vscode.WorkspaceFolder): Promise<Candidate | undefined> {
  const { found, problem } = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window }, () =>
    findCandidates(folder),
  );
  if (found.length === 0 && problem) throw problem;
  if (found.length === 0) return ask();
  const items = [
    ...found.map((candidate) => ({
      label: candidate.from,
      detail: candidate.command.text.replace(/^\S*(?=qemu-system-)/, ''),
      candidate,
    })),
    { label: importQemuType(), candidate: undefined, alwaysShow: true },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    ...{ title: importQemuTitle(), placeHolder: importQemuPick(), matchOnDetail: true },
  });
  return chosen && (chosen.candidate ?? ask());
}

async function ask(): Promise<Candidate | undefined> {
  const text = await vscode.window.showInputBox({
    ...{ title: importQemuTitle(), prompt: importQemuPrompt(), ignoreFocusOut: true },
    validateInput: (value) => problemOf(value),
  });
  return text === undefined ? undefined : typed(text);
}

function typed(text: string): Candidate {
  const [command] = findQemuCommands(text, 'text');
  if (!command) throw qemuErrors.noCommand();
  return { command, from: '', folder: '' };
}

function problemOf(text: string): string | undefined {
  try {
    typed(text);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return textFor(error, 'editor');
    throw error;
  }
}

async function importCandidate(
  folder: vscode.WorkspaceFolder,
  { command, folder: own }: Candidate,
  showDetails: ShowDetails,
): Promise<void> {
  const existing = vscode.workspace.getConfiguration('launch', folder.uri).get<unknown>('configurations');
  const { configuration, differences } = importQemuCommand(command, {
    folder: own,
    existing: Array.isArray(existing) ? existing.filter((one) => typeof one === 'object' && one !== null) : [],
  });
  const document = await write(folder, configuration);
  if (!document) return;
  await reveal(document, configuration.name);
  const buttons = differences.length > 1 ? [importDetailsButton()] : [];
  const show = differences.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  // The notice stays open after the command has ended.
  void show(noticeText(configuration.name, differences), ...buttons).then(async (answer) => {
    if (answer !== undefined)
      await showDetails(configuration.name, detailsText(configuration.name, command.text, differences));
  });
}

/** Adds the configuration to launch.json, which is created if it does not exist. Unsaved changes stay unsaved. */
async function write(
  folder: vscode.WorkspaceFolder,
  configuration: Configuration,
): Promise<vscode.TextDocument | undefined> {
  const file = vscode.Uri.joinPath(folder.uri, '.vscode', 'launch.json');
  if (!(await exists(file))) {
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(newLaunchFile(configuration)));
    return vscode.workspace.openTextDocument(file);
  }
  const document = await vscode.workspace.openTextDocument(file);
  const insertions = addConfiguration(document.getText(), configuration);
  if (!insertions) {
    await vscode.window.showTextDocument(document);
    void vscode.window.showErrorMessage(launchNotWritten());
    return undefined;
  }
  const wasSaved = !document.isDirty;
  const edit = new vscode.WorkspaceEdit();
  for (const { offset, text } of insertions) edit.insert(file, document.positionAt(offset), text);
  await vscode.workspace.applyEdit(edit);
  if (wasSaved) await document.save();
  return document;
}

async function exists(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
    return true;
  } catch {
    return false;
  }
}

async function reveal(document: vscode.TextDocument, name: string): Promise<void> {
  const { start, end } = rangeOfSetting(document.getText(), name, 'name') ?? { start: 0, end: 0 };
  const selection = new vscode.Range(document.positionAt(start), document.positionAt(end));
  await vscode.window.showTextDocument(document, { selection });
}
