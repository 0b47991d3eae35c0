import assert from 'node:assert/strict';
import { setup, suite, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import type { Api } from '../../../extension/main.ts';
import { demo, TestSession } from './session.ts';

/** What the Overlays view shows, by way of the extension's exports: labels of a line and of what is in it. */
export function overlays(): void {
  suite('the Overlays view', () => {
    let session: TestSession;
    setup(() => void (session = new TestSession()));
    teardown(() => session.dispose());

    test('shows drives, snapshots and the place of a session, and the recording when it is over', async () => {
      assert.ok(await session.start(demo()));
      await session.stopped();
      const [root] = await tree();
      assert.equal(root.label, demo().name);
      assert.match(root.description, /^record · \.blkreplay.demo\.rr$/);
      const labels = root.children.map(({ label }) => label);
      assert.deepEqual([labels[0], labels[1], labels.at(-1)], ['hd0', 'replay_init', 'You are here']);
      const files = root.children[0].children.map(({ label }) => label.replaceAll('\\', '/'));
      assert.deepEqual(files, ['.blkreplay/demo-hd0.qcow2', 'empty.qcow2']);

      await session.session.customRequest('blkreplay/takeSnapshot', { name: 'the end' });
      const [withSnapshot] = await tree();
      const taken = withSnapshot.children.find(({ label }) => label === 'the end');
      assert.equal(taken?.context, 'snapshot.session.named');

      await vscode.debug.stopDebugging();
      const [recording] = await untilRecorded();
      assert.match(recording.label, /demo\.rr$/);
      assert.ok(recording.children.some(({ label }) => label === 'the end'));
    });
  });
}

function tree() {
  const { exports } = vscode.extensions.getExtension<Api>('blkreplay.blkreplay')!;
  return exports.overlays.tree();
}

/** The session goes a little after it was stopped. */
async function untilRecorded() {
  for (let tries = 600; ; tries--) {
    const nodes = await tree();
    if (nodes[0]?.context === 'recording' || tries === 0) return nodes;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
