/** Random loops of atomic instructions give the same results whether they are translated or interpreted.
 *
 * Digests, dirty pages and watchpoint hits match the interpreter's, regardless of which code is translated and where
 * runs are divided.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_SIZE_BYTES } from '../../../../debug-adapter/engine/base/quantities.ts';
import type { Watchpoint } from '../../../../debug-adapter/engine/target/stopPoints.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { assemble, assembleWithLabels, type Item } from './assembler.ts';
import { bareMachine, type BareMachine, START } from './bareMachine.ts';
import { ALL, map, PTE, startPaging } from './paging.ts';
import { type AtomicLoop, atomicLoop, DATA, DATA_PAGES, HANDLER, trapHandler } from './randomAtomics.ts';

interface Story {
  loops: AtomicLoop[];
  isPaged: boolean;
  /** The positions at which states are compared. */
  positions: number[];
  watchpoints: Watchpoint[];
}

for (const harts of [1, 2, 3]) {
  for (const isPaged of [false, true]) {
    test(`on ${harts} harts, addresses ${isPaged ? 'translated' : 'untranslated'}: the result matches the interpreter's`, (t) => {
      const random = SeededRandom.forTest(t);
      let translated = 0;
      for (let round = 0; round < ROUNDS; round++) {
        translated += compare(randomStory(random, { harts, isPaged }), random, round);
      }
      // If a loop traps or hits a watchpoint in every iteration, it may never be translated.
      assert.ok(translated > (ROUNDS * THRESHOLDS.length) / 2, `${translated} programs had translated code`);
    });
  }
}
const ROUNDS = Math.max(3, Math.ceil(Number(process.env.FUZZ_ROUNDS ?? 3000) / 5000));
const THRESHOLDS = [1, 3, 40];

function randomStory(random: SeededRandom, { harts, isPaged }: { harts: number; isPaged: boolean }): Story {
  const loops = Array.from({ length: harts }, (_, i) =>
    atomicLoop(random, { name: `hart${i}`, units: 5 + random.below(40), iterations: 600, isPaged }),
  );
  const end = 40_000 * harts;
  const positions = Array.from({ length: 8 }, () => random.below(end)).sort((x, y) => x - y);
  return {
    loops,
    isPaged,
    positions: [...positions, end],
    watchpoints: random.chance(0.4) ? [watchpoint(random)] : [],
  };
}

const watchpoint = (random: SeededRandom): Watchpoint => ({
  id: 1,
  address: DATA + 0x1000 * random.below(DATA_PAGES) + random.below(48) - 24,
  lengthBytes: 1 + random.below(8),
  access: random.pick(['read', 'write', 'readWrite']),
});

/**
 * Compares the results at each translation threshold with the interpreter's. Returns the number of thresholds at which
 * code was translated.
 */
function compare(story: Story, random: SeededRandom, round: number): number {
  const expected = follow(story, { threshold: 0 });
  let translated = 0;
  for (const threshold of THRESHOLDS) {
    const found = follow(story, { threshold, random });
    const what = `round ${round}, from ${threshold} arrivals on`;
    found.states.forEach((state, i) => assert.deepEqual(state, expected.states[i], `${what}, state ${i}`));
    if (found.regions > 0) translated++;
  }
  return translated;
}

/** Runs a program and returns its visible results. With `random`, the runs are divided into shorter ones. */
function follow({ positions, ...story }: Story, { threshold, random }: { threshold: number; random?: SeededRandom }) {
  const machine = machineOf(story, threshold);
  const states = positions.map((position, i) => {
    // Sets the watchpoint in the middle of the run, when the code that it affects is already hot.
    if (i === 3) machine.setStopPoints({ breakpoints: new Set(), watchpoints: story.watchpoints });
    const hits = runTo(machine, position, random);
    const dirtyPages: number[] = [];
    machine.ram.forEachDirtyPage((page) => dirtyPages.push(page));
    if (i % 2 === 0) machine.ram.clearSnapshotMarks();
    return { digest: machine.digestParts(), dirtyPages, hits };
  });
  return { states, regions: machine.hart.regionCount };
}

function runTo(machine: BareMachine, position: number, random: SeededRandom | undefined) {
  const hits: unknown[] = [];
  while (machine.position < position) {
    const slice = random ? 1 + random.below(random.pick([3, 100, 4000])) : position;
    const stop = machine.run(Math.min(position, machine.position + slice));
    if (stop.kind === 'hit') hits.push({ position: machine.position, ...stop });
    if (hits.length === HITS_ENOUGH) machine.setStopPoints({ breakpoints: new Set(), watchpoints: [] });
  }
  return hits;
}
// After this many hits, the watchpoints are removed. A hit ends a run, and code would never be translated if every run
// ended with a hit.
const HITS_ENOUGH = 300;

function machineOf({ loops, isPaged }: Omit<Story, 'positions'>, translationThreshold: number): BareMachine {
  const machine = bareMachine({ harts: loops.length, translationThreshold });
  const program: Item[] = loops.map((loop) => loop.program);
  const { bytes, addressOf } = assembleWithLabels(program);
  machine.ram.write(START, bytes);
  machine.ram.write(HANDLER, assemble(trapHandler()));
  loops.forEach(({ registers }, i) => {
    machine.harts.select(i, 0);
    if (isPaged) startPaging(machine);
    machine.hart.setSlot('PC', addressOf(`hart${i}`));
    machine.hart.setSlot('MTVEC', BigInt(HANDLER));
    for (const [register, value] of Object.entries(registers)) machine.hart.setRegister(Number(register), value);
  });
  machine.harts.select(0, 0);
  const accessed = PTE.A | PTE.D;
  for (let page = 0; page < DATA_PAGES; page++) map(machine, page, DATA + PAGE_SIZE_BYTES * page, ALL & ~accessed);
  return machine;
}
