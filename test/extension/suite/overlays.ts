import assert from 'node:assert/strict';
import { setup, suite, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import type { Api } from '../../../extension/main.ts';
import type { TreeNode } from '../../../extension/overlays/treeModel.ts';
import { demo, TestSession } from './session.ts';

/**
 * Checks the contents of the Overlays view, which are read through the extension's exports.
 */
export function overlays(): void {
  suite('the Overlays view', () => {
    let session: TestSession;
    setup(() => void (session = new TestSession()));
    teardown(() => session.dispose());

    test('shows a session’s drives, snapshots and position and, after the session has ended, its recording', async () => {
      assert.ok(await session.start(demo()));
      await session.stopped();
      const [root] = await treeWith(([first]) => first?.children.at(-1)?.label === 'You are here');
      assert.equal(root.label, demo().name);
      assert.match(root.description, /^record · \.blkreplay.demo\.rr$/);
      const labels = root.children.map(({ label }) => label);
      assert.deepEqual(labels.slice(0, 2), ['hd0', 'replay_init']);
      const files = root.children[0].children.map(({ label }) => label.replaceAll('\\', '/'));
      assert.deepEqual(files, ['.blkreplay/demo-hd0.qcow2', 'empty.qcow2']);

      await session.session.customRequest('blkreplay/takeSnapshot', { name: 'the end' });
      const isNamed = (node: TreeNode) => node.label === 'the end' && node.context === 'snapshot.session.named';
      await treeWith(([first]) => first.children.some(isNamed));

      await vscode.debug.stopDebugging();
      const [recording] = await treeWith(([first]) => first?.context === 'recording');
      assert.match(recording.label, /demo\.rr$/);
      assert.ok((await tree(recording)).some(({ label }) => label === 'the end'));
    });
  });
}

function tree(node?: TreeNode): Promise<TreeNode[]> {
  const { exports } = vscode.extensions.getExtension<Api>('blkreplay.blkreplay')!;
  return exports.overlays.tree(node);
}

/** Waits until the view shows the expected nodes, since it is updated with a delay. */
async function treeWith(isThere: (nodes: TreeNode[]) => boolean): Promise<TreeNode[]> {
  for (let tries = 600; ; tries--) {
    const nodes = await tree();
    if (isThere(nodes)) return nodes;
    assert.ok(tries > 0, JSON.stringify(nodes));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
