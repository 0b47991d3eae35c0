import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { pageTexts } from '../../debug-adapter/messages/extensionStart.ts';
import { showError } from '../commands/requests.ts';
import type { CommandLine } from '../overlays/commandLine.ts';
import type { Recordings } from '../overlays/recordings.ts';
import { packPage, type Page, type PageCommand, pageHtml, problemPage, recordingPage } from './recordingPage.ts';
import { replayFile } from './replayFile.ts';
import { unpackAndReplay } from './unpack.ts';

const VIEW_TYPE = 'blkreplay.recording';

/**
 * The editor that opens when the user double-clicks a recording or a pack. It shows what the recording contains, and
 * buttons that replay it. Opening a file only reads it; a replay starts only when the user clicks a button.
 */
export function registerRecordingEditor(commandLine: CommandLine, recordings: Recordings): vscode.Disposable {
  const editor = new RecordingEditor(commandLine, recordings);
  return vscode.window.registerCustomEditorProvider(VIEW_TYPE, editor, { supportsMultipleEditorsPerDocument: true });
}

class RecordingEditor implements vscode.CustomReadonlyEditorProvider {
  private commandLine: CommandLine;
  private recordings: Recordings;

  constructor(commandLine: CommandLine, recordings: Recordings) {
    this.commandLine = commandLine;
    this.recordings = recordings;
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose() {} };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    panel.webview.options = { enableScripts: true, localResourceRoots: [] };
    panel.webview.onDidReceiveMessage((command: PageCommand) => this.run(uri, command));
    panel.onDidChangeViewState(() => panel.visible && void this.show(uri, panel));
    await this.show(uri, panel);
  }

  private async show(uri: vscode.Uri, { webview }: vscode.WebviewPanel): Promise<void> {
    webview.html = pageHtml(await this.page(uri), randomBytes(16).toString('hex'), formatDate);
  }

  private async page(uri: vscode.Uri): Promise<Page> {
    const file = { path: uri.fsPath, name: path.basename(uri.fsPath) };
    if (uri.scheme !== 'file') return problemPage(file, pageTexts.notLocal());
    try {
      const { head, bytes } = await readHead(file.path);
      if (head.startsWith(PACK_MAGIC)) return packPage({ ...file, bytes });
      const { info } = await this.recordings.info(file.path);
      return recordingPage(info, { ...file, bytes });
    } catch (error) {
      return problemPage(file, error instanceof Error ? error.message : String(error));
    }
  }

  private async run({ fsPath }: vscode.Uri, { id, position }: PageCommand): Promise<void> {
    try {
      switch (id) {
        case 'replay':
          return await replayFile(this.recordings, fsPath, position);
        case 'unpack':
          return await unpackAndReplay({ commandLine: this.commandLine, recordings: this.recordings, pack: fsPath });
        case 'openAsText':
          await vscode.commands.executeCommand('workbench.action.reopenWithEditor');
      }
    } catch (error) {
      showError(error);
    }
  }
}

/** The first bytes of a pack. */
const PACK_MAGIC = 'BLKRPACK';

/** The first bytes of a file, as Latin-1 text, and its size. */
async function readHead(file: string): Promise<{ head: string; bytes: number }> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(PACK_MAGIC.length), 0, PACK_MAGIC.length, 0);
    return { head: buffer.toString('latin1', 0, bytesRead), bytes: (await handle.stat()).size };
  } finally {
    await handle.close();
  }
}

const formatDate = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
