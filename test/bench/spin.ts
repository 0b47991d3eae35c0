import path from 'node:path';
import { blkreplay, median } from './processes.ts';

const GUESTS = path.resolve(import.meta.dirname, '../guests/spin');
/**
 * How each guest waits for its lock. All guests are compared with the first one, which waits in a loop around a load.
 */
const WAYS = {
  load: 'a load',
  swap: 'amoswap (spinlock)',
  cas: 'LR, SC when free',
  ticket: 'amoadd, load, fence, pause (ticket lock)',
  counter: 'LR and SC (counter)',
};
const STEPS = 4_000_000_000;
/** The number of steps during which the process starts up and translates the loop. These steps are not counted. */
const STEPS_AT_START = 10_000_000;
const TARGET = 1 / 3;

/**
 * Measures the cost of waiting for a lock, on one hart and on two. In each of `pairs` rounds, every guest in
 * test/guests/spin runs once, for a fixed number of steps.
 */
export function measureSpin(pairs: number): void {
  console.log(`\nwaiting for a lock, median of ${pairs} pairs; ratios: how many times as fast as a loop over a load`);
  for (const harts of [1, 2]) {
    const rates = rateOfEach(harts, pairs);
    for (const [way, what] of Object.entries(WAYS)) {
      const ratio = median(rates[way].map((rate, i) => rate / rates.load[i]));
      const wanted = way === 'load' ? '' : `  ${ratio.toFixed(2)}  (wanted: at least ${TARGET.toFixed(2)})`;
      console.log(
        `${`${what}, ${harts} ${harts === 1 ? 'hart' : 'harts'}`.padEnd(52)} ${median(rates[way]).toFixed(0).padStart(6)} MIPS${wanted}`,
      );
    }
  }
}

function rateOfEach(harts: number, pairs: number): Record<string, number[]> {
  const rates: Record<string, number[]> = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
  for (let pair = 0; pair < pairs; pair++) {
    for (const way of Object.keys(WAYS)) rates[way].push(rateOf(way, harts));
  }
  return rates;
}

/** Millions of steps per second, not counting process startup. */
function rateOf(way: string, harts: number): number {
  const run = (steps: number): number =>
    blkreplay(['run', '--kernel', path.join(GUESTS, `${way}.elf`), '--harts', `${harts}`, '--stop-at', `${steps}`]);
  const atStart = run(STEPS_AT_START);
  return (STEPS - STEPS_AT_START) / (run(STEPS) - atStart) / 1e6;
}

if (import.meta.main) measureSpin(Number(process.argv[2] ?? 5));
