/** A recording that was cut off replays up to the last complete point. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SeededRandom } from '../support/seededRandom.ts';
import { DEMO, firstEventsOf, recorded } from './recordedScene.ts';

suite('a recording with a missing tail', () => {
  test('replays to the last complete point', async (t) => {
    const random = SeededRandom.forTest(t);
    const place = recorded.copy(t);
    const whole = place.read('a.rr');
    for (let round = 0; round < 5; round++) {
      const from = firstEventsOf(place, 'a.rr') + 100;
      place.cut('a.rr', from + random.below(whole.length - from));
      const { complete, lastPosition } = JSON.parse((await place.cli(['info', 'a.rr', '--json'])).console);
      assert.equal(complete, false);
      const replayed = await place.replay(DEMO);
      const { digest, position } = replayed.ended(0, 'endOfRecording');
      assert.equal(position, lastPosition);
      const ran = await place.run(DEMO, '--stop-at', String(position));
      assert.deepEqual([digest, replayed.console], [ran.summary.digest, ran.console]);
      place.write('a.rr', whole);
    }
  });
});
