/** Natvis files in the `.vscode` folder of a trusted workspace are used without a setting. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { workspaceVisualizers } from '../../extension/configuration/workspaceVisualizers.ts';
import { Sandbox } from '../support/cli.ts';

test('only regular natvis files in the .vscode folders of a trusted workspace are used', (t) => {
  const sandbox = new Sandbox(t);
  const [one, other] = [sandbox.path('one'), sandbox.path('other')];
  for (const folder of [one, other]) fs.mkdirSync(path.join(folder, '.vscode', 'folder.natvis'), { recursive: true });
  const outside = sandbox.path(sandbox.write('outside.natvis', '<AutoVisualizer/>'));
  const written = ['b.natvis', 'A.NATVIS', 'settings.json'].map((name) => path.join(one, '.vscode', name));
  for (const file of written) fs.writeFileSync(file, '<AutoVisualizer/>');
  fs.symlinkSync(outside, path.join(other, '.vscode', 'link.natvis'));
  assert.deepEqual(workspaceVisualizers([one, other, sandbox.path('none')], true), [written[1], written[0]]);
  assert.deepEqual(workspaceVisualizers([one], false), []);
});
