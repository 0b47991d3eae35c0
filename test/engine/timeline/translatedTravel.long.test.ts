/** Translated code that is kept across jumps in time gives the same states as the interpreter.
 *
 * After a jump, regions are executed at positions other than those at which they were translated.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { SMALL_GUESTS } from '../../support/guests.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, digestsOnTheWay, KERNEL, type Scene, stageOf } from './travelSupport.ts';

const NEVER = 0;
const THRESHOLDS = [NEVER, 1, 2, 100, undefined];
const JUMPS = 25;

const SCENES: [name: string, scene: Scene][] = [
  ...SMALL_GUESTS.map((name): [string, Scene] => [
    name,
    { kernel: `test/guests/small/${name}.elf`, diskBytes: 4 << 20 },
  ]),
  ['the demo', DEMO],
  ['a kernel with processes', KERNEL],
];

for (const [name, scene] of SCENES) {
  test(`${name}: jumps give the same states, regardless of which code is translated`, (t) => {
    const random = SeededRandom.forTest(t);
    const stage = stageOf(scene, t);
    const timeline = stage.record();
    const end = timeline.advance(50_000_000) ?? ({ reason: 'interrupted' } as const);
    const length = timeline.position;
    timeline.close(end);
    const positions = Array.from({ length: JUMPS }, () => random.below(length));
    const straight = stage.replay({ translationThreshold: NEVER });
    const digests = digestsOnTheWay(straight, positions);
    straight.abandon();
    for (const translationThreshold of THRESHOLDS) {
      const replay = stage.replay({ translationThreshold });
      for (let jump = 0; jump < JUMPS; jump++) {
        const target = random.pick(positions);
        complete(replay.travel!.seekTo(target));
        assert.equal(
          replay.digest(),
          digests.get(target),
          `jump ${jump} to ${target}, threshold ${translationThreshold}`,
        );
      }
      replay.abandon();
    }
  });
}
