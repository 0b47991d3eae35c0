/** A machine with several harts has the same states in a recording, its history, replays and loaded snapshots. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { TimeTravel } from '../../../debug-adapter/engine/timeline/timeTravel.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { digestsOnTheWay, stageOf } from './travelSupport.ts';
import { times } from '../../support/extent.ts';

const HARTS = { kernel: 'test/guests/harts/harts.elf', diskBytes: 1 << 20 };
const JUMPS = times({ quick: 8, long: 60 }, 'TRAVEL_JUMPS');

for (const harts of [2, 4]) {
  suite(`${harts} harts`, () => {
    test('while recording, in the history and in a replay, every position has the recorded digest', (t) => {
      const { stage, timeline, positions, digests, random } = recorded(harts, t);
      jumps('live', timeline.travel!);
      const end = timeline.advance(Infinity)!;
      assert.equal(end.reason, 'powerOff');
      const last = { position: timeline.position, digest: timeline.digest() };
      timeline.close(end);
      const replay = stage.replay();
      jumps('replaying', replay.travel!, replay);
      assert.deepEqual(replay.advance(Infinity), end);
      assert.deepEqual({ position: replay.position, digest: replay.digest() }, last);
      replay.close(end);

      function jumps(when: string, travel: TimeTravel, on = timeline): void {
        for (let i = 0; i < JUMPS; i++) {
          const target = random.pick(positions);
          complete(travel.seekTo(target));
          assert.equal(on.digest(), digests.get(target), `${when}, jump ${i} to ${target}`);
        }
      }
    });
  });
}

test('a replay with a different number of harts is rejected', (t) => {
  const { stage, timeline } = recorded(2, t);
  timeline.close(timeline.advance(Infinity)!);
  stage.setup.harts = 3;
  assert.throws(() => stage.replay(), /harts: recorded 2, given 3/);
});

function recorded(harts: number, t: TestContext) {
  const random = SeededRandom.forTest(t);
  const stage = stageOf(HARTS, t);
  stage.setup.harts = harts;
  const timeline = stage.record();
  const positions = Array.from({ length: 40 }, () => random.below(2_200_000));
  return { random, stage, timeline, positions, digests: digestsOnTheWay(timeline, positions) };
}
