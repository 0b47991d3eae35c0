/** With --overwrite a new recording replaces the old recording and its overlays. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { optionsOf } from '../support/cli.ts';
import { DEMO, fresh, TIMER } from './freshScene.ts';
import { recorded } from './recordedScene.ts';

suite('--overwrite', { concurrency: 2 }, () => {
  test('--overwrite replaces recording and overlay, and a replay uses the new recording', async (t) => {
    const sandbox = recorded.copy(t);
    const before = sandbox.fingerprint(['disk.img']);
    const { position, digest } = (await sandbox.record(DEMO, '--overwrite')).ended(1, 'guestFailed');
    const replayed = (await sandbox.replay(DEMO)).ended(1, 'guestFailed');
    assert.deepEqual([replayed.position, replayed.digest], [position, digest]);
    assert.deepEqual(sandbox.fingerprint(['disk.img']), before);
  });

  test('--overwrite replaces a state-only image', async (t) => {
    const sandbox = recorded.copy(t);
    const session = { ...TIMER, rrfile: 'timer.rr' };
    const { digest } = (await sandbox.record(session, '--overwrite', '--stop-at', '1000')).ended(0, 'stopAt');
    assert.equal((await sandbox.replay(session)).ended(0, 'endOfRecording').digest, digest);
  });

  test('--overwrite replaces the overlay of a run', async (t) => {
    const sandbox = recorded.copy(t);
    const args = ['run', ...optionsOf(DEMO), '--stop-at', '1000'];
    assert.equal((await sandbox.cli(args)).refused(2).code, 'overlay-exists');
    (await sandbox.cli([...args, '--overwrite'])).ended(0, 'stopAt');
  });

  test('--overwrite has no effect if no file exists yet', async (t) => {
    const sandbox = fresh.copy(t);
    (await sandbox.record(TIMER, '--overwrite')).ended(0, 'powerOff');
    (await sandbox.replay(TIMER)).ended(0, 'powerOff');
  });
});
