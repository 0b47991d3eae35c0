/** Loops that wait for another hart are translated as a whole, and trap or stop as in the interpreter.
 *
 * A run enters the interpreter only once, instead of at each atomic instruction, FENCE or hint.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Translator } from '../../../../debug-adapter/engine/machine/cpu/translator/translator.ts';
import { a, ATOMICS, assemble, type Item } from './assembler.ts';
import { bareMachine, type BareMachine, digestOf, machineWith, START, steps, trapOf, words } from './bareMachine.ts';
import { ALL, map, startPaging, WINDOW } from './paging.ts';
import { PAUSE } from './randomAtomics.ts';

const LOCK = START + 0x2000;
const HANDLER = START + 0x1000;
const RUN_STEPS = 100_000;
const QUANTUM_STEPS = 10_000;

const SPIN_LOOPS: Record<string, Item[]> = {
  'test and set': ['again:', a.addi(6, 0, 1), ATOMICS['amoswap.w'](6, 6, 5), again(a.bne, 6, 0)],
  'test and set with acquire, sext.w and FENCE': [
    'again:',
    a.addi(7, 6, 0),
    ATOMICS['amoswap.w'](7, 7, 5) | (1 << 26),
    a.addiw(7, 7, 0),
    a.fence,
    again(a.bne, 7, 0),
  ],
  'test and test-and-set': [
    'again:',
    PAUSE,
    a.lw(7, 0, 5),
    again(a.bne, 7, 0),
    ATOMICS['amoswap.w'](7, 6, 5),
    again(a.bne, 7, 0),
  ],
  'a ticket lock': [
    'again:',
    ATOMICS['amoadd.w'](7, 6, 8),
    'wait:',
    a.lw(9, 0, 5),
    a.fence,
    a.to('wait', (offset) => a.bne(9, 7, offset)),
    a.j('again'),
  ],
  'compare and swap': ['again:', a.lrW(7, 5), again(a.bne, 7, 0), a.scW(9, 6, 5), again(a.bne, 9, 0)],
  'a counter with LR and SC': [
    'again:',
    a.lrD(7, 8),
    a.addi(7, 7, 1),
    a.scD(9, 7, 8),
    again(a.bne, 9, 0),
    a.j('again'),
  ],
  'a counter with an AMO': ['again:', ATOMICS['amoadd.d'](0, 6, 8), a.fenceI, a.j('again')],
};

function again(branch: typeof a.bne, x: number, y: number): Item {
  return a.to('again', (offset) => branch(x, y, offset));
}

for (const [name, program] of Object.entries(SPIN_LOOPS)) {
  test(`${name}: a run stays in translated code`, (t) => {
    const machine = spinning(program);
    // Translation happens between runs.
    for (let run = 0; run < 10; run++) steps(machine, 1000);
    const arrivals = arrivalsIn(t, () => steps(machine, RUN_STEPS));
    assert.ok(arrivals <= ARRIVALS_MAX, `${arrivals} arrivals`);
  });
  test(`${name}: runs stay in translated code with paging on and two harts that alternate by quantum`, (t) => {
    const machine = spinning(program, { harts: 2, isPaged: true });
    steps(machine, 20 * QUANTUM_STEPS);
    const quanta = 10;
    const arrivals = arrivalsIn(t, () => steps(machine, quanta * QUANTUM_STEPS));
    // Both harts have the same address space, so switching between them does not flush translations.
    assert.ok(arrivals <= quanta * ARRIVALS_MAX, `${arrivals} arrivals`);
  });
}

test('a run stays in translated code even if the lock and the code are in the same page', (t) => {
  for (const [name, program] of Object.entries(SPIN_LOOPS)) {
    const machine = spinning(program, { lock: START + 0x40 });
    for (let run = 0; run < 20; run++) steps(machine, 1000);
    const arrivals = arrivalsIn(t, () => steps(machine, RUN_STEPS));
    assert.ok(arrivals <= ARRIVALS_MAX, `${name}: ${arrivals} arrivals`);
    t.mock.restoreAll();
  }
});

/** A run uses the interpreter at its start, and at its end if too few steps remain for any block. */
const ARRIVALS_MAX = 8;

/** Returns the number of times that the interpreter jumped or execution left a region. */
function arrivalsIn(t: TestContext, act: () => void): number {
  // With a threshold of 1, each jump and each exit calls recordHot.
  const { mock } = t.mock.method(Translator.prototype, 'recordHot');
  act();
  return mock.callCount();
}

/** A machine whose harts wait for a held lock; x5 points to the lock and x8 to another word. */
function spinning(program: Item[], { harts = 1, isPaged = false, lock = LOCK } = {}): BareMachine {
  const machine = bareMachine({ harts, translationThreshold: 1 });
  machine.ram.write(START, assemble(program));
  machine.ram.write(lock, words(1n));
  for (let hart = 0; hart < harts; hart++) {
    machine.harts.select(hart, 0);
    machine.hart.setSlot('PC', BigInt(START));
    if (isPaged) startPaging(machine);
    const base = BigInt(isPaged ? WINDOW : lock);
    for (const [register, value] of [
      [5, base],
      [6, 1n],
      [8, base + 16n],
    ] as const)
      machine.hart.setRegister(register, value);
  }
  machine.harts.select(0, 0);
  if (isPaged) map(machine, 0, lock, ALL);
  return machine;
}

// --- traps and watchpoints --------------------------------------------------------------------------------------------

test('a watchpoint on the lock stops a spinning hart at each access, even in translated code', () => {
  const SPIN = SPIN_LOOPS['test and set'];
  for (const access of ['read', 'write', 'readWrite'] as const) {
    const machine = spinning(SPIN);
    steps(machine, 1000);
    const watchpoint = { id: 1, address: LOCK + 3, lengthBytes: 1, access };
    machine.setStopPoints({ breakpoints: new Set(), watchpoints: [watchpoint] });
    const stops = [1, 2, 3, 4].map(() => ({ kind: steps(machine, 1000).kind, position: machine.position }));
    // The loop has three instructions; the AMO is the second.
    assert.deepEqual(
      stops,
      [0, 1, 2, 3].map((i) => ({ kind: 'hit', position: 1001 + 3 * i })),
    );
    machine.setStopPoints({ breakpoints: new Set(), watchpoints: [] });
    assert.equal(steps(machine, 1000).kind, 'reached');
  }
});

test('a misaligned or out-of-RAM access in a hot loop traps with the cause for that instruction', () => {
  const RAM_END = START + (1 << 20);
  const cases: [name: string, instruction: number, at: number, cause: bigint][] = [
    ['amoadd.w', ATOMICS['amoadd.w'](6, 7, 5), LOCK + 2, 6n],
    ['amoadd.d', ATOMICS['amoadd.d'](6, 7, 5), LOCK + 4, 6n],
    ['lr.w', a.lrW(6, 5), LOCK + 1, 4n],
    ['lr.d', a.lrD(6, 5), LOCK + 4, 4n],
    ['sc.w', a.scW(6, 7, 5), LOCK + 2, 6n],
    ['amoadd.w', ATOMICS['amoadd.w'](6, 7, 5), RAM_END, 7n],
    ['lr.d', a.lrD(6, 5), RAM_END, 5n],
    ['lr.w', a.lrW(6, 5), START - 4, 5n],
    ['lr.w', a.lrW(6, 5), RAM_END - 3, 4n],
  ];
  for (const [name, instruction, at, cause] of cases) {
    const ends = [0, 1].map((translationThreshold) => {
      // Halfway through its iterations, the loop sets x5 to `at`.
      const body = [instruction, a.addi(12, 12, -1), a.bne(12, 13, 8), a.addi(5, 14, 0)];
      const machine = machineWith([...body, a.bne(12, 0, -16), a.jal(0, 0)], { translationThreshold });
      machine.ram.write(HANDLER, assemble([a.jal(0, 0)]));
      machine.hart.setSlot('MTVEC', BigInt(HANDLER));
      const registers = { 5: LOCK, 7: 1, 12: 200, 13: 100, 14: at };
      for (const [register, value] of Object.entries(registers))
        machine.hart.setRegister(Number(register), BigInt(value));
      for (let run = 0; run < 12; run++) steps(machine, 50);
      if (translationThreshold) assert.ok(machine.hart.regionCount > 0);
      return { ...trapOf(machine), digest: digestOf(machine) };
    });
    assert.deepEqual(ends[1], ends[0], `${name} at ${at.toString(16)}`);
    assert.deepEqual([ends[1].cause, ends[1].value], [cause, BigInt(at)], `${name} at ${at.toString(16)}`);
  }
});
