/** A failed start or command leaves all files as they were, no matter where it failed. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { optionsOf, type Session, type Sandbox } from '../support/cli.ts';
import { DEMO, fresh, TIMER } from './freshScene.ts';
import { recorded } from './recordedScene.ts';

const TWO: Session = {
  ...TIMER,
  rrfile: 'deep/er/a.rr',
  drives: [
    { image: 'disk.img', overlay: 'deep/a.qcow2' },
    { image: 'disk.img', overlay: 'deep/er/b.qcow2' },
  ],
};
const STARTS = 25;

suite('with a file size limit', { concurrency: 2 }, () => {
  test(`${STARTS} failed starts leave nothing behind, and the next start succeeds`, async (t) => {
    const sandbox = fresh.copy(t);
    const before = sandbox.fingerprint();
    for (let start = 0; start < STARTS; start++) {
      // Without a limit, the recording would be 24 KiB long and the first overlay 49 KiB.
      await failing(sandbox, ['record', ...optionsOf(TWO), '--stop-at', '1000'], 2 * start);
      assert.deepEqual(sandbox.fingerprint(), before, `start ${start}`);
    }
    (await sandbox.record(TWO, '--stop-at', '1000')).ended(0, 'stopAt');
  });

  test('a failed start over an existing recording leaves it unchanged', async (t) => {
    const sandbox = recorded.copy(t);
    const before = sandbox.fingerprint();
    for (const kib of [0, 4, 40, 56]) {
      await failing(sandbox, ['record', ...optionsOf(DEMO), '--overwrite', '--stop-at', '1000'], kib);
      assert.deepEqual(sandbox.fingerprint(), before, `${kib} KiB`);
    }
    for (const kib of [0, 8, 24, 40]) {
      const timer = { ...TIMER, rrfile: 'timer.rr' };
      await failing(sandbox, ['record', ...optionsOf(timer), '--overwrite', '--stop-at', '1000'], kib);
      assert.deepEqual(sandbox.fingerprint(), before, `${kib} KiB`);
    }
    (await sandbox.replay(DEMO)).ended(0, 'endOfRecording');
  });

  test('failed commands that create files leave nothing behind', async (t) => {
    const sandbox = recorded.copy(t);
    assert.equal((await sandbox.cli(['pack', 'a.rr', '--into', 'a.pack'])).status, 0);
    for (const words of [
      'overlay create deep/er/o.qcow2 --base disk.img --format raw',
      'pack a.rr --into deep/er/a.pack',
      'pack a.rr --into a.pack --overwrite',
      'unpack a.pack --into deep/er',
    ]) {
      const before = sandbox.fingerprint();
      for (const kib of [0, 1, 4, 8]) {
        await failing(sandbox, [...words.split(' '), '--json'], kib);
        assert.deepEqual(sandbox.fingerprint(), before, `${words}: ${kib} KiB`);
      }
    }
  });
});

test('files left behind by a killed start do not block the next one', async (t) => {
  const sandbox = fresh.copy(t);
  for (let round = 0; round < 8; round++) {
    const running = sandbox.start(['record', ...optionsOf(TWO), '--overwrite', '--stop-at', '1000']);
    await new Promise((resolve) => setTimeout(resolve, 120 + 25 * round));
    running.kill('SIGKILL');
    await running.end;
    if (sandbox.exists('deep/er/a.rr')) assert.equal((await sandbox.cli(['info', 'deep/er/a.rr'])).status, 0);
    (await sandbox.record(TWO, '--overwrite', '--stop-at', '1000')).ended(0, 'stopAt');
    assert.deepEqual(fs.readdirSync(sandbox.path('deep')).sort(), ['a.qcow2', 'er']);
    assert.deepEqual(fs.readdirSync(sandbox.path('deep/er')).sort(), ['a.rr', 'b.qcow2']);
    fs.rmSync(sandbox.path('deep'), { recursive: true });
  }
});

async function failing(sandbox: Sandbox, args: readonly string[], kib: number): Promise<void> {
  const through = ['bash', '-c', `ulimit -f ${kib}; exec "$@"`, 'bash'];
  const { message } = (await sandbox.cli(args, { through })).refused(4);
  assert.match(message, /^(Writing|Opening) \S+ failed: EFBIG/);
}
