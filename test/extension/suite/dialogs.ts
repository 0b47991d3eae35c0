import assert from 'node:assert/strict';
import fs from 'node:fs';
import { setup, suite, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import type { Api } from '../../../extension/main.ts';
import type { TreeNode } from '../../../extension/overlays/treeModel.ts';
import { demo, folder, TestSession, until } from './session.ts';

/**
 * The extension asks for confirmation before it replaces or deletes files. VS Code shows no dialogs during tests, so
 * the tests supply the answers. VS Code focuses the first button, so the first button must be harmless.
 */
export function dialogs(): void {
  suite('before files are replaced or deleted', () => {
    let session: TestSession;
    let asked: Asked[];
    let answer: (question: string) => string | undefined;
    const { showWarningMessage } = vscode.window;
    setup(() => {
      session = new TestSession();
      asked = [];
      const listen = (question: string, { detail }: vscode.MessageOptions, ...buttons: string[]) => {
        asked.push({ question, detail: detail ?? '', buttons });
        return Promise.resolve(answer(question));
      };
      Object.assign(vscode.window, { showWarningMessage: listen });
    });
    teardown(async () => {
      Object.assign(vscode.window, { showWarningMessage });
      await session.dispose();
      fs.rmSync(at('mine.qcow2'), { force: true });
    });

    test('restarting asks for confirmation, keeps both recordings by default, and replaces only files made by blkreplay', async () => {
      // VS Code does not call the configuration provider again when it restarts a session from launch.json.
      assert.ok(await vscode.debug.startDebugging(folder(), demo().name));
      await session.stopped();
      const before = fs.readFileSync(at(RRFILE));
      answer = () => 'Replace';
      const from = session.messages.length;
      await vscode.commands.executeCommand('workbench.action.debug.restart');
      await session.stopped(from);
      assert.deepEqual(
        asked.map(({ buttons }) => buttons),
        [['Keep Both', 'Replace']],
      );
      assert.notDeepEqual(fs.readFileSync(at(RRFILE)), before, 'it was recorded again');
    });

    test("if the overlay's path is that of a user's file, the session is refused and the file is kept", async () => {
      fs.writeFileSync(at('mine.qcow2'), 'mine');
      answer = () => 'Replace';
      const drives = [{ ...demo().drives[0], overlay: 'mine.qcow2' }];
      await session.start(demo({ drives, overwrite: 'ask' })).then(undefined, () => {});
      const refusal = () =>
        session.messages.find((one) => 'command' in one && one.command === 'launch' && 'success' in one);
      await until('it is refused', () => refusal() !== undefined);
      assert.match(
        JSON.stringify(refusal()),
        /mine\.qcow2 would be overwritten, but it is not an overlay that blkreplay created/,
      );
      assert.equal(fs.readFileSync(at('mine.qcow2'), 'utf8'), 'mine');
    });

    test('deleting a copy of a recording keeps the files that the copy names', async () => {
      assert.ok(await session.start(demo()));
      await session.stopped();
      await vscode.debug.stopDebugging();
      const copy = at(RRFILE.replace('demo.rr', 'copy.rr'));
      fs.copyFileSync(at(RRFILE), copy);
      answer = () => 'Delete';
      await vscode.commands.executeCommand('blkreplay.deleteRecording', await recording('copy'));
      assert.deepEqual(
        [copy, at(RRFILE), at(OVERLAY)].map((file) => fs.existsSync(file)),
        [false, true, true],
      );
    });

    test('the dialog for deleting a recording keeps it by default; Delete also deletes its own files', async () => {
      assert.ok(await session.start(demo()));
      await session.stopped();
      await vscode.debug.stopDebugging();
      const node = await recording();
      for (const none of ['Keep', undefined]) {
        answer = () => none;
        await vscode.commands.executeCommand('blkreplay.deleteRecording', node);
        assert.ok(fs.existsSync(at(RRFILE)));
      }
      assert.deepEqual(asked[0].buttons, ['Keep', 'Delete']);
      assert.ok(
        asked[0].detail.includes('demo-hd0.qcow2') && !asked[0].detail.includes('empty.qcow2'),
        asked[0].detail,
      );
      answer = () => 'Delete';
      await vscode.commands.executeCommand('blkreplay.deleteRecording', node);
      assert.deepEqual(
        [RRFILE, OVERLAY, 'empty.qcow2'].map((file) => fs.existsSync(at(file))),
        [false, false, true],
      );
      assert.ok(asked.every(({ buttons }) => buttons[0] === 'Keep'));
    });
  });
}

interface Asked {
  question: string;
  detail: string;
  buttons: string[];
}

const RRFILE = '.blkreplay/demo.rr';
const OVERLAY = '.blkreplay/demo-hd0.qcow2';
const at = (file: string) => vscode.Uri.joinPath(folder().uri, file).fsPath;

async function recording(name = 'demo'): Promise<TreeNode> {
  const { exports } = vscode.extensions.getExtension<Api>('blkreplay.blkreplay')!;
  let found: TreeNode | undefined;
  for (let tries = 300; !found && tries > 0; tries--) {
    found = (await exports.overlays.tree()).find(
      ({ context, label }) => context === 'recording' && label.endsWith(`${name}.rr`),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(found, 'the recording is in the view');
  return found;
}
