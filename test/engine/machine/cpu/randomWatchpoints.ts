import assert from 'node:assert/strict';
import type { Watchpoint, WatchHit } from '../../../../debug-adapter/engine/target/stopPoints.ts';
import type { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assemble, assembleWithLabels, type Item } from './assembler.ts';
import { bareMachine, type BareMachine, digestOf, START } from './bareMachine.ts';
import { ALL, leafAt, map, startPaging } from './paging.ts';
import { atomicLoop, DATA, DATA_PAGES, HANDLER, trapHandler } from './randomAtomics.ts';
import { hitsOfNextStep } from './watchOracle.ts';

const KINDS = ['read', 'write', 'readWrite', 'change'] as const;

interface ProgramOptions {
  harts: number;
  isPaged: boolean;
}

/**
 * Compares the hits of random watchpoints in random programs with the hits that single-stepping finds, without
 * translation and with two translation thresholds. The watchpoints are set once the code is hot; the programs then
 * execute `steps` steps on each hart.
 */
export function compareHits(random: SeededRandom, options: ProgramOptions & { rounds: number; steps: number }): void {
  const { harts, rounds, steps } = options;
  for (let round = 0; round < rounds; round++) {
    const open = randomMachine(random, options);
    const end = ARMED_AT + steps * harts;
    for (const access of KINDS) {
      const watchpoints = randomWatchpoints(random, { access, isPaged: options.isPaged });
      const expected = singleSteps(open(0), watchpoints, end);
      for (const threshold of [0, 1, 8]) {
        const found = runs(open(threshold), watchpoints, end);
        assert.deepEqual(found, expected, `round ${round}, ${access}, threshold ${threshold}`);
      }
    }
  }
}
const ARMED_AT = 2000;

/** Returns a function that creates a machine with a random program in which each hart has its own loop. */
function randomMachine(random: SeededRandom, { harts, isPaged }: ProgramOptions) {
  const loops = Array.from({ length: harts }, (_, i) =>
    atomicLoop(random, { name: `hart${i}`, units: 4 + random.below(12), iterations: 1000, isPaged }),
  );
  const zero = a.cboZero(9);
  const { bytes, addressOf } = assembleWithLabels(
    loops.map(({ program }): Item => {
      const [label, la1, la2, loop, ...rest] = program;
      return [label, la1, la2, loop, random.chance(0.5) ? zero : a.nop, ...rest];
    }),
  );
  return (translationThreshold: number): BareMachine => {
    const machine = bareMachine({ harts, translationThreshold });
    machine.ram.write(START, bytes);
    machine.ram.write(HANDLER, assemble(trapHandler()));
    loops.forEach(({ registers }, i) => {
      machine.harts.select(i, 0);
      if (isPaged) startPaging(machine);
      machine.hart.setSlot('PC', addressOf(`hart${i}`));
      machine.hart.setSlot('MTVEC', BigInt(HANDLER));
      machine.hart.setSlot('MENVCFG', 0xf0n);
      for (const [register, value] of Object.entries(registers)) machine.hart.setRegister(Number(register), value);
    });
    machine.harts.select(0, 0);
    for (let page = 0; page < DATA_PAGES; page++) map(machine, page, DATA + 0x1000 * page, ALL & ~0xc0);
    return machine;
  };
}

/** One or two watchpoints, each in the data (where it may cross a page boundary), in the code, or in the page table. */
function randomWatchpoints(random: SeededRandom, options: { access: Watchpoint['access']; isPaged: boolean }) {
  const { access, isPaged } = options;
  const address = (): number => {
    if (isPaged && random.chance(0.3)) return leafAt(random.below(DATA_PAGES)) + random.below(2);
    if (random.chance(0.2)) return START + random.below(256);
    return DATA + 0x1000 * random.below(DATA_PAGES) + random.below(64) - 24;
  };
  const one = (id: number): Watchpoint => ({ id, address: address(), lengthBytes: 1 + random.below(8), access });
  return random.chance(0.5) ? [one(1)] : [one(1), { ...one(2), access: random.pick(KINDS) }];
}

const shown = ({ id, access, position, oldBytes, newBytes }: WatchHit): string =>
  `${position}: ${id} ${access} ${oldBytes.join()} -> ${newBytes.join()}`;

function singleSteps(machine: BareMachine, watchpoints: Watchpoint[], end: number): string[] {
  machine.run(ARMED_AT);
  const hits: string[] = [];
  while (machine.position < end) hits.push(...hitsOfNextStep(machine, watchpoints).map(shown).sort());
  return [...hits, `digest ${digestOf(machine)}`];
}

function runs(machine: BareMachine, watchpoints: Watchpoint[], end: number): string[] {
  machine.run(ARMED_AT);
  machine.setStopPoints({ breakpoints: new Set(), watchpoints });
  const hits: string[] = [];
  while (machine.position < end) {
    const stop = machine.run(end);
    if (stop.kind !== 'hit') continue;
    assert.equal(machine.position, stop.hits[0].position + 1);
    hits.push(...stop.hits.map((hit) => shown(hit as WatchHit)).sort());
  }
  return [...hits, `digest ${digestOf(machine)}`];
}
