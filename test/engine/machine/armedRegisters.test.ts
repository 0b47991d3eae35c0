/** Trap points and register points stop at exactly the steps that single-stepping finds, in the same machine state. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { csrNumber, isWatchable } from '../../../debug-adapter/engine/isa/csrs.ts';
import { bootElf } from '../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { TEST_DEVICE_VALUES } from '../../../debug-adapter/engine/machine/devices/testDevice.ts';
import { MachineInspector } from '../../../debug-adapter/engine/machine/machineInspector.ts';
import type {
  RegisterHit,
  RegisterPoint,
  StepHit,
  StopPoints,
  Trap,
} from '../../../debug-adapter/engine/target/stopPoints.ts';
import { some, times } from '../../support/extent.ts';
import { guest } from '../../support/guests.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { a, assemble } from './cpu/assembler.ts';
import { type BareMachine, bareMachine, digestOf, machineWith } from './cpu/bareMachine.ts';
import { minimalElf } from './cpu/minimalElf.ts';
import { randomImage } from './cpu/randomProgram.ts';
import { eventsOf } from './singleSteps.ts';

const FIRST = { stopsAtStart: true };
const NONE: StopPoints = { breakpoints: new Set(), watchpoints: [] };
const EVERY_CAUSE = new Set(Array.from({ length: 16 }, (_, cause) => cause));
const TRAPS = [{ id: 7, exceptions: EVERY_CAUSE, interrupts: EVERY_CAUSE }];

const CSRS = ['mstatus', 'mepc', 'mcause', 'fcsr', 'fflags', 'satp', 'mip', 'sstatus', 'sip', 'mscratch', 'scause'];

/** In each guest, the comparison begins at a random position below this one. */
const LENGTHS: Record<string, number> = {
  'kernel/oslet': 3_000_000,
  'small/traps': 100_000,
  'small/csr': 50_000,
  'small/sv39': 200_000,
  'harts/harts': 2_000_000,
};

/** Functions that choose random register points, each for one hart or for all harts. */
const POINTS: Record<string, (random: SeededRandom, harts: number) => RegisterPoint[]> = {
  CSRs: (random, harts) =>
    Array.from({ length: 3 }, (_, id) => ({
      ...{ id, what: { kind: 'csr', number: csrNumber(random.pick(CSRS)) } as const, hart: anyHart(random, harts) },
    })),
  'integer registers': (random, harts) =>
    Array.from({ length: 1 + random.below(6) }, (_, id) => ({
      ...{ id, what: { kind: 'register', register: random.below(32) } as const, hart: anyHart(random, harts) },
    })),
  'registers of all kinds': (random, harts) => [
    { id: 0, what: { kind: 'float', register: random.below(32) }, hart: anyHart(random, harts) },
    { id: 1, what: { kind: 'register', register: random.below(32) }, hart: anyHart(random, harts) },
    { id: 2, what: { kind: 'csr', number: csrNumber(random.pick(CSRS)) }, hart: anyHart(random, harts) },
  ],
};

const anyHart = (random: SeededRandom, harts: number): number | undefined =>
  random.chance(0.5) ? undefined : random.below(harts);

/** A tested guest: a random program, or a program with interrupts, paging or several harts. */
interface Guest {
  name: string;
  /** Creates a machine and runs it to the position `from`. */
  start: (translationThreshold?: number) => BareMachine;
  from: number;
  until: number;
}

/** The number of steps that are compared in each guest. */
const STEPS = times({ quick: 300, long: 100_000 });

function boot(elf: Uint8Array, options: { harts?: number; translationThreshold?: number }): BareMachine {
  const disk = new RawImage(new MemoryFile('disk.img', new Uint8Array(4 << 20)), { writable: true });
  const drives = [new BlkreplayFilter({ id: 'hd0', device: disk, log: NULL_REQUEST_LOG })];
  const machine = bareMachine({ memoryBytes: 32 << 20, drives, ...options });
  bootElf(machine, { kernel: { name: 'guest', bytes: elf } });
  return machine;
}

function guests(random: SeededRandom, harts: number): Guest[] {
  const kind = random.pick(['general', 'paging', 'blocks'] as const);
  const { elf, blocks } = randomImage(random, { blocks: 12, units: 100, iterations: 30, kind });
  const named = harts === 1 ? ['kernel/oslet', 'small/csr', 'small/sv39', 'small/traps'] : ['harts/harts'];
  const block = random.pick(blocks).address;
  return [
    guestOf(`a random ${kind} program`, elf, harts, (machine) => {
      machine.setStopPoints({ ...NONE, breakpoints: new Set([block]) });
      machine.run(500_000);
    }),
    ...some(named, 1).map((name) =>
      guestOf(name, readFileSync(guest(name)), harts, (machine) => void machine.run(random.below(LENGTHS[name]))),
    ),
  ];
}

/** The comparison begins at the position to which `search` runs a machine. */
function guestOf(name: string, elf: Uint8Array, harts: number, search: (machine: BareMachine) => void): Guest {
  const whole = boot(elf, { harts });
  search(whole);
  const from = whole.position;
  const start = (translationThreshold?: number): BareMachine => {
    const machine = boot(elf, { harts, translationThreshold });
    machine.run(from);
    return machine;
  };
  return { name, start, from, until: from + STEPS };
}

/** Checks that a run without stop points has the same digest at each of the positions. */
function checkStates(start: Guest['start'], found: Map<number, bigint>): void {
  const machine = start();
  for (const [position, digest] of found) {
    machine.run(position);
    assert.equal(machine.position, position);
    assert.equal(digestOf(machine), digest, `the state at ${position}`);
  }
}

for (const harts of some([1, 4], 1)) {
  suite(`${harts} harts`, () => {
    test('trap points stop the run before the step that takes the trap', (t) => {
      const random = SeededRandom.forTest(t);
      for (const { name, start, until } of guests(random, harts)) {
        const expected = eventsOf(start(), until, []).traps;
        const machine = start(2);
        machine.setStopPoints({ ...NONE, traps: TRAPS });
        const found: { position: number; trap: Trap }[] = [];
        const digests = new Map<number, bigint>();
        for (let stop = machine.run(until, undefined, FIRST); stop.kind === 'trap'; stop = machine.run(until)) {
          assert.deepEqual(stop.ids, [7]);
          found.push({ position: machine.position, trap: stop.trap });
          if (random.chance(10 / expected.length)) digests.set(machine.position, digestOf(machine));
        }
        assert.deepEqual(found, expected, name);
        checkStates(start, digests);
      }
    });

    for (const [kind, points] of some(Object.entries(POINTS).reverse(), 1)) {
      test(`register points on ${kind} stop the run after each step that changes a watched register`, (t) => {
        const random = SeededRandom.forTest(t);
        for (const { name, start, until } of guests(random, harts)) {
          const registers = points(random, harts);
          const expected = eventsOf(start(), until, registers).registers;
          const machine = start(2);
          machine.setStopPoints({ ...NONE, registers });
          const found: RegisterHit[] = [];
          const digests = new Map<number, bigint>();
          for (let stop = machine.run(until); stop.kind === 'hit'; stop = machine.run(until)) {
            for (const hit of stop.hits) {
              assert.equal(hit.position, machine.position - 1);
              found.push(hit as RegisterHit);
            }
            if (random.chance(10 / expected.length)) digests.set(machine.position, digestOf(machine));
          }
          assert.deepEqual(found, expected, name);
          checkStates(start, digests);
        }
      });
    }
  });
}

test('a hit condition reads the hart that executed the step, even if that was the last step of its quantum', () => {
  const loop = assemble(['loop', a.addi(8, 8, 1), a.nop, a.to('loop', (offset) => a.jal(0, offset))]);
  const machine = boot(minimalElf(loop, 0x8000_0000n), { harts: 2 });
  const inspector = new MachineInspector(machine);
  const others = new Set<number>();
  const hitCondition = (hits: StepHit[]): StepHit[] => {
    for (const hit of hits) {
      assert.ok(hit.kind === 'register');
      assert.equal(inspector.hart, hit.hart, `the step at ${hit.position}`);
      assert.equal(inspector.register(8), hit.newValue);
      if (machine.currentHart !== hit.hart) others.add(hit.hart);
    }
    return [];
  };
  machine.setStopPoints({ ...NONE, registers: [registerPoint(1, 8)], hitCondition });
  machine.run(100_001);
  assert.deepEqual([...others].sort(), [0, 1], 'quanta of both harts end with a hit');
  assert.equal(inspector.hart, machine.currentHart, 'between runs, inspectors show the current hart');
});

const registerPoint = (id: number, register: number): RegisterPoint => ({ id, what: { kind: 'register', register } });

test('a register write by the debugger counts as a change, and the next run reports it', () => {
  const machine = machineWith([a.nop, a.nop, a.nop]);
  machine.setStopPoints({ ...NONE, registers: [registerPoint(1, 5), registerPoint(2, 6)] });
  machine.run(1);
  machine.inject({ kind: 'registerWrite', register: 5, value: 7n });
  const hit = { kind: 'register', id: 1, hart: 0, oldValue: 0n, newValue: 7n, position: 1 };
  assert.deepEqual(machine.run(10), { kind: 'hit', hits: [hit] });
  assert.equal(machine.position, 2);
  // If a state is loaded before the next run, the change is not reported.
  const state = machine.saveState();
  machine.inject({ kind: 'registerWrite', register: 6, value: 7n });
  machine.loadState(state);
  assert.equal(machine.run(3).kind, 'reached');
});

test('a reset changes the registers of all harts in one step', () => {
  const code = assemble([
    a.csrr(5, csrNumber('mhartid')),
    a.to('others', (offset) => a.bne(5, 0, offset)),
    ...[a.li(6, 0x10_0000), a.li(7, TEST_DEVICE_VALUES.reset), a.li(9, 20_000)],
    'wait',
    a.addi(9, 9, -1),
    a.to('wait', (offset) => a.bne(9, 0, offset)),
    a.sw(7, 0, 6),
    'others',
    a.addi(8, 0, 1),
    a.wfi,
    a.to('others', (offset) => a.jal(0, offset)),
  ]);
  const machine = boot(minimalElf(code, 0x8000_0000n), { harts: 2 });
  machine.run(20_000);
  machine.setStopPoints({ ...NONE, registers: [registerPoint(1, 6), registerPoint(2, 8)] });
  const stop = machine.run(100_000);
  assert.ok(stop.kind === 'hit');
  assert.deepEqual(
    stop.hits.map((hit) => hit.kind === 'register' && [hit.id, hit.hart, hit.oldValue, hit.newValue]),
    [
      [1, 0, 0x10_0000n, 0n],
      [2, 1, 1n, 0n],
    ],
  );
});

test('counters and the time cannot be watched', () => {
  const names = ['cycle', 'time', 'instret', 'mcycle', 'minstret', 'hpmcounter3', 'mhpmcounter31'];
  for (const name of names) assert.equal(isWatchable(csrNumber(name)), false, name);
  for (const name of [...CSRS, 'mcountinhibit', 'mhpmevent3', 'stimecmp']) {
    assert.equal(isWatchable(csrNumber(name)), true, name);
  }
});
