import * as path from 'node:path';
import * as vscode from 'vscode';
import { atLine, fromClipboard, fromSelection } from '../../debug-adapter/messages/qemuImport.ts';
import { UserError } from '../../debug-adapter/messages/userError.ts';
import { shortName } from '../configuration/paths.ts';
import { findQemuCommands, type QemuCommand, textKind } from './findCommands.ts';
import { includedFiles } from './includedFiles.ts';

/** A command that the user can import. */
export interface Candidate {
  command: QemuCommand;
  /** Where it was found, as shown to the user. */
  from: string;
  /** The base folder for its file names, as a path relative to the workspace folder. */
  folder: string;
}

/** The commands that were found, and the first error if some of the text cannot be read. */
export interface Candidates {
  found: Candidate[];
  problem: UserError | undefined;
}

const FILES = '**/{[Mm]akefile,GNUmakefile,[Mm]akefile.*,*.mk,*.sh,*.bash,*.zsh}';
const NOT_IN = '**/{node_modules,.git,.blkreplay,target,build}/**';
/** The maximum number of files that are searched, and their maximum size. */
const FILES_MAX = 300;
const FILE_BYTES_MAX = 256 << 10;

/**
 * Finds QEMU commands in the places where users keep them: the selection or the file in the active editor, the
 * clipboard, and the makefiles and scripts of the workspace folder, in this order. Each command is listed once.
 */
export async function findCandidates(folder: vscode.WorkspaceFolder): Promise<Candidates> {
  const searches = [
    () => inEditor(folder),
    async () => inText(await clipboardText(), { from: fromClipboard(), folder: '' }),
    () => inWorkspace(folder),
  ];
  const found = new Map<string, Candidate>();
  let problem: UserError | undefined;
  for (const search of searches) {
    try {
      for (const candidate of await search()) {
        const key = `${candidate.folder}\n${candidate.command.text}`;
        if (!found.has(key)) found.set(key, candidate);
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problem ??= error;
    }
  }
  return { found: [...found.values()], problem };
}

/** In a browser, the clipboard may be unavailable until the user allows access. The import does not wait for that. */
const CLIPBOARD_MS_MAX = 1000;
const clipboardText = (): Promise<string> =>
  Promise.race([
    Promise.resolve(vscode.env.clipboard.readText()).catch(() => ''),
    new Promise<string>((resolve) => setTimeout(resolve, CLIPBOARD_MS_MAX, '')),
  ]);

function inText(text: string, { from, folder }: Omit<Candidate, 'command'>): Candidate[] {
  return findQemuCommands(text, 'text').map((command) => ({ command, from, folder }));
}

/** The selected commands; without a selection, those of the file. A selected line can use the file's variables. */
function inEditor(folder: vscode.WorkspaceFolder): Promise<Candidate[]> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return Promise.resolve([]);
  const { document, selection } = editor;
  const isFile = document.uri.scheme === 'file';
  const inFile = isFile ? inDocument(folder, document.uri, document.getText()) : [];
  if (selection.isEmpty) return Promise.resolve(inFile);
  const isSelected = (line: number) => line >= selection.start.line && line <= selection.end.line;
  const selected = inFile.filter(({ command: { file, line } }) => file === undefined && isSelected(line - 1));
  if (selected.length > 0) return Promise.resolve(selected.map((one) => ({ ...one, from: fromSelection() })));
  const origin = { from: fromSelection(), folder: isFile ? folderOf(folder, document.uri) : '' };
  return Promise.resolve(inText(document.getText(selection), origin));
}

async function inWorkspace(folder: vscode.WorkspaceFolder): Promise<Candidate[]> {
  const files = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, FILES), NOT_IN, FILES_MAX);
  // Files near the workspace folder come first.
  const depth = (file: vscode.Uri) => file.path.split('/').length;
  files.sort((a, b) => depth(a) - depth(b) || (a.path < b.path ? -1 : 1));
  const found = (await Promise.all(files.map((file) => inWorkspaceFile(folder, file)))).flat();
  // A file that a makefile includes is read as a part of that makefile.
  const included = new Set(found.filter(({ command }) => command.file !== undefined).map(({ from }) => from));
  return found.filter(({ command, from }) => command.file !== undefined || !included.has(from));
}

async function inWorkspaceFile(folder: vscode.WorkspaceFolder, file: vscode.Uri): Promise<Candidate[]> {
  try {
    const { size } = await vscode.workspace.fs.stat(file);
    if (size > FILE_BYTES_MAX) return [];
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    return inDocument(folder, file, text);
  } catch {
    // Do not offer a file that cannot be read.
    return [];
  }
}

function inDocument(folder: vscode.WorkspaceFolder, file: vscode.Uri, text: string): Candidate[] {
  const include = file.scheme === 'file' ? includedFiles(folder.uri.fsPath, file.fsPath) : undefined;
  return findQemuCommands(text, textKind(file.fsPath), include).map((command) => {
    const of = command.file === undefined ? file.fsPath : path.resolve(path.dirname(file.fsPath), command.file);
    return {
      command,
      from: atLine({ file: shortName(path, folder.uri.fsPath, of), line: command.line }),
      folder: folderOf(folder, file),
    };
  });
}

/** The folder of a file, relative to the workspace folder and with slashes. Empty for a file outside it. */
function folderOf(folder: vscode.WorkspaceFolder, file: vscode.Uri): string {
  const name = shortName(path, folder.uri.fsPath, file.fsPath);
  const parent = path.isAbsolute(name) ? '' : path.dirname(name).replaceAll(path.sep, '/');
  return parent === '.' ? '' : parent;
}
