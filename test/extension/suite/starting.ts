import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setup, suite, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { offerBuildTask } from '../../../extension/configuration/offerBuildTask.ts';
import type { Api } from '../../../extension/main.ts';
import { demo, folder, nameOf, TestSession, until } from './session.ts';

/**
 * How a session starts: commands that need a session offer a way to start one, recording again keeps the earlier files,
 * and recordings, packs, links and an earlier session are replayed. VS Code shows no dialogs during tests, so the tests
 * supply the answers.
 */
export function starting(): void {
  suite('starting', () => {
    let session: TestSession;
    let shown: Shown[];
    let answer: (shown: Shown) => string | undefined;
    const { showInformationMessage, showWarningMessage, showErrorMessage, showQuickPick } = vscode.window;
    setup(() => {
      session = new TestSession();
      shown = [];
      answer = () => undefined;
      const listen = (text: string, ...more: unknown[]) => {
        const [options] = more.filter((one): one is vscode.MessageOptions => typeof one === 'object');
        const message = { text, detail: options?.detail, buttons: more.filter((one) => typeof one === 'string') };
        shown.push(message);
        return Promise.resolve(answer(message));
      };
      Object.assign(vscode.window, {
        ...{ showInformationMessage: listen, showWarningMessage: listen, showErrorMessage: listen },
      });
    });
    teardown(async () => {
      Object.assign(vscode.window, { showInformationMessage, showWarningMessage, showErrorMessage, showQuickPick });
      await session.dispose();
    });

    test('each command without a session says what is missing, in one sentence with a button', async () => {
      const { packageJSON } = vscode.extensions.getExtension('blkreplay.blkreplay')!;
      const tried: string[] = packageJSON.contributes.commands
        .filter(({ enablement }: { enablement?: string }) => enablement !== 'false')
        .map(({ command }: { command: string }) => command)
        .filter((command: string) => !WITHOUT_SESSION.includes(command));
      assert.ok(tried.length > 10);
      for (const command of tried) {
        shown = [];
        await vscode.commands.executeCommand(command);
        await until(`${command} says something`, () => shown.length > 0);
        assert.match(shown[0].text, /^[A-Z].*\.$/, command);
        assert.equal(shown[0].buttons.length, 1, command);
      }
    });

    test('recording again keeps the earlier files; they are replaced only after two explicit answers', async () => {
      assert.ok(await session.start(demo()));
      await session.stopped();
      await stop();
      const before = fs.readFileSync(at(RRFILE));
      assert.ok(await session.start(demo()));
      await stop();
      assert.deepEqual(
        shown.map(({ text, buttons }) => [text.replaceAll('\\', '/'), buttons]),
        [
          [
            '.blkreplay/demo.rr already exists and is kept. This session records to .blkreplay/demo-2.rr, .blkreplay/demo-hd0-2.qcow2.',
            ['Show Overlays', 'Replace Earlier Files...'],
          ],
        ],
      );
      assert.deepEqual(fs.readFileSync(at(RRFILE)), before);
      assert.ok(fs.existsSync(at('.blkreplay/demo-2.rr')) && fs.existsSync(at('.blkreplay/demo-hd0-2.qcow2')));

      answer = ({ buttons }) => buttons.at(-1);
      const from = session.messages.length;
      assert.ok(await session.start(demo()));
      const isReplaced = () => fs.existsSync(at(RRFILE)) && !fs.readFileSync(at(RRFILE)).equals(before);
      await until('the earlier recording is replaced', isReplaced);
      await session.stopped(from);
      assert.deepEqual(shown.at(-1)!.buttons, ['Keep Both', 'Replace'], 'the focused button keeps both');
      assert.ok(fs.existsSync(at('.blkreplay/demo-2.rr')));
    });

    test('opening a recording shows it and starts nothing', async () => {
      await record(session);
      const messages = session.messages.length;
      await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(at(RRFILE)));
      const input = () => vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      await until('the page is open', () => input() instanceof vscode.TabInputCustom);
      assert.equal((input() as vscode.TabInputCustom).viewType, 'blkreplay.recording');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal(session.messages.length, messages, 'no session was started');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    test('a link replays a recording at a position after the user has confirmed', async () => {
      await record(session);
      const link = (parameters: Record<string, string>) =>
        vscode.Uri.parse(`${LINK}?${new URLSearchParams(parameters).toString()}`);
      const from = session.messages.length;
      await api().start.openLink(link({ recording: at(RRFILE), position: '1200' }));
      assert.equal(session.messages.length, from, 'the user declined');
      assert.ok(shown[0].detail?.includes(at(RRFILE)), 'the full path is shown');
      await api().start.openLink(link({ recording: 'demo.rr' }));
      assert.match(shown[1].text, /not an absolute path/);

      answer = ({ buttons }) => buttons[0];
      await api().start.openLink(link({ recording: at(RRFILE), position: '1200' }));
      await stoppedAt(session, 1200, from);
    });

    test('a pack is unpacked to a new folder and replayed', async () => {
      await record(session);
      const pack = at('.blkreplay/case.pack');
      const cli = path.join(vscode.extensions.getExtension('blkreplay.blkreplay')!.extensionPath, 'dist/cli.js');
      const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
      execFileSync(process.execPath, [cli, 'pack', RRFILE, '--into', pack], { cwd: folder().uri.fsPath, env });
      Object.assign(vscode.window, { showQuickPick: ([first]: unknown[]) => Promise.resolve(first) });
      const from = session.messages.length;
      await api().start.unpackAndReplay(pack);
      await session.stopped(from);
      assert.equal(session.session.configuration.rrfile, at('.blkreplay/case/recording.rr'));
      assert.ok(
        shown.some(({ text }) => text.includes(at('.blkreplay/case'))),
        'the user is told where the files are',
      );
    });

    test('the last session can be resumed as a replay, at the position where it was', async () => {
      assert.ok(await session.start(demo()));
      await session.stopped();
      await session.session.customRequest('blkreplay/goTo', { position: 5000 });
      await stoppedAt(session, 5000);
      await stop();
      const from = session.messages.length;
      await vscode.commands.executeCommand('blkreplay.resumeReplay');
      await stoppedAt(session, 5000, from);
      assert.equal(session.session.configuration.rr, 'replay');
    });

    test('a task that builds the folder is offered; an existing tasks.json is used, and never changed', async () => {
      const [makefile, tasks] = [at('Makefile'), at('.vscode/tasks.json')];
      let offered: vscode.QuickPickItem[] = [];
      const pick = (index: number) =>
        Object.assign(vscode.window, {
          showQuickPick: (items: vscode.QuickPickItem[]) => Promise.resolve((offered = items)[index]),
        });
      try {
        pick(0);
        assert.equal(await offerBuildTask(folder()), undefined);
        assert.equal(offered.length, 0, 'nothing here shows how the folder is built');
        fs.writeFileSync(makefile, '');
        pick(1);
        assert.equal(await offerBuildTask(folder()), undefined, 'the user declined');
        assert.equal(fs.existsSync(tasks), false);
        pick(0);
        assert.equal(await offerBuildTask(folder()), 'build');
        assert.equal(offered[0].label, 'Run "make"');
        const own = JSON.stringify({
          version: '2.0.0',
          tasks: [{ label: 'all', type: 'shell', command: 'x', group: 'build' }],
        });
        fs.writeFileSync(tasks, own);
        const known = () => JSON.stringify(vscode.workspace.getConfiguration('tasks', folder()).get('tasks'));
        await until('the editor has read tasks.json', () => /"all"/.test(known()));
        assert.equal(await offerBuildTask(folder()), 'all');
        assert.equal(fs.readFileSync(tasks, 'utf8'), own);
      } finally {
        for (const file of [makefile, tasks]) fs.rmSync(file, { force: true });
      }
    });

    test('settings of the editor are defaults, and launch.json takes precedence', async () => {
      const settings = vscode.workspace.getConfiguration('blkreplay');
      const changed = { console: 'debugConsole', snapshotMemory: '64M', symbolCache: false, overwrite: 'never' };
      for (const [name, value] of Object.entries(changed)) await settings.update(name, value, TARGET);
      try {
        assert.ok(await session.start(demo({ snapshotMemory: '1G' })));
        await session.stopped();
        const launch = session.messages.find((message) => nameOf(message) === 'request launch');
        const { arguments: given } = launch as unknown as { arguments: object };
        assert.deepEqual({ ...given, ...changed, snapshotMemory: '1G' }, given);
      } finally {
        for (const name of Object.keys(changed)) await settings.update(name, undefined, TARGET);
      }
    });
  });
}

interface Shown {
  text: string;
  detail?: string;
  buttons: string[];
}

/** The commands that do not need a session. */
const WITHOUT_SESSION = [
  ...['blkreplay.openSample', 'blkreplay.refreshOverlays', 'blkreplay.importQemu', 'blkreplay.openDocumentation'],
];
const RRFILE = '.blkreplay/demo.rr';
const LINK = 'vscode://blkreplay.blkreplay/open';
const TARGET = vscode.ConfigurationTarget.Workspace;
const at = (file: string) => path.join(folder().uri.fsPath, file);
const api = () => vscode.extensions.getExtension<Api>('blkreplay.blkreplay')!.exports;

async function record(session: TestSession): Promise<void> {
  const from = session.messages.length;
  assert.ok(await session.start(demo()));
  await session.stopped(from);
  await stop();
}

async function stop(): Promise<void> {
  await vscode.debug.stopDebugging();
  await until('no session runs', () => vscode.debug.activeDebugSession === undefined);
}

/** Waits until the adapter has reported this position; ignores the first `from` messages. */
async function stoppedAt(session: TestSession, position: number, from = 0): Promise<void> {
  const isThere = (message: object) => {
    const { event, body } = message as { event?: string; body?: { position: number; isRunning: boolean } };
    return event === 'blkreplay/place' && body?.position === position && !body.isRunning;
  };
  await until(`it is at ${position}`, () => session.messages.slice(from).some(isThere));
}
