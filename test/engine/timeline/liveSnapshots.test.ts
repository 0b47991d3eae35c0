/** Snapshots left by forward runs give the recorded states, disks included, and shorten moves back from the end. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { ScratchLayer } from '../../../debug-adapter/engine/block/scratchLayer.ts';
import { diskFull } from '../../../debug-adapter/messages/host.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { ALWAYS, NEVER } from '../../support/snapshotPaces.ts';
import { DEMO, digestsOnTheWay, stageOf } from './travelSupport.ts';

const LIVE_END = 60_000_000;
const SPACING = 1 << 22;

// Without automatic snapshots, every cached snapshot is based on the first one.
for (const [name, pace] of Object.entries({ 'no automatic snapshots': NEVER, 'automatic snapshots': ALWAYS })) {
  test(`with ${name}, jumps from the live end and back give the recorded states`, (t) => {
    const random = SeededRandom.forTest(t);
    const positions = Array.from({ length: 30 }, () => random.below(LIVE_END));
    const digests = digestsOnTheWay(stageOf(DEMO, t).record(), [...positions, LIVE_END]);
    const timeline = stageOf(DEMO, t).record({ pace, cachePace: ALWAYS });
    const travel = timeline.travel!;
    for (let liveEnd = LIVE_END / 4; liveEnd <= LIVE_END; liveEnd += LIVE_END / 4) {
      timeline.advance(liveEnd);
      const atLiveEnd = timeline.digest();
      for (let i = 0; i < 5; i++) {
        const position = random.pick(positions.filter((each) => each < liveEnd));
        complete(travel.seekTo(position));
        assert.equal(timeline.digest(), digests.get(position), `${position} from ${liveEnd}`);
      }
      complete(travel.seekTo(liveEnd));
      assert.equal(timeline.digest(), atLiveEnd);
    }
    assert.equal(timeline.digest(), digests.get(LIVE_END));
    timeline.close(timeline.advance(Infinity)!);
  });
}

test('the first move back from the live end replays at most the distance between two snapshots', (t) => {
  const timeline = stageOf(DEMO, t).record({ pace: NEVER, cachePace: ALWAYS });
  timeline.advance(LIVE_END);
  const replayed = stepsOf(timeline, () => complete(timeline.travel!.seekTo(LIVE_END - 1)), t);
  assert.ok(replayed <= SPACING, `${replayed} steps`);
  timeline.abandon();
});

test('in a replay, a forward run leaves snapshots as well', (t) => {
  const stage = stageOf(DEMO, t);
  const recording = stage.record({ pace: NEVER });
  recording.close(recording.advance(LIVE_END) ?? { reason: 'interrupted' });
  const replay = stage.replay({ cachePace: ALWAYS });
  replay.advance(LIVE_END - 1000);
  const replayed = stepsOf(replay, () => complete(replay.travel!.seekTo(LIVE_END - 1001)), t);
  assert.ok(replayed <= SPACING, `${replayed} steps`);
  replay.abandon();
});

test('deleting the snapshot on which the mirrored disk is based keeps every state correct', (t) => {
  const timeline = stageOf(DEMO, t).record({ pace: NEVER, cachePace: ALWAYS });
  const [at, deletedAt, end] = [20_000_000, 30_000_000, 40_000_000];
  const digests = digestsOnTheWay(stageOf(DEMO, t).record(), [at, deletedAt - 1, end - 1, end]);
  timeline.advance(at - 1_000_000);
  timeline.snapshots.take('base');
  timeline.advance(deletedAt);
  timeline.snapshots.delete(timeline.snapshots.named('base').id);
  for (const position of [deletedAt - 1, at]) {
    complete(timeline.travel!.seekTo(position));
    assert.equal(timeline.digest(), digests.get(position), `${position}`);
  }
  timeline.advance(end);
  for (const position of [end - 1, end]) {
    complete(timeline.travel!.seekTo(position));
    assert.equal(timeline.digest(), digests.get(position), `${position}`);
  }
  timeline.abandon();
});

test('if the scratch file cannot be written, the recording continues and only the snapshots are given up', (t) => {
  const digests = digestsOnTheWay(stageOf(DEMO, t).record(), [LIVE_END - 1, LIVE_END]);
  const timeline = stageOf(DEMO, t).record({ pace: NEVER, cachePace: ALWAYS });
  timeline.advance(LIVE_END / 2);
  const full = t.mock.method(ScratchLayer.prototype, 'write', () => {
    throw diskFull('hd0.scratch');
  });
  timeline.advance(LIVE_END);
  assert.ok(full.mock.callCount() === 1, 'the mirror is given up at the first failure');
  full.mock.restore();
  assert.equal(timeline.digest(), digests.get(LIVE_END));
  complete(timeline.travel!.seekTo(LIVE_END - 1));
  assert.equal(timeline.digest(), digests.get(LIVE_END - 1));
  timeline.abandon();
});

/** The number of steps that the machine executes during a move. */
function stepsOf(timeline: MachineTimeline, move: () => void, t: TestContext): number {
  let steps = 0;
  const { machine } = timeline;
  const run = machine.run.bind(machine);
  const mocked = t.mock.method(machine, 'run', (...options: Parameters<typeof run>) => {
    const before = machine.position;
    const stop = run(...options);
    steps += machine.position - before;
    return stop;
  });
  move();
  mocked.mock.restore();
  return steps;
}
