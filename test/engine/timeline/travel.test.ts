/** Any jump in time leads to the recorded state, both while recording and in a replay, with any memory budget. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { TRAVEL_BUDGET, type TravelBudget } from '../../../debug-adapter/engine/timeline/travelBudget.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, digestsOnTheWay, KERNEL, type Scene, stageOf } from './travelSupport.ts';
import { some, times } from '../../support/extent.ts';

/** Budgets small enough that snapshots are soon evicted; each budget hits a different limit. */
const BUDGETS: Record<string, TravelBudget> = {
  'two snapshots': { ...TRAVEL_BUDGET, snapshots: 2 },
  '256 KiB of memory': { ...TRAVEL_BUDGET, memoryBytes: 256 << 10 },
  'no scratch bytes': { ...TRAVEL_BUDGET, scratchBytes: 0 },
};

const SCENES = [
  ['the demo', DEMO],
  ['a kernel with processes', KERNEL],
] as const;
const JUMPS = times({ quick: 6, long: 150 }, 'TRAVEL_JUMPS');

/** Records a scene without interruption; returns the timeline, and the digests at random positions. */
function recorded(scene: Scene, t: TestContext, upTo = Infinity) {
  const random = SeededRandom.forTest(t);
  const stage = stageOf(scene, t);
  const timeline = stage.record();
  // The positions are distributed over the whole run. The length of the run was measured beforehand.
  const length = scene === DEMO ? 84_000_000 : 76_000_000;
  const span = Math.min(length, upTo);
  const positions = Array.from({ length: 60 }, () => random.below(span));
  const digests = digestsOnTheWay(timeline, positions);
  return { random, stage, timeline, positions, digests };
}

for (const [name, scene] of some(SCENES, 1)) {
  describe(name, () => {
    test('while recording, any jump gives the recorded state, and the recording continues after it', (t) => {
      const { random, timeline, positions, digests } = recorded(scene, t, 40_000_000);
      const travel = timeline.travel!;
      const liveEnd = timeline.position;
      const presentDigest = timeline.digest();
      for (let i = 0; i < JUMPS; i++) {
        const target = random.pick(positions);
        complete(travel.seekTo(target));
        assert.equal(timeline.digest(), digests.get(target), `jump ${i} to ${target}`);
      }
      complete(travel.seekTo(liveEnd));
      assert.equal(travel.isAtLiveEnd, true);
      assert.equal(timeline.digest(), presentDigest);
      assert.equal(timeline.advance(liveEnd + 5_000_000), undefined);
      complete(travel.seekTo(positions[0]));
      const end = timeline.advance(Infinity);
      assert.ok(end, "from history it continues past the live end to the guest's end");
      timeline.close(end);
    });

    test('in a new replay, any jump gives the recorded state, even past the farthest position that the replay has reached', (t) => {
      const { random, stage, timeline, positions, digests } = recorded(scene, t);
      const end = timeline.advance(Infinity)!;
      const last = timeline.position;
      const lastDigest = timeline.digest();
      timeline.close(end);
      const replay = stage.replay();
      for (let i = 0; i < JUMPS; i++) {
        const target = random.pick(positions);
        complete(replay.travel!.seekTo(target));
        assert.equal(replay.digest(), digests.get(target), `jump ${i} to ${target}`);
      }
      assert.deepEqual(replay.advance(Infinity), end);
      assert.equal(replay.position, last);
      assert.equal(replay.digest(), lastDigest);
      replay.close(end);
    });

    for (const [how, budget] of some(Object.entries(BUDGETS), 0)) {
      test(`with a budget of ${how}, jumps and reverse runs give the recorded states, in a replay and while recording`, (t) => {
        const { random, stage, timeline, positions, digests } = recorded(scene, t, 40_000_000);
        timeline.close(timeline.advance(Infinity)!);
        const replay = stage.replay({ travelBudget: budget });
        jumpWithin(replay, budget, { random, positions, digests });
        replay.close({ reason: 'interrupted' });
        const live = stageOf(scene, t).record({ travelBudget: budget });
        live.advance(40_000_000);
        jumpWithin(live, budget, { random, positions, digests });
        live.close({ reason: 'interrupted' });
      });
    }
  });
}

function jumpWithin(
  timeline: MachineTimeline,
  budget: TravelBudget,
  { random, positions, digests }: Pick<ReturnType<typeof recorded>, 'random' | 'positions' | 'digests'>,
): void {
  const travel = timeline.travel!;
  const never = { breakpoints: new Set([0xdead_0000n]), watchpoints: [] };
  for (let i = 0; i < JUMPS / 5; i++) {
    const target = random.pick(positions);
    complete(travel.seekTo(target));
    assert.equal(timeline.digest(), digests.get(target), `jump ${i} to ${target}`);
    let asked = 0;
    travel.arm(never);
    if (random.chance(0.3)) travel.pause.resume(travel.backward(), () => asked++ > 3);
    const { memoryBytes, snapshots } = travel.cost;
    assert.ok(memoryBytes <= budget.memoryBytes || snapshots === 1, `jump ${i}: ${memoryBytes} bytes`);
    assert.ok(snapshots <= budget.snapshots, `jump ${i}: ${snapshots} snapshots`);
  }
}
