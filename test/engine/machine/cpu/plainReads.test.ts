/** If paging, PMP and read watchpoints are all unused, translated code reads RAM with only a bounds check. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, assemble, CSR, type Item } from './assembler.ts';
import { digestOf, machineWith, START, steps, words, type BareMachine } from './bareMachine.ts';
import { longTest } from '../../../support/extent.ts';

const RAM_BYTES = 1 << 20;
const HANDLER = START + 0x1000;
const DATA = START + 0x2000;
const LOOPS = 100;
const THRESHOLDS = [0, 1, 2];

/**
 * A loop that sums the values loaded through x5: half of the loads are at DATA, the others at `at`. A fault enters the
 * handler, which loops forever.
 */
function looping(load: Item[], { at, threshold }: { at: number; threshold: number }): BareMachine {
  const body = [...load, a.add(11, 11, 6), a.addi(7, 7, -1), a.bne(7, 13, 8), a.add(5, 5, 12)];
  const machine = machineWith([...body, a.bne(7, 0, -4 * body.length), a.jal(0, 0)], {
    memoryBytes: RAM_BYTES,
    translationThreshold: threshold,
  });
  machine.ram.write(HANDLER, assemble([a.jal(0, 0)]));
  machine.ram.write(START + RAM_BYTES - 16, words(0x0102_0304_0506_0708n, 0x1112_1314_1516_1718n));
  machine.ram.write(DATA, words(3n, 5n));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  const registers = { 5: DATA, 7: LOOPS, 12: at - DATA, 13: LOOPS / 2 };
  for (const [register, value] of Object.entries(registers)) {
    machine.hart.setRegister(Number(register), BigInt.asUintN(64, BigInt(value)));
  }
  return machine;
}

/** Runs the loop with and without translation; returns the final state, which must be the same in all runs. */
function everyWay(load: Item[], at: number) {
  const ends = THRESHOLDS.map((threshold) => {
    const machine = looping(load, { at, threshold });
    for (let run = 0; run < 16; run++) steps(machine, 50);
    const { hart } = machine;
    return { sum: hart.register(11), cause: hart.slot('MCAUSE'), value: hart.slot('MTVAL'), digest: digestOf(machine) };
  });
  for (const end of ends) assert.deepEqual(end, ends[0]);
  return ends[0];
}

/** The 64-bit sum of LOOPS / 2 reads of each value. */
const sumOf = (...values: bigint[]): bigint =>
  BigInt.asUintN(
    64,
    values.reduce((sum, value) => sum + value * BigInt(LOOPS / 2), 0n),
  );
const LAST_WORD = 0x1112_1314_1516_1718n;
const END = START + RAM_BYTES;

longTest('reads at both ends of RAM, and outside it, give the same results in translated code', () => {
  const reads: [Item, number, bigint][] = [
    [a.ld(6, 0, 5), END - 8, sumOf(3n, LAST_WORD)],
    [a.lbu(6, 0, 5), END - 1, sumOf(3n, 0x11n)],
    [a.ld(6, 8, 5), END - 16, sumOf(5n, LAST_WORD)],
    [a.ld(6, -8, 5), END, sumOf(0n, LAST_WORD)],
  ];
  for (const [load, at, sum] of reads) {
    const found = everyWay([load], at);
    assert.deepEqual([found.cause, found.sum], [0n, sum]);
  }
  const outside: [Item, number][] = [
    [a.ld(6, 0, 5), END - 7],
    [a.lw(6, 0, 5), END - 2],
    [a.lbu(6, 0, 5), END],
    [a.ld(6, 8, 5), END - 8],
    [a.lbu(6, 0, 5), START - 1],
    [a.ld(6, 0, 5), START - 4],
    [a.ld(6, -8, 5), START],
    [a.ld(6, 8, 5), -8],
    [a.ld(6, -8, 5), -(2 ** 40)],
  ];
  for (const [load, at] of outside) {
    assert.equal(everyWay([load], at).cause, 5n, `an access fault at ${at.toString(16)}`);
  }
});

test('of several reads through the same register, only the read that is out of bounds faults', () => {
  const both = [a.ld(6, 0, 5), a.ld(8, 8, 5)];
  assert.equal(everyWay(both, END - 16).cause, 0n);
  for (const [at, fault] of [
    [END - 8, END],
    [START - 8, START - 8],
  ]) {
    const { cause, value } = everyWay(both, at);
    assert.deepEqual([cause, value], [5n, BigInt(fault)]);
  }
});

test('PMP entries that deny reads to M mode take effect immediately, even in hot code', () => {
  const LOCKED_NAPOT = 0x98;
  for (const threshold of THRESHOLDS) {
    const machine = looping([a.ld(6, 0, 5)], { at: DATA, threshold });
    // Starts again with a program that writes the PMP entry in the middle of the loop.
    const program = [
      a.ld(6, 0, 5),
      a.add(11, 11, 6),
      a.csrw(CSR.pmpaddr0, 9),
      a.csrw(CSR.pmpcfg0, 10),
      a.addi(7, 7, -1),
    ];
    machine.ram.write(START, assemble([...program, a.bne(7, 0, -20)]));
    machine.hart.setRegister(9, BigInt((DATA >>> 2) | 1));
    for (let run = 0; run < 8; run++) steps(machine, 30);
    machine.hart.setRegister(10, BigInt(LOCKED_NAPOT));
    const before = machine.hart.register(11);
    for (let run = 0; run < 4; run++) steps(machine, 30);
    assert.deepEqual([machine.hart.slot('MCAUSE'), machine.hart.slot('MTVAL')], [5n, BigInt(DATA)]);
    assert.ok(machine.hart.register(11) - before <= 3n, 'no read succeeds after the entry is switched on');
  }
});

test('a read watchpoint stops hot code at the first read of watched bytes, and execution then continues in translated code', () => {
  const stops = THRESHOLDS.map((threshold) => {
    const machine = looping([a.ld(6, 0, 5)], { at: DATA, threshold });
    steps(machine, 101);
    const watchpoint = { id: 1, address: DATA + 7, lengthBytes: 1, access: 'read' as const };
    machine.setStopPoints({ breakpoints: new Set(), watchpoints: [watchpoint] });
    const positions = Array.from({ length: 8 }, () => {
      const { kind } = steps(machine, 1000);
      return { kind, position: machine.position };
    });
    if (threshold > 0) assert.ok(machine.hart.regionCount > 0);
    return positions;
  });
  for (const positions of stops) assert.deepEqual(positions, stops[0]);
  assert.deepEqual(stops[0][0].kind, 'hit');
});

test('after a read watchpoint is set, regions are rebuilt without waiting for the code to become hot again', () => {
  const machine = looping([a.ld(6, 0, 5)], { at: DATA, threshold: 10 });
  for (let run = 0; run < 6; run++) steps(machine, 40);
  const { regionCount } = machine.hart;
  assert.ok(regionCount > 0);
  const elsewhere = { id: 1, address: START + 0x8000, lengthBytes: 8, access: 'readWrite' as const };
  machine.setStopPoints({ breakpoints: new Set(), watchpoints: [elsewhere] });
  steps(machine, 1);
  assert.equal(machine.hart.regionCount, 0);
  for (let run = 0; run < 4; run++) steps(machine, 1);
  assert.equal(machine.hart.regionCount, regionCount);
});
