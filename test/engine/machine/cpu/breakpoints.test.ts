/** Conditional breakpoints stop at the same steps in translated and interpreted code, and do not slow other code. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ModuleBuilder } from '../../../../debug-adapter/engine/base/wasm/moduleBuilder.ts';
import { ArmedStopPoints } from '../../../../debug-adapter/engine/machine/armedStopPoints.ts';
import { bootElf } from '../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { MachineInspector } from '../../../../debug-adapter/engine/machine/machineInspector.ts';
import { evaluatePredicate, type Predicate } from '../../../../debug-adapter/engine/target/predicate.ts';
import { NO_STOP_POINTS, type StopPoints } from '../../../../debug-adapter/engine/target/stopPoints.ts';
import { longTest, times } from '../../../support/extent.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, type Item } from './assembler.ts';
import { type BareMachine, bareMachine, digestOf, machineWith, START, steps, words } from './bareMachine.ts';
import { ALL, pte, PTE, satp } from './paging.ts';
import { randomPredicate } from './randomPredicate.ts';
import { CODE } from './randomLayout.ts';
import { type RandomImage, randomImage } from './randomProgram.ts';

const OFF = 0;

const boot = (image: RandomImage, translationThreshold: number): BareMachine => {
  const machine = bareMachine({ memoryBytes: 128 << 20, translationThreshold });
  bootElf(machine, { kernel: { name: 'random', bytes: image.elf } });
  return machine;
};

/** The positions and addresses of all stops, and the digest of the state at the end. */
function stopsOf(machine: BareMachine, points: StopPoints): { stops: string[]; digest: bigint } {
  const stops: string[] = [];
  machine.setStopPoints(points);
  for (;;) {
    const stop = machine.run(200_000_000);
    if (stop.kind !== 'breakpoint') return { stops, digest: digestOf(machine) };
    stops.push(`${machine.position}: ${stop.pc.toString(16)}`);
  }
}

/** Up to `count` addresses that the program executes, taken at random steps. */
function executedAddresses(image: RandomImage, random: SeededRandom, count: number): bigint[] {
  const machine = boot(image, OFF);
  const seen = new Set<bigint>();
  while (seen.size < count) {
    if (machine.run(machine.position + 1 + random.below(3000)).kind !== 'reached') return [...seen];
    seen.add(machine.hart.slot('PC'));
  }
  return [...seen];
}

longTest(
  'random breakpoints with random conditions stop at the same positions, regardless of which code is translated',
  (t) => {
    const random = SeededRandom.forTest(t);
    for (let round = 0; round < times({ quick: 1, long: 20 }); round++) {
      const image = randomImage(random, { blocks: 8, units: 60, iterations: 40 });
      const breakpoints = new Set(executedAddresses(image, random, 25));
      const predicates = new Map<bigint, Predicate>();
      for (const address of breakpoints) if (random.chance(0.9)) predicates.set(address, randomPredicate(random, CODE));
      const points = { breakpoints, predicates, watchpoints: [] };
      const expected = stopsOf(boot(image, OFF), points);
      assert.ok(expected.stops.length > 0);
      for (const threshold of [1, 15]) {
        const machine = boot(image, threshold);
        assert.deepEqual(stopsOf(machine, points), expected, `round ${round}, with a threshold of ${threshold} jumps`);
      }
      // The stops are the same even if every condition is evaluated outside the generated code.
      const machine = boot(image, 15);
      const inspector = new MachineInspector(machine);
      const condition = (pc: bigint): boolean => {
        const predicate = predicates.get(pc);
        return !predicate || evaluatePredicate(predicate, inspector) !== 0n;
      };
      assert.deepEqual(stopsOf(machine, { breakpoints, watchpoints: [], condition }), expected, `round ${round}`);
    }
  },
);

const LOOPS = 200_000;
/**
 * The addresses of the loop's second instruction, of a location on the same page, and of a location on another page.
 */
const [SECOND, AFTER, FAR] = [START + 4, START + 0x100, START + 0x3000].map(BigInt);
/** A loop that counts x7 down and x11 up. */
const LOOP: Item[] = [a.addi(11, 11, 1), a.addi(12, 11, 3), a.addi(7, 7, -1), a.bne(7, 0, -12), a.jal(0, 0)];

const reaches = (value: number): Predicate => ({
  ...{ kind: 'binary', operator: 'eq', left: { kind: 'register', register: 11 } },
  right: { kind: 'constant', value: BigInt(value) },
});

function looping(points: StopPoints): BareMachine {
  const machine = machineWith(LOOP, { translationThreshold: 10 });
  machine.hart.setRegister(7, BigInt(LOOPS));
  machine.setStopPoints(points);
  return machine;
}

test('while the condition of a breakpoint is false, a hot loop evaluates it in translated code', (t) => {
  const asked = t.mock.method(ArmedStopPoints.prototype, 'atBreakpoint').mock;
  const predicates = new Map([[SECOND, reaches(LOOPS - 5)]]);
  const machine = looping({ breakpoints: new Set([SECOND]), predicates, watchpoints: [] });
  for (let i = 0; i < 10; i++) steps(machine, 1000);
  asked.resetCalls();
  assert.deepEqual(machine.run(Infinity), { kind: 'breakpoint', pc: SECOND });
  assert.equal(machine.hart.register(11), BigInt(LOOPS - 5));
  assert.ok(asked.callCount() < 100, `${asked.callCount()} calls`);
});

/** The WebAssembly modules into which the loop is translated while breakpoints are set at the given addresses. */
function modulesWith(t: TestContext, addresses: readonly bigint[]): Uint8Array[] {
  const { mock } = t.mock.method(ModuleBuilder.prototype, 'toBytes');
  const machine = looping({ breakpoints: new Set(addresses), watchpoints: [] });
  for (let i = 0; i < 10; i++) steps(machine, 1000);
  mock.restore();
  return mock.calls.map(({ result }) => result!);
}

test('a breakpoint does not change translated code that does not contain it', (t) => {
  const without = modulesWith(t, []);
  assert.ok(without.length > 0);
  assert.deepEqual(modulesWith(t, [FAR]), without);
  assert.deepEqual(modulesWith(t, [AFTER]), without);
  assert.notDeepEqual(modulesWith(t, [SECOND]), without);
});

test('code that was translated before a breakpoint was set is used again after it is removed', (t) => {
  const machine = looping(NO_STOP_POINTS);
  for (let i = 0; i < 10; i++) steps(machine, 1000);
  const before = machine.hart.regionCount;
  const { mock } = t.mock.method(ModuleBuilder.prototype, 'toBytes');
  for (let i = 0; i < 5; i++) {
    machine.setStopPoints({ breakpoints: new Set([SECOND]), watchpoints: [] });
    assert.equal(machine.run(Infinity).kind, 'breakpoint');
    machine.setStopPoints(NO_STOP_POINTS);
    steps(machine, 100);
  }
  assert.equal(machine.hart.regionCount, before);
  assert.equal(mock.callCount(), 0);
});

test('a loop runs correctly when its breakpoints change often', (t) => {
  const random = SeededRandom.forTest(t);
  const machine = looping(NO_STOP_POINTS);
  const addresses = [0, 4, 8, 12].map((offset) => BigInt(START + offset));
  const predicates = new Map(addresses.map((address) => [address, reaches(-1)]));
  for (let i = 0; i < 200; i++) {
    const breakpoints = new Set(addresses.filter(() => random.chance(0.4)));
    machine.setStopPoints({ breakpoints, predicates, watchpoints: [] });
    for (let j = 0; j < 10; j++) assert.equal(steps(machine, 100 + random.below(100)).kind, 'reached');
  }
  assert.equal(machine.hart.register(11), BigInt(Math.floor((machine.position + 3) / 4)));
});

test('a breakpoint at one virtual address does not stop at another virtual address of the same code', () => {
  const [ROOT, MIDDLE, LEAVES] = [START + 0x4000, START + 0x5000, START + 0x6000];
  const machine = machineWith(LOOP, { translationThreshold: 10 });
  const { hart, ram } = machine;
  ram.write(ROOT + 8 * (START >>> 30), words(pte(MIDDLE, PTE.V)));
  ram.write(MIDDLE, words(pte(LEAVES, PTE.V)));
  ram.write(LEAVES, words(pte(START, ALL), pte(START, ALL)));
  hart.setSlot('SATP', satp(ROOT));
  hart.setSlot('PRIVILEGE', 1n);
  hart.core.updateContexts();
  const alias = SECOND + 0x1000n;
  machine.setStopPoints({ breakpoints: new Set([alias]), watchpoints: [] });
  hart.setRegister(7, 10_000n);
  steps(machine, 30_000);
  assert.equal(hart.slot('PC') >> 12n, SECOND >> 12n);
  hart.setSlot('PC', BigInt(START + 0x1000));
  assert.deepEqual(machine.run(Infinity), { kind: 'breakpoint', pc: alias });
});

test('a breakpoint stops when the program counter reaches its address, even if no instruction can be fetched there', () => {
  const NOWHERE = 0x123450n;
  const HANDLER = START + 0x40;
  const code: Item[] = [a.addi(10, 10, 1), a.jalr(1, 0, 6)];
  const machine = machineWith(code, { translationThreshold: 2 });
  const { hart, ram } = machine;
  ram.write(HANDLER, words(BigInt(a.jalr(0, 0, 7))));
  hart.setSlot('MTVEC', BigInt(HANDLER));
  hart.setRegister(6, NOWHERE);
  hart.setRegister(7, BigInt(START));
  const asked: bigint[] = [];
  const condition = (pc: bigint): boolean => {
    // Reading a CSR that does not exist raises an exception inside the core.
    assert.equal(hart.readCsr(0x5c0, machine.position), undefined);
    asked.push(pc);
    return hart.register(10) % 3n === 0n;
  };
  const stops: number[] = [];
  machine.setStopPoints({ breakpoints: new Set([NOWHERE]), watchpoints: [], condition });
  for (let i = 0; i < 4; i++) {
    assert.deepEqual(machine.run(1_000_000), { kind: 'breakpoint', pc: NOWHERE });
    assert.equal(hart.slot('PC'), NOWHERE);
    stops.push(machine.position);
  }
  // Each round takes four steps: ADDI, JALR, the fetch fault, and the handler's JALR.
  assert.deepEqual(stops, [10, 22, 34, 46]);
  assert.equal(asked.length, 12);
  steps(machine, 1);
  assert.equal(hart.slot('MCAUSE'), 1n);
  assert.equal(hart.slot('MTVAL'), NOWHERE);
  assert.equal(hart.slot('MEPC'), NOWHERE);
});
