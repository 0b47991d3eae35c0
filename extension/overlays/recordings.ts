import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { commandFailure } from './commandFailure.ts';
import { fileResolver, readInfo, type RecordingInfo, baseFolder } from './recordingInfo.ts';

const RECORDINGS = '**/*.rr';
const NOT_IN = '**/node_modules/**';
const RECORDINGS_MAX = 100;
const INFO_MILLISECONDS_MAX = 30_000;

/**
 * Finds the recordings in the workspace, and reads them by running blkreplay's command line in the editor's own
 * runtime.
 */
export class Recordings implements vscode.Disposable {
  private cli: string;
  private changed = new vscode.EventEmitter<void>();
  private watcher = vscode.workspace.createFileSystemWatcher(RECORDINGS, false, true, false);
  /**
   * The recordings found in the workspace. A search takes a while, so the workspace is searched again only when files
   * have been created or deleted.
   */
  private recordings: Promise<string[]> | undefined;

  readonly onChanged = this.changed.event;

  constructor(context: vscode.ExtensionContext) {
    this.cli = path.join(context.extensionPath, 'dist', 'cli.js');
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
   * Reads a recording, and returns its contents and a function that resolves the relative names in it. Rejects with the
   * reason in the editor's terminology.
   */
  async info(rrfile: string): Promise<{ info: RecordingInfo; resolve: (file: string) => string }> {
    const folders = foldersOf(rrfile);
    const read = async (folder: string) => readInfo(await this.run(['info', rrfile, '--json'], folder), rrfile);
    const first = await read(folders[0]);
    const start = baseFolder(path, first, folders, existsSync);
    const info = start === folders[0] ? first : await read(start);
    return { info, resolve: fileResolver(path, [start, ...folders], existsSync) };
  }

  /** A message about the session that has the file open; null if there is none. */
  async lockHolderMessage(file: string): Promise<string | null> {
    const output = JSON.parse(await this.run(['identify', file, '--json'], path.dirname(file))) as {
      inUse: string | null;
    };
    return output.inUse;
  }

  private async run(args: string[], folder: string): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [this.cli, ...args], {
        cwd: folder,
        env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
        timeout: INFO_MILLISECONDS_MAX,
        maxBuffer: 1 << 26,
      });
      return stdout;
    } catch (error) {
      const { stderr = '', message } = error as { stderr?: string; message: string };
      throw new Error(commandFailure(stderr) ?? message, { cause: error });
    }
  }
}

/**
 * The folders that relative names in a recording may be relative to: the workspace folder and the recording's folder.
 */
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
