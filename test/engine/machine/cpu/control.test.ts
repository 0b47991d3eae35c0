/** Branches, jumps and straight-line code work within pages and across page boundaries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assemble, BRANCHES } from './assembler.ts';
import { bareMachine, machineWith, START, steps, trapOf, type BareMachine } from './bareMachine.ts';
import { ALL, map, startPaging, WINDOW } from './paging.ts';

const HANDLER = START + 0x8000;

/** Runs one instruction at a given address and returns the new PC. */
function pcAfter(machine: BareMachine, at: number, bits: number): bigint {
  machine.ram.write(at, assemble([bits]));
  machine.hart.setSlot('PC', BigInt(at));
  steps(machine, 1);
  return machine.hart.slot('PC');
}

/**
 * Addresses at the start and the end of a page, including one at which a 4-byte instruction crosses the page boundary.
 */
const PLACES = [0x3000, 0x3002, 0x3004, 0x3ffa, 0x3ffc, 0x3ffe, 0x4000].map((offset) => START + offset);

test('branches and jumps reach near and far targets, forward and backward, from every offset in a page', (t) => {
  const random = SeededRandom.forTest(t);
  const machine = bareMachine();
  machine.hart.setRegister(5, 1n);
  const taken = [BRANCHES.beq(0, 0, 0), BRANCHES.bne(5, 0, 0), BRANCHES.blt(0, 5, 0), BRANCHES.bge(5, 0, 0)];
  assert.equal(taken.length, 4);
  const distances = [-4096, -4094, -2048, -6, -4, -2, 2, 4, 6, 2046, 4092, 4094];
  for (const at of PLACES) {
    for (const distance of [...distances, ...Array.from({ length: 20 }, () => (random.below(4096) - 2048) * 2)]) {
      const target = BigInt(at + distance);
      const where = `${at.toString(16)} by ${distance}`;
      assert.equal(pcAfter(machine, at, a.beq(0, 0, distance)), target, `beq ${where}`);
      assert.equal(pcAfter(machine, at, a.bne(5, 0, distance)), target, `bne ${where}`);
      assert.equal(pcAfter(machine, at, a.blt(0, 5, distance)), target, `blt ${where}`);
      assert.equal(pcAfter(machine, at, a.bge(5, 0, distance)), target, `bge ${where}`);
      assert.equal(pcAfter(machine, at, a.bltu(0, 5, distance)), target, `bltu ${where}`);
      assert.equal(pcAfter(machine, at, a.bgeu(5, 0, distance)), target, `bgeu ${where}`);
      assert.equal(pcAfter(machine, at, a.bne(0, 0, distance)), BigInt(at + 4), `not taken ${where}`);
      assert.equal(pcAfter(machine, at, a.jal(0, distance * 4)), BigInt(at + distance * 4), `j ${where}`);
      assert.equal(pcAfter(machine, at, a.jal(1, distance * 4)), BigInt(at + distance * 4), `jal ${where}`);
      assert.equal(machine.hart.register(1), BigInt(at + 4));
      if (distance % 2 !== 0 || distance < -2048 || distance > 2046) continue;
      machine.hart.setRegister(6, BigInt(at));
      assert.equal(pcAfter(machine, at, a.jalr(1, distance + 1, 6)), target, `jalr ${where} clears bit 0`);
      assert.equal(machine.hart.register(1), BigInt(at + 4));
    }
  }
});

test('jalr reads its base before it writes the link register', () => {
  const machine = bareMachine();
  machine.hart.setRegister(1, BigInt(START + 0x5000));
  assert.equal(pcAfter(machine, START, a.jalr(1, 8, 1)), BigInt(START + 0x5008));
  assert.equal(machine.hart.register(1), BigInt(START + 4));
  assert.equal(pcAfter(machine, START + 4, 0x9082), BigInt(START + 4), 'c.jalr x1');
  assert.equal(machine.hart.register(1), BigInt(START + 6));
});

test('straight-line execution continues from one page into the next', () => {
  const machine = bareMachine();
  machine.ram.write(START + 0x0ff8, assemble([a.addi(5, 5, 1), a.addi(5, 5, 1), a.addi(5, 5, 1)]));
  machine.ram.write(START + 0x1ffe, assemble([a.cAddi(5, 1), a.cAddi(5, 1)]));
  for (const [from, count] of [
    [0x0ff8, 3],
    [0x1ffe, 2],
  ]) {
    machine.hart.setSlot('PC', BigInt(START + from));
    machine.hart.setRegister(5, 0n);
    steps(machine, count);
    assert.equal(machine.hart.register(5), BigInt(count));
  }
});

// --- across two pages ---------------------------------------------------------------------------------------------------

const [ONE, TWO, THREE] = [0x1_0000, 0x1_3000, 0x1_1000].map((offset) => START + offset);

/**
 * A machine with the first half of an `addi x11, x11, …` at the end of page ONE, and second halves with different
 * immediates at the start of pages TWO and THREE.
 */
function straddling(): BareMachine {
  const machine = bareMachine();
  const halves = (bits: number) => [assemble([bits]).slice(0, 2), assemble([bits]).slice(2)];
  machine.ram.write(ONE + 0xffe, halves(a.addi(11, 11, 1))[0]);
  machine.ram.write(TWO, halves(a.addi(11, 11, 16))[1]);
  // In physical memory, page THREE follows page ONE. It contains a different second half.
  machine.ram.write(THREE, halves(a.addi(11, 11, 256))[1]);
  startPaging(machine);
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  map(machine, 0, ONE, ALL);
  map(machine, 1, TWO, ALL);
  machine.hart.setSlot('PC', BigInt(WINDOW + 0xffe));
  return machine;
}

test('an instruction that crosses a page boundary is fetched through the mapping of each page', () => {
  const machine = straddling();
  steps(machine, 1);
  assert.deepEqual([machine.hart.register(11), machine.hart.slot('PC')], [16n, BigInt(WINDOW + 0x1002)]);
  // Maps the second page to THREE after the first half of the instruction has been decoded.
  map(machine, 1, THREE, ALL);
  machine.hart.setSlot('PC', BigInt(WINDOW + 0xffe));
  machine.hart.loadState(machine.hart.saveState());
  steps(machine, 1);
  assert.equal(machine.hart.register(11), 272n);
});

test('when the second page is unmapped, mtval points to that page and mepc to the instruction', () => {
  const machine = straddling();
  map(machine, 1, TWO, 0);
  steps(machine, 1);
  assert.deepEqual(trapOf(machine), { cause: 12n, value: BigInt(WINDOW + 0x1000), pc: BigInt(WINDOW + 0xffe) });
  assert.deepEqual([machine.position, machine.instructions], [1, 0]);
});

test('an instruction that crosses the end of RAM causes an access fault', () => {
  const machine = bareMachine();
  const end = START + machine.ram.lengthBytes;
  machine.ram.write(end - 2, assemble([a.nop]).slice(0, 2));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.hart.setSlot('PC', BigInt(end - 2));
  steps(machine, 1);
  assert.deepEqual(trapOf(machine), { cause: 1n, value: BigInt(end), pc: BigInt(end - 2) });
  // A compressed instruction at the same address does not cross the end of RAM.
  machine.ram.write(end - 2, assemble([a.cLi(11, 5)]));
  machine.hart.setSlot('PC', BigInt(end - 2));
  steps(machine, 2);
  assert.equal(machine.hart.register(11), 5n);
  assert.deepEqual(trapOf(machine), { cause: 1n, value: BigInt(end), pc: BigInt(end) });
});

test('every kind of instruction works across a page boundary', () => {
  const at = START + 0x2ffe;
  const data = START + 0x6000;
  const run = (bits: number): BareMachine => {
    const machine = machineWith([]);
    machine.ram.write(at, assemble([bits]));
    machine.ram.writeU32(data, 7);
    machine.hart.setSlot('PC', BigInt(at));
    machine.hart.setSlot('MTVEC', BigInt(HANDLER));
    machine.hart.setRegister(5, BigInt(data));
    machine.hart.setRegister(6, 35n);
    steps(machine, 1);
    return machine;
  };
  assert.equal(run(a.lw(7, 0, 5)).hart.register(7), 7n);
  assert.equal(run(a.sw(6, 0, 5)).ram.readU32(data), 35);
  assert.equal(run(a.amoaddW(7, 6, 5)).ram.readU32(data), 42);
  assert.equal(run(a.auipc(7, 0x1000)).hart.register(7), BigInt(at + 0x1000));
  assert.equal(run(a.csrrw(7, 0x340, 6)).hart.slot('MSCRATCH'), 35n);
  assert.equal(run(a.csrrw(7, 0x340, 6)).hart.slot('PC'), BigInt(at + 4));
  assert.equal(run(a.jal(1, 0x100)).hart.register(1), BigInt(at + 4));
  assert.equal(run(a.jal(1, 0x100)).hart.slot('PC'), BigInt(at + 0x100));
  assert.deepEqual(trapOf(run(a.ecall)), { cause: 11n, value: 0n, pc: BigInt(at) });
  assert.deepEqual(trapOf(run(0xffffffff)), { cause: 2n, value: 0xffffffffn, pc: BigInt(at) });
  assert.deepEqual(trapOf(run(a.lw(7, 0, 6))), { cause: 5n, value: 35n, pc: BigInt(at) });
});
