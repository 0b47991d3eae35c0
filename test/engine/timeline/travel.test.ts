import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, digestsOnTheWay, KERNEL, type Scene, stageOf } from './travelSupport.ts';

const JUMPS = Number(process.env.TRAVEL_JUMPS ?? 150);

/** The straight run's digests at random positions of a scene, and a timeline that has recorded it. */
function recorded(scene: Scene, t: TestContext, upTo = Infinity) {
  const random = SeededRandom.forTest(t);
  const stage = stageOf(scene, t);
  const timeline = stage.record();
  // Positions over the whole run, found by a first look at how long it is.
  const length = scene === DEMO ? 84_000_000 : 76_000_000;
  const span = Math.min(length, upTo);
  const positions = Array.from({ length: 60 }, () => random.below(span));
  const digests = digestsOnTheWay(timeline, positions);
  return { random, stage, timeline, positions, digests };
}

for (const [name, scene] of [
  ['the demo', DEMO],
  ['a kernel with processes', KERNEL],
] as const) {
  describe(name, () => {
    test('while recording: any jump gives the straight run’s state, and recording goes on after it', (t) => {
      const { random, timeline, positions, digests } = recorded(scene, t, 40_000_000);
      const travel = timeline.travel!;
      const present = timeline.position;
      const presentDigest = timeline.digest();
      for (let i = 0; i < JUMPS; i++) {
        const target = random.pick(positions);
        travel.seekTo(target);
        assert.equal(timeline.digest(), digests.get(target), `jump ${i} to ${target}`);
      }
      travel.seekTo(present);
      assert.equal(travel.isPresent, true);
      assert.equal(timeline.digest(), presentDigest);
      assert.equal(timeline.advance(present + 5_000_000), undefined);
      travel.seekTo(positions[0]);
      const end = timeline.advance(Infinity);
      assert.ok(end, 'from the past it goes on through the present to the guest’s end');
      timeline.close(end);
    });

    test('in a fresh replay: any jump, past the furthest point too', (t) => {
      const { random, stage, timeline, positions, digests } = recorded(scene, t);
      const end = timeline.advance(Infinity)!;
      const last = timeline.position;
      const lastDigest = timeline.digest();
      timeline.close(end);
      const replay = stage.replay();
      for (let i = 0; i < JUMPS; i++) {
        const target = random.pick(positions);
        replay.travel!.seekTo(target);
        assert.equal(replay.digest(), digests.get(target), `jump ${i} to ${target}`);
      }
      assert.deepEqual(replay.advance(Infinity), end);
      assert.equal(replay.position, last);
      assert.equal(replay.digest(), lastDigest);
      replay.close(end);
    });
  });
}
