/** A rebuilt kernel does not affect a replay, which uses and can write out the recorded one. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Workplace } from '../support/cli.ts';
import { guest } from '../support/guests.ts';

const HELLO = readFileSync(guest('small/hello'));

test('a replay reports that the kernel at its path has changed, and replays the recorded one', async (t) => {
  const place = new Workplace(t);
  const session = { kernel: place.write('kernel.elf', HELLO) };
  const { console } = await place.record(session);
  assert.doesNotMatch((await place.replay(session)).stderr, /differs/);
  place.write('kernel.elf', readFileSync(guest('small/fail')));
  const replay = await place.replay(session);
  assert.equal(replay.console, console);
  assert.equal(replay.status, 0);
  const said = replay.stderr.split('\n').filter((line) => line.includes('differs'));
  assert.deepEqual(said, [
    'blkreplay: kernel.elf differs from the recorded kernel. The replay uses the recorded one and its symbols. ' +
      'Record again to debug the new one.',
  ]);
  rmSync(place.path('kernel.elf'));
  const without = await place.replay(session);
  assert.deepEqual([without.status, without.console], [0, console]);
  assert.doesNotMatch(without.stderr, /differs/);
});

test('symbols writes the kernel as it was recorded', async (t) => {
  const place = new Workplace(t);
  await place.record({ kernel: place.write('kernel.elf', HELLO) });
  place.write('kernel.elf', 'another');
  const outcome = await place.cli(['symbols', 'a.rr'], { through: ['sh', '-c', '"$@" > recorded.elf', 'sh'] });
  assert.equal(outcome.status, 0, outcome.stderr);
  assert.deepEqual(place.read('recorded.elf'), HELLO);
  const refused = await place.cli(['symbols', 'kernel.elf']);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /kernel\.elf is not a Linux Image with a symbol table/);
});
