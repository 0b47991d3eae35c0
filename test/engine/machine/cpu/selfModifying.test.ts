/** After code is overwritten in any way, the new instructions execute, even without FENCE.I.
 *
 * In these tests, the code changes after it has been decoded or translated.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, assemble, ATOMICS, assembleWithLabels, CSR, type Item } from './assembler.ts';
import { bareMachine, machineWith, START, steps, words } from './bareMachine.ts';

const [OLD, NEW] = [a.addi(11, 11, 1), a.addi(11, 11, 16)];
/** A way to write the instruction in x6 to the address in x5. */
interface Case {
  name: string;
  program: Item[];
}

/** Calls `target` once before and once after `patch` runs. */
const callAround = (patch: Item[]): Item[] => [
  a.to('target', (offset) => a.jal(1, offset)),
  a.la(5, 'target'),
  a.li(6, NEW),
  patch,
  a.to('target', (offset) => a.jal(1, offset)),
  'end:',
  a.j('end'),
];
const target = (gap: Item[] = []): Item[] => [gap, 'target:', OLD, a.jalr(0, 0, 1)];
const nops = (count: number): Item[] => Array.from({ length: count }, () => a.nop);

const PATCHES: Case[] = [
  { name: 'a word', program: [a.sw(6, 0, 5)] },
  { name: 'its upper half, which contains the immediate', program: [a.srli(6, 6, 16), a.sh(6, 2, 5)] },
  { name: 'byte by byte', program: [0, 1, 2, 3].flatMap((i) => [a.sb(6, i, 5), a.srli(6, 6, 8)]) },
  {
    name: 'a doubleword that starts before it',
    program: [a.slli(6, 6, 32), a.lwu(7, -4, 5), a.or(6, 6, 7), a.sd(6, -4, 5)],
  },
  { name: 'an AMO', program: [ATOMICS['amoswap.w'](7, 6, 5)] },
  { name: 'an SC', program: [a.lrW(7, 5), a.scW(7, 6, 5)] },
];

for (const [where, gap] of [
  ['in the same page', []],
  ['in a different page', nops(1100)],
] as const) {
  test(`if code ${where} is overwritten after it has run, the new code executes`, () => {
    for (const { name, program } of PATCHES) {
      const machine = machineWith([callAround([program]), target([...gap])]);
      steps(machine, 4000);
      assert.equal(machine.hart.register(11), 17n, name);
    }
  });
}

test('a store can overwrite code that was itself stored just before it first ran', () => {
  // The stores before the call are executed inline; the store after it must not be, because the page then contains
  // decoded code.
  const machine = machineWith([
    a.la(5, 'target'),
    a.li(6, OLD),
    a.li(7, NEW),
    a.sw(6, 0, 5),
    a.sw(6, 0, 5),
    a.to('target', (offset) => a.jal(1, offset)),
    a.sw(7, 0, 5),
    a.to('target', (offset) => a.jal(1, offset)),
    'end:',
    a.j('end'),
    target(nops(1100)),
  ]);
  steps(machine, 100);
  assert.equal(machine.hart.register(11), 17n);
});

test('a store that replaces the next instruction takes effect', () => {
  const program: Item[] = ['again:', a.sw(6, 0, 5), 'next:', OLD, a.j('again')];
  const machine = machineWith(program);
  const { hart } = machine;
  hart.setRegister(5, assembleWithLabels(program).addressOf('next'));
  // Runs once with unchanged code, so that everything is decoded.
  hart.setRegister(6, BigInt(OLD));
  steps(machine, 3);
  assert.equal(hart.register(11), 1n);
  hart.setRegister(6, BigInt(NEW));
  steps(machine, 2);
  assert.equal(hart.register(11), 17n);
});

test('a 4-byte instruction can be replaced by two compressed ones, and vice versa', () => {
  const machine = machineWith([OLD, a.nop]);
  const again = (): void => {
    machine.hart.setSlot('PC', BigInt(START));
    machine.hart.setRegister(11, 0n);
    steps(machine, 2);
  };
  again();
  machine.ram.write(START, assemble([a.cLi(11, 3), a.cAddi(11, 4)]));
  again();
  assert.deepEqual([machine.hart.register(11), machine.hart.slot('PC')], [7n, BigInt(START + 4)]);
  machine.ram.write(START, assemble([OLD]));
  again();
  assert.deepEqual([machine.hart.register(11), machine.hart.slot('PC')], [1n, BigInt(START + 8)]);
});

test('either half of an instruction that crosses a page boundary can be replaced', () => {
  const at = START + 0x1ffe;
  const halves = (bits: number): [Uint8Array, Uint8Array] => {
    const bytes = assemble([bits]);
    return [bytes.slice(0, 2), bytes.slice(2)];
  };
  const machine = bareMachine();
  const run = (): bigint => {
    machine.hart.setSlot('PC', BigInt(at));
    machine.hart.setRegister(11, 0n);
    machine.hart.setRegister(12, 0n);
    steps(machine, 1);
    assert.equal(machine.hart.slot('PC'), BigInt(at + 4));
    return machine.hart.register(11) + machine.hart.register(12) * 1000n;
  };
  machine.ram.write(at, assemble([OLD]));
  assert.equal(run(), 1n);
  machine.ram.write(at + 2, halves(NEW)[1]);
  assert.equal(run(), 16n);
  machine.ram.write(at, halves(a.addi(12, 11, 16))[0]);
  assert.equal(run(), 16_000n);
  // Replaces the whole instruction with one store across the page boundary.
  machine.ram.write(START, assemble([a.sw(6, 0, 5)]));
  machine.hart.setSlot('PC', BigInt(START));
  machine.hart.setRegister(5, BigInt(at));
  machine.hart.setRegister(6, BigInt(OLD));
  steps(machine, 1);
  assert.equal(run(), 1n);
});

test('after a device writes code, or code is restored from a snapshot, the new code executes', () => {
  const machine = machineWith([OLD]);
  const page = machine.ram.page(0).slice();
  const run = (): bigint => {
    machine.hart.setSlot('PC', BigInt(START));
    machine.hart.setRegister(11, 0n);
    steps(machine, 1);
    return machine.hart.register(11);
  };
  assert.equal(run(), 1n);
  machine.ram.write(START, words(BigInt(NEW)));
  assert.equal(run(), 16n);
  machine.ram.restorePage(0, page);
  assert.equal(run(), 1n);
  machine.ram.writeU32(START, NEW);
  assert.equal(run(), 16n);
  machine.ram.writeU16(START + 2, OLD >>> 16);
  assert.equal(run(), 1n);
});

test('data and code in the same page both stay correct while the data is written', () => {
  const machine = machineWith([
    a.la(5, 'data'),
    'loop:',
    a.ld(6, 0, 5),
    a.addi(6, 6, 1),
    a.sd(6, 0, 5),
    a.to('loop', (offset) => a.bne(6, 7, offset)),
    'end:',
    a.j('end'),
    'data:',
    a.nop,
    a.nop,
  ]);
  machine.hart.setRegister(7, 100n + ((0x13n << 32n) | 0x13n));
  steps(machine, 2 + 4 * 100);
  assert.equal(machine.hart.register(6), 100n + ((0x13n << 32n) | 0x13n));
});

/** Ways to write x6 to the address in x5. Some of them also write the bytes before or after it. */
const WRITES_BESIDE: Case[] = [
  { name: 'a store', program: [a.sw(6, 0, 5)] },
  { name: 'two stores', program: [a.sw(0, -4, 5), a.sw(6, 0, 5)] },
  { name: 'a load and a store', program: [a.ld(8, -8, 5), a.sd(8, -8, 5), a.sw(6, 0, 5)] },
  { name: 'an AMO', program: [ATOMICS['amoswap.w'](8, 6, 5)] },
  { name: 'an SC', program: [a.lrW(8, 5), a.scW(8, 6, 5)] },
];

const LOOPS = 800;

test('hot code can write data next to code, and then the code itself', () => {
  for (const { name, program } of WRITES_BESIDE) {
    const call = a.to('target', (offset) => a.jal(1, offset));
    // The word before the target is in a different 16-byte line, which contains no code.
    const code: Item[] = [toLine(program.length + LOOP_LENGTH + 1), nops(4), 'target:', OLD, a.jalr(0, 0, 1)];
    const sums = runWithEachThreshold({ write: program, then: [call], code, target: 'target', value: NEW });
    assert.deepEqual(sums, Array(3).fill(BigInt(LOOPS / 2) * (1n + 16n)), name);
  }
});

test('if hot code writes code that is in no region, the interpreter executes all writes to that 16-byte line', () => {
  const [old, changed] = [a.csrr(8, CSR.mscratch), a.csrr(8, CSR.sscratch)];
  const call = a.to('target', (offset) => a.jal(1, offset));
  const line: Item[] = ['target:', old, Array.from({ length: 3 }, () => a.csrr(9, CSR.mscratch))];
  const code: Item[] = [toLine(1 + LOOP_LENGTH + 1), nops(4), line, a.add(11, 11, 8), a.jalr(0, 0, 1)];
  const sums = runWithEachThreshold({ write: [a.sw(6, 0, 5)], then: [call], code, target: 'target', value: changed });
  assert.deepEqual(sums, Array(3).fill(BigInt(LOOPS / 2) * (1n + 16n)));
});

test('hot code can write code that is in a region but was never executed', () => {
  const rare = a.to('rare', (offset) => a.beq(7, 15, offset));
  const code: Item[] = [toLine(1 + LOOP_LENGTH + 1), nops(4), 'rare:', OLD, a.j('back'), nops(2)];
  const sums = runWithEachThreshold({
    write: [a.sw(6, 0, 5)],
    then: [rare, 'back:'],
    code,
    target: 'rare',
    value: NEW,
  });
  assert.deepEqual(sums, Array(3).fill(16n));
});

const LOOP_LENGTH = 5;

/** The NOPs that fill a 16-byte line after the given number of instructions. */
const toLine = (instructions: number): Item[] => nops((4 - (instructions % 4)) % 4);

/**
 * Runs a loop without translation, with early translation and with late translation. x5 points at data in the first
 * half of the iterations, and at `target` in the second half. Returns x11 after each run.
 */
function runWithEachThreshold(of: {
  write: Item[];
  then: Item[];
  code: Item[];
  target: string;
  value: number;
}): bigint[] {
  const program: Item[] = [
    'loop:',
    of.write,
    of.then,
    a.addi(7, 7, -1),
    a.bne(7, 13, 8),
    a.addi(5, 14, 0),
    a.to('loop', (offset) => a.bne(7, 0, offset)),
    'end:',
    a.j('end'),
    of.code,
    nops(20),
    'data:',
    nops(8),
  ];
  const { addressOf } = assembleWithLabels(program);
  const registers = { 5: addressOf('data'), 6: of.value, 7: LOOPS, 13: LOOPS / 2, 14: addressOf(of.target), 15: 40 };
  return [0, 1, 50].map((translationThreshold) => {
    const machine = machineWith(program, { translationThreshold });
    machine.hart.setSlot('MSCRATCH', 1n);
    machine.hart.setSlot('SSCRATCH', 16n);
    for (const [register, value] of Object.entries(registers)) {
      machine.hart.setRegister(Number(register), BigInt(value));
    }
    let regionsMost = 0;
    for (let run = 0; run < 120; run++) {
      steps(machine, 100);
      regionsMost = Math.max(regionsMost, machine.hart.regionCount);
    }
    if (translationThreshold)
      assert.ok(regionsMost > 0, `regions exist with a threshold of ${translationThreshold} arrivals`);
    return machine.hart.register(11);
  });
}
