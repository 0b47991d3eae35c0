import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { CommandLine } from './commandLine.ts';
import { fileResolver, readInfo, type RecordingInfo, baseFolder } from './recordingInfo.ts';

const RECORDINGS = '**/*.rr';
const NOT_IN = '**/node_modules/**';
const RECORDINGS_MAX = 100;

/** Finds the recordings in the workspace, and reads them with blkreplay's command line. */
export class Recordings implements vscode.Disposable {
  private commandLine: CommandLine;
  private changed = new vscode.EventEmitter<void>();
  private watcher = vscode.workspace.createFileSystemWatcher(RECORDINGS, false, true, false);
  /**
   * The recordings found in the workspace. A search takes a while, so the workspace is searched again only when files
   * have been created or deleted.
   */
  private recordings: Promise<string[]> | undefined;

  readonly onChanged = this.changed.event;

  constructor(commandLine: CommandLine) {
    this.commandLine = commandLine;
    this.watcher.onDidCreate(() => this.refresh());
    this.watcher.onDidDelete(() => this.refresh());
  }

  dispose(): void {
    this.watcher.dispose();
    this.changed.dispose();
  }

  refresh(): void {
    this.recordings = undefined;
    this.changed.fire();
  }

  async list(): Promise<FileDetails[]> {
    this.recordings ??= findRecordings();
    const about = await Promise.all((await this.recordings).map(fileDetails));
    return about.flatMap((recording) => recording ?? []);
  }

  /**
   * Reads a recording. Returns its contents, the base folder of the relative names in it, and a function that resolves
   * these names. Rejects with the reason in the editor's terminology.
   */
  async info(rrfile: string): Promise<{ info: RecordingInfo; folder: string; resolve: (file: string) => string }> {
    const folders = foldersOf(rrfile);
    const read = async (folder: string) =>
      readInfo(await this.commandLine.run(['info', rrfile, '--json'], folder), rrfile);
    const first = await read(folders[0]);
    const start = baseFolder(path, first, folders, existsSync);
    const info = start === folders[0] ? first : await read(start);
    return { info, folder: start, resolve: fileResolver(path, [start, ...folders], existsSync) };
  }

  /** A message about the session that has the file open; null if there is none. */
  async lockHolderMessage(file: string): Promise<string | null> {
    const output = JSON.parse(await this.commandLine.run(['identify', file, '--json'], path.dirname(file))) as {
      inUse: string | null;
    };
    return output.inUse;
  }
}

/** The possible base folders of relative names in a recording: the workspace folder and the recording's folder. */
function foldersOf(rrfile: string): string[] {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(rrfile))?.uri.fsPath;
  return [...(folder ? [folder] : []), path.dirname(rrfile)];
}

async function findRecordings(): Promise<string[]> {
  const recordings = await vscode.workspace.findFiles(RECORDINGS, NOT_IN, RECORDINGS_MAX);
  const files = recordings.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
  return files.sort();
}

interface FileDetails {
  file: string;
  bytes: number;
  date: string;
}

/** Returns a file's details; undefined if the file has been deleted since the search. */
async function fileDetails(file: string): Promise<FileDetails | undefined> {
  try {
    const { size, mtime } = await stat(file);
    return { file, bytes: size, date: mtime.toISOString() };
  } catch {
    return undefined;
  }
}
