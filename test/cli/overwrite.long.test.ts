/** With --overwrite a new recording replaces the old recording and its overlays. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { optionsOf } from '../support/cli.ts';
import { DEMO, fresh, recorded, TIMER } from './recordedScene.ts';

suite('--overwrite', { concurrency: 2 }, () => {
  test('replaces recording and overlay, and the replay is of the new recording', async (t) => {
    const place = recorded.copy(t);
    const before = place.fingerprint(['disk.img']);
    const { position, digest } = (await place.record(DEMO, '--overwrite')).ended(1, 'guestFailed');
    const replayed = (await place.replay(DEMO)).ended(1, 'guestFailed');
    assert.deepEqual([replayed.position, replayed.digest], [position, digest]);
    assert.deepEqual(place.fingerprint(['disk.img']), before);
  });

  test('replaces a state-only image', async (t) => {
    const place = recorded.copy(t);
    const session = { ...TIMER, rrfile: 'timer.rr' };
    const { digest } = (await place.record(session, '--overwrite', '--stop-at', '1000')).ended(0, 'stopAt');
    assert.equal((await place.replay(session)).ended(0, 'endOfRecording').digest, digest);
  });

  test('replaces the overlay of a run', async (t) => {
    const place = recorded.copy(t);
    const args = ['run', ...optionsOf(DEMO), '--stop-at', '1000'];
    assert.equal((await place.cli(args)).refused(2).code, 'overlay-exists');
    (await place.cli([...args, '--overwrite'])).ended(0, 'stopAt');
  });

  test('is harmless when nothing exists yet', async (t) => {
    const place = fresh.copy(t);
    (await place.record(TIMER, '--overwrite')).ended(0, 'powerOff');
    (await place.replay(TIMER)).ended(0, 'powerOff');
  });
});
