/** `/chosen/rng-seed` is random in each session unless an option fixes it, and is stored in the recording. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RNG_SEED, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';

const KERNEL = guest('small/hello');

suite('rng-seed', () => {
  test('each recording generates and stores a seed: its replay is identical, other recordings differ', async (t) => {
    const sandbox = new Sandbox(t);
    const [a, b] = [await recorded(sandbox, 'a.rr'), await recorded(sandbox, 'b.rr')];
    for (const { seed } of [a, b]) assert.match(String(seed), /^[0-9a-f]{64}$/);
    assert.notEqual(a.seed, b.seed);
    assert.notEqual(a.digest, b.digest);
    const { digest } = (await sandbox.replay({ kernel: KERNEL, rrfile: 'a.rr' })).ended(0, 'powerOff');
    assert.equal(digest, a.digest);
    assert.match((await sandbox.cli(['info', 'a.rr'])).console, new RegExp(`rng-seed +${a.seed}`));
  });

  test('two recordings with the same given seed, or both without a seed, are bit-identical', async (t) => {
    const sandbox = new Sandbox(t);
    for (const [setting, seed] of [
      [RNG_SEED.toUpperCase(), RNG_SEED],
      ['none', null],
    ] as const) {
      const options = ['--rng-seed', setting, '--overwrite'];
      const [a, b] = [await recorded(sandbox, 'a.rr', ...options), await recorded(sandbox, 'b.rr', ...options)];
      assert.equal(a.seed, seed);
      assert.deepEqual(a, b);
      const run = await sandbox.cli(['run', '--kernel', KERNEL, '--rng-seed', setting, '--json']);
      assert.equal(run.ended(0, 'powerOff').digest, a.digest);
    }
  });

  test('a replay accepts only the recorded seed', async (t) => {
    const sandbox = new Sandbox(t);
    await recorded(sandbox, 'a.rr', '--rng-seed', RNG_SEED);
    const replay = (seed: string) => sandbox.replay({ kernel: KERNEL, rrfile: 'a.rr' }, '--rng-seed', seed);
    (await replay(RNG_SEED.toUpperCase())).ended(0, 'powerOff');
    for (const other of ['none', '0'.repeat(64)]) {
      const { message } = (await replay(other)).refused(2);
      assert.match(message, new RegExp(`rng seed: recorded ${RNG_SEED}, given ${other}`));
    }
  });
});

async function recorded(sandbox: Sandbox, rrfile: string, ...options: string[]) {
  const outcome = await sandbox.cli(['record', '--kernel', KERNEL, '--rrfile', rrfile, '--json', ...options]);
  const { digest, position } = outcome.ended(0, 'powerOff');
  const info = JSON.parse((await sandbox.cli(['info', rrfile, '--json'])).console);
  return { seed: info.machine.rngSeed as string | null, digest, position };
}
