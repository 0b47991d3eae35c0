import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Sandbox } from '../../support/cli.ts';
import { guest } from '../../support/guests.ts';
import './fakeVscodeModule.ts';
import { state } from './fakeVscode.ts';
import { shows } from './notifications.ts';
import type { Row, Shown } from './rows.ts';

const { CommandLine } = await import('../../../extension/overlays/commandLine.ts');
const { Recordings } = await import('../../../extension/overlays/recordings.ts');
const { registerOverlays } = await import('../../../extension/overlays/register.ts');
const { recordingNode } = await import('../../../extension/overlays/treeModel.ts');
const { registerRecordingEditor } = await import('../../../extension/start/recordingEditor.ts');

/** The command line in `dist`, as the extension runs it. */
const commandLine = new CommandLine({ extensionPath: path.resolve(import.meta.dirname, '../../..') } as never);
const never = () => ({ dispose: () => {} });
const NO_SESSIONS = {
  ...{ all: [], current: undefined },
  ...{ onStarted: never, onOverviewChanged: never, onPosition: never, onEnded: never },
};

const nodeOf = (file: string) =>
  recordingNode(file, { bytes: 0, date: '' }, { date: (date) => date, file: (name) => name });

interface Tree {
  getChildren(node: unknown): Promise<unknown[]>;
  getTreeItem(node: unknown): { label: string; iconPath: { id: string }; accessibilityInformation: { label: string } };
}

function openOverlays(): { tree: Tree; run: (name: string, node?: unknown) => Promise<void> } {
  registerOverlays({} as never, NO_SESSIONS as never, new Recordings(commandLine));
  const run = async (name: string, node?: unknown) => {
    await (state.commands.get(`blkreplay.${name}`) as (node?: unknown) => Promise<void>)(node);
  };
  return { tree: state.tree as Tree, run };
}

/** Expands a file in the view. The only row below it shows the message, which screen readers also get. */
async function expands(file: string): Promise<Shown> {
  const { tree } = openOverlays();
  const rows = await tree.getChildren(nodeOf(file));
  assert.equal(rows.length, 1);
  const { label, iconPath, accessibilityInformation } = tree.getTreeItem(rows[0]);
  assert.equal(iconPath.id, 'warning');
  assert.ok(accessibilityInformation.label.includes(label), accessibilityInformation.label);
  return { text: label };
}

/** Tries to delete a recording whose overlay is replaced with another file while VS Code asks for confirmation. */
async function deletesDuringQuestion(t: TestContext): Promise<void> {
  const sandbox = new Sandbox(t);
  const drives = [{ image: sandbox.disk('disk.img'), overlay: 'hd0.qcow2' }];
  const recorded = await sandbox.record({ kernel: guest('demo/demo'), drives }, '--stop-at', '1000');
  recorded.ended(0, 'stopAt');
  state.answer = () => {
    sandbox.write('hd0.qcow2', 'a file of someone else');
    return 'Delete';
  };
  try {
    await openOverlays().run('deleteRecording', nodeOf(sandbox.path('a.rr')));
  } finally {
    state.answer = () => undefined;
  }
  assert.ok(sandbox.exists('a.rr') && sandbox.exists('hd0.qcow2'), 'nothing was deleted');
}

/** Opens a recording in its editor, and returns the text of the page. */
async function opensPage(uri: object): Promise<Shown> {
  registerRecordingEditor(commandLine, new Recordings(commandLine));
  const webview = { html: '', options: {}, onDidReceiveMessage: never };
  const editor = state.editor as { resolveCustomEditor(document: object, panel: object): Promise<void> };
  await editor.resolveCustomEditor({ uri }, { webview, onDidChangeViewState: never });
  const [, main] = /<main>(.*)<\/main>/s.exec(webview.html)!;
  return { text: main.replaceAll(/<[^>]*>/g, ' ') };
}

/** Messages in the Overlays view and on the page of a recording. */
export const overlaysRows: readonly Row[] = [
  {
    message: 'extension/noItemSelected',
    provoke: shows('information', () => openOverlays().run('renameSnapshot')),
    cause: /^Select a recording or snapshot/,
    where: /in the Overlays view/,
    remedy: /^Select/,
  },
  {
    message: 'extension/infoFailed',
    provoke: (t) => {
      const sandbox = new Sandbox(t);
      return expands(sandbox.path(sandbox.write('notes.rr', 'a text')));
    },
    cause: /cannot be read as a recording/,
    where: /notes\.rr/,
    remedy: /Set "rrfile" to a recording/,
  },
  {
    message: 'extension/notOfRecording',
    provoke: shows('error', deletesDuringQuestion),
    cause: /no longer belongs to this recording and was not deleted/,
    where: /hd0\.qcow2 /,
    remedy: /Check what has changed, then repeat the command/,
  },
  {
    message: 'extensionStart/pageTexts.notLocal',
    provoke: () => opensPage({ scheme: 'git', fsPath: '/old/boot.rr', path: '/old/boot.rr' }),
    cause: /can be opened only from the local file system/,
    where: /\/old\/boot\.rr/,
    remedy: /Save the file to a local folder and open it there/,
  },
];
