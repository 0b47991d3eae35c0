import { test, type TestContext } from 'node:test';
import { Sandbox } from '../cli.ts';
import { some, times } from '../extent.ts';
import { SeededRandom } from '../seededRandom.ts';
import { stopPointGuest } from './guest.ts';
import { History } from './history.ts';
import type { Hit, TestPoint } from './oracle.ts';

/** Random stop points, and all hits of these points in a guest's history. */
export interface Expected {
  points: TestPoint[];
  hits: Hit[];
}

const PROGRAMS = times({ quick: 1, long: 50 }, 'BLKREPLAY_STOP_PROGRAMS');

/**
 * Tests that random guests on 1 and 4 harts stop where single-stepping finds hits. The first guest has the seed of the
 * test, so setting BLKREPLAY_SEED to the seed of a failed guest repeats that guest. If BLKREPLAY_SEED is set, the test
 * also prints each guest's stop points.
 */
export function testRandomPrograms(
  choose: (random: SeededRandom, history: History) => Expected,
  compare: (t: TestContext, history: History, expected: Expected) => Promise<void>,
): void {
  for (const harts of some([1, 4], 1)) {
    test(`random programs on ${harts} hart(s) stop where single-stepping finds hits`, async (t) => {
      const random = SeededRandom.forTest(t);
      for (let i = 0; i < PROGRAMS; i++) {
        const seed = i === 0 ? random.seed : random.uint32();
        await t.test(`program ${seed}`, async (t) => {
          const own = new SeededRandom(seed);
          const history = new History(new Sandbox(t), { elf: stopPointGuest(own, harts), harts });
          const expected = choose(own, history);
          if (process.env.BLKREPLAY_SEED) t.diagnostic(expected.points.map(described).join('\n'));
          await compare(t, history, expected);
        });
      }
    });
  }
}

const described = (point: TestPoint): string =>
  JSON.stringify(point, (_, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));
