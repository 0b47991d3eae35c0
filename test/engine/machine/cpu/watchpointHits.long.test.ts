/** In many random programs, watchpoints report exactly the accesses and changes that single-stepping finds. */
import { test } from 'node:test';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { compareHits } from './randomWatchpoints.ts';

const ROUNDS = Math.max(12, Math.ceil(Number(process.env.FUZZ_ROUNDS ?? 3000) / 5000));

for (const harts of [1, 4]) {
  for (const isPaged of [false, true]) {
    test(`${harts} harts, addresses ${isPaged ? 'translated' : 'untranslated'}: hits match single-stepping`, (t) => {
      compareHits(SeededRandom.forTest(t), { harts, isPaged, rounds: ROUNDS, steps: 4000 });
    });
  }
}
