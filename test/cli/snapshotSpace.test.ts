/** Automatic snapshots stay within their disk-space limit, and blkreplay reports how many have been deleted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { writingGuest } from '../support/writingGuest.ts';

const SPACING = 1 << 24;

test('if the snapshots use up --snapshot-space, every other one is deleted, and the commands and the editor say so', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('writing.elf', writingGuest());
  const record = ['record', '--kernel', 'writing.elf', '--rrfile', 'a.rr', '--all-snapshots', '--memory', '16M'];
  const extent = ['--stop-at', `${5.5 * SPACING}`];
  const { stderr } = await sandbox.cli([...record, ...extent, '--snapshot-space', '6M']);
  assert.deepEqual(stderr.match(/The automatic snapshots have used up their disk space of 6M\./g)?.length, 1, stderr);
  const info = JSON.parse((await sandbox.cli(['info', 'a.rr', '--json'])).console);
  const deleted = info.entries.snapshot - info.snapshots.length;
  assert.ok(deleted > 0);
  assert.equal(info.deletedSnapshots, deleted);
  const { console: text } = await sandbox.cli(['info', 'a.rr']);
  assert.ok(text.includes(` (${deleted} automatic snapshots deleted)\n`), text);

  const dap = new DapClient(t);
  await dap.start({ rr: 'replay', cwd: sandbox.folder, rrfile: 'a.rr', stopOnEntry: true });
  assert.equal((await dap.request('blkreplay/overview')).deletedSnapshots, deleted);
});
