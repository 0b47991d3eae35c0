import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { unpackTexts } from '../../debug-adapter/messages/extensionStart.ts';
import { CommandError, type CommandLine } from '../overlays/commandLine.ts';
import type { Recordings } from '../overlays/recordings.ts';
import { unusedFolder, type Unpacked, unpackedReplay } from './packs.ts';
import { startReplay } from './replayFile.ts';

/**
 * Unpacks a packed recording to a folder that the user chooses, and starts a replay. Existing files are never replaced.
 * If a base image is not in the pack, the user is asked for it. Rejects with a message if the pack cannot be unpacked.
 */
export async function unpackAndReplay(parts: {
  commandLine: CommandLine;
  recordings: Recordings;
  pack: string;
}): Promise<void> {
  const folder = await askFolder(parts.pack);
  if (folder === undefined) return;
  const unpacked = await unpackTo(folder, parts);
  if (!unpacked) return;
  const { info } = await parts.recordings.info(unpacked.rrfile);
  void vscode.window.showInformationMessage(unpackTexts.done(folder));
  const configuration = unpackedReplay(info, unpacked, path.basename(unpacked.rrfile));
  await startReplay(unpacked.rrfile, { ...configuration, cwd: folder });
}

async function askFolder(pack: string): Promise<string | undefined> {
  const beside = unusedFolder(path, pack, existsSync);
  const chosen = await vscode.window.showQuickPick(
    [
      { label: unpackTexts.newFolder(), detail: beside, folder: () => Promise.resolve(beside) },
      { label: unpackTexts.temporaryFolder(), detail: os.tmpdir(), folder: temporaryFolder },
      { label: unpackTexts.chooseFolder(), folder: () => chooseFolder(pack) },
    ],
    { title: unpackTexts.title(), placeHolder: unpackTexts.prompt() },
  );
  return chosen?.folder();
}

const temporaryFolder = (): Promise<string> => mkdtemp(path.join(os.tmpdir(), 'blkreplay-unpacked-'));

async function chooseFolder(pack: string): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    ...{ canSelectFiles: false, canSelectFolders: true, openLabel: unpackTexts.unpackHere() },
    ...{ title: unpackTexts.title(), defaultUri: vscode.Uri.file(path.dirname(pack)) },
  });
  return chosen?.[0].fsPath;
}

/** Resolves to undefined if a base image is not in the pack and the user did not select one. */
async function unpackTo(
  folder: string,
  { commandLine, pack }: { commandLine: CommandLine; pack: string },
): Promise<Unpacked | undefined> {
  const createdFolder = await mkdir(folder, { recursive: true });
  const bases: string[] = [];
  for (;;) {
    try {
      return await withProgress(path.basename(pack), async () => {
        const args = ['unpack', pack, '--into', folder, '--json', ...bases.flatMap((base) => ['--base', base])];
        return JSON.parse(await commandLine.run(args, path.dirname(pack), 0)) as Unpacked;
      });
    } catch (error) {
      const base = error instanceof CommandError ? await askBase(error) : undefined;
      if (base !== undefined) {
        bases.push(base);
        continue;
      }
      // A folder that this function has created is removed if it is still empty.
      if (createdFolder !== undefined) await rmdir(folder).catch(() => {});
      if (error instanceof CommandError && error.code === BASE_NEEDED) return undefined;
      throw error;
    }
  }
}

const BASE_NEEDED = 'pack-base-needed';

/** Asks for a base image that, according to the error, is not in the pack. Returns the value of the option `--base`. */
async function askBase({ code, fields }: CommandError): Promise<string | undefined> {
  if (code !== BASE_NEEDED) return undefined;
  const drive = String(fields.drive);
  const chosen = await vscode.window.showOpenDialog({
    title: unpackTexts.baseTitle(drive, String(fields.image)),
    openLabel: unpackTexts.useBase(),
  });
  return chosen && `${drive}=${chosen[0].fsPath}`;
}

function withProgress<T>(pack: string, run: () => Promise<T>): Thenable<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title: unpackTexts.progress(pack) }, run);
}
