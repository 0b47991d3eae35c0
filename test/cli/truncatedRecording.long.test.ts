/** A truncated recording replays up to the last position that is completely recorded. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SeededRandom } from '../support/seededRandom.ts';
import { DEMO } from './freshScene.ts';
import { firstEventsOf, recorded } from './recordedScene.ts';

suite('a recording with a missing tail', () => {
  test('a recording with a missing tail replays to the last position that is completely recorded', async (t) => {
    const random = SeededRandom.forTest(t);
    const sandbox = recorded.copy(t);
    const whole = sandbox.read('a.rr');
    for (let round = 0; round < 5; round++) {
      const from = firstEventsOf(sandbox, 'a.rr') + 100;
      sandbox.cut('a.rr', from + random.below(whole.length - from));
      const { complete, lastPosition } = JSON.parse((await sandbox.cli(['info', 'a.rr', '--json'])).console);
      assert.equal(complete, false);
      const replayed = await sandbox.replay(DEMO);
      const { digest, position } = replayed.ended(0, 'endOfRecording');
      assert.equal(position, lastPosition);
      const ran = await sandbox.run(DEMO, '--stop-at', String(position));
      assert.deepEqual([digest, replayed.console], [ran.summary.digest, ran.console]);
      sandbox.write('a.rr', whole);
    }
  });
});
