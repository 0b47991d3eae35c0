/** A rebuilt kernel does not affect a replay, because the recording contains the kernel that was recorded. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

const HELLO = readFileSync(guest('small/hello'));

test('a replay reports that the kernel file has changed since it was recorded, and replays the recorded kernel', async (t) => {
  const sandbox = new Sandbox(t);
  const session = { kernel: sandbox.write('kernel.elf', HELLO) };
  const { console } = await sandbox.record(session);
  assert.doesNotMatch((await sandbox.replay(session)).stderr, /differs/);
  sandbox.write('kernel.elf', readFileSync(guest('small/fail')));
  const replay = await sandbox.replay(session);
  assert.equal(replay.console, console);
  assert.equal(replay.status, 0);
  const output = replay.stderr.split('\n').filter((line) => line.includes('differs'));
  assert.deepEqual(output, [
    'blkreplay: kernel.elf differs from the recorded kernel. The replay uses the recorded one and its symbols. ' +
      'Record again to use the new one.',
  ]);
  rmSync(sandbox.path('kernel.elf'));
  const without = await sandbox.replay(session);
  assert.deepEqual([without.status, without.console], [0, console]);
  assert.doesNotMatch(without.stderr, /differs/);
});

longTest('the symbols command writes the recorded kernel, even if the kernel file has changed', async (t) => {
  const sandbox = new Sandbox(t);
  await sandbox.record({ kernel: sandbox.write('kernel.elf', HELLO) });
  sandbox.write('kernel.elf', 'another');
  const outcome = await sandbox.cli(['symbols', 'a.rr'], { through: ['sh', '-c', '"$@" > recorded.elf', 'sh'] });
  assert.equal(outcome.status, 0, outcome.stderr);
  assert.deepEqual(sandbox.read('recorded.elf'), HELLO);
  const refused = await sandbox.cli(['symbols', 'kernel.elf']);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /kernel\.elf is not a Linux Image with a symbol table/);
});
