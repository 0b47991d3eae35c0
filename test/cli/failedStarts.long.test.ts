/** A start or command that fails at any point leaves all files as they were. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { optionsOf, type Session, type Workplace } from '../support/cli.ts';
import { DEMO, fresh, recorded, TIMER } from './recordedScene.ts';

const TWO: Session = {
  ...TIMER,
  rrfile: 'deep/er/a.rr',
  drives: [
    { image: 'disk.img', overlay: 'deep/a.qcow2' },
    { image: 'disk.img', overlay: 'deep/er/b.qcow2' },
  ],
};
const STARTS = 25;

suite('with a limit on file sizes', { concurrency: 2 }, () => {
  test(`${STARTS} failed starts leave nothing behind, and the next start succeeds`, async (t) => {
    const place = fresh.copy(t);
    const before = place.fingerprint();
    for (let start = 0; start < STARTS; start++) {
      // The recording has 24 KiB, the first overlay 49.
      await failing(place, ['record', ...optionsOf(TWO), '--stop-at', '1000'], 2 * start);
      assert.deepEqual(place.fingerprint(), before, `start ${start}`);
    }
    (await place.record(TWO, '--stop-at', '1000')).ended(0, 'stopAt');
  });

  test('a failed start over an existing recording leaves it unchanged', async (t) => {
    const place = recorded.copy(t);
    const before = place.fingerprint();
    for (const kib of [0, 4, 40, 56]) {
      await failing(place, ['record', ...optionsOf(DEMO), '--overwrite', '--stop-at', '1000'], kib);
      assert.deepEqual(place.fingerprint(), before, `${kib} KiB`);
    }
    for (const kib of [0, 8, 24, 40]) {
      const timer = { ...TIMER, rrfile: 'timer.rr' };
      await failing(place, ['record', ...optionsOf(timer), '--overwrite', '--stop-at', '1000'], kib);
      assert.deepEqual(place.fingerprint(), before, `${kib} KiB`);
    }
    (await place.replay(DEMO)).ended(0, 'endOfRecording');
  });

  test('failed commands that create files leave nothing behind', async (t) => {
    const place = recorded.copy(t);
    assert.equal((await place.cli(['pack', 'a.rr', '--into', 'a.pack'])).status, 0);
    for (const words of [
      'overlay create deep/er/o.qcow2 --base disk.img --format raw',
      'pack a.rr --into deep/er/a.pack',
      'pack a.rr --into a.pack --overwrite',
      'unpack a.pack --into deep/er',
    ]) {
      const before = place.fingerprint();
      for (const kib of [0, 1, 4, 8]) {
        await failing(place, [...words.split(' '), '--json'], kib);
        assert.deepEqual(place.fingerprint(), before, `${words}: ${kib} KiB`);
      }
    }
  });
});

test('files left by a killed start do not block the next one', async (t) => {
  const place = fresh.copy(t);
  for (let round = 0; round < 8; round++) {
    const running = place.start(['record', ...optionsOf(TWO), '--overwrite', '--stop-at', '1000']);
    await new Promise((resolve) => setTimeout(resolve, 120 + 25 * round));
    running.kill('SIGKILL');
    await running.end;
    if (place.exists('deep/er/a.rr')) assert.equal((await place.cli(['info', 'deep/er/a.rr'])).status, 0);
    (await place.record(TWO, '--overwrite', '--stop-at', '1000')).ended(0, 'stopAt');
    assert.deepEqual(fs.readdirSync(place.path('deep')).sort(), ['a.qcow2', 'er']);
    assert.deepEqual(fs.readdirSync(place.path('deep/er')).sort(), ['a.rr', 'b.qcow2']);
    fs.rmSync(place.path('deep'), { recursive: true });
  }
});

async function failing(place: Workplace, args: readonly string[], kib: number): Promise<void> {
  const through = ['bash', '-c', `ulimit -f ${kib}; exec "$@"`, 'bash'];
  const { message } = (await place.cli(args, { through })).refused(4);
  assert.match(message, /^(Writing|Opening) \S+ failed: EFBIG/);
}
