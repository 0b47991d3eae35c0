/** Every write to a page of RAM marks this page dirty, marks no other page, and changes the digest.
 *
 * This also holds for pages that were written before the dirty bits were last cleared.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csrName, findCsr } from '../../../../debug-adapter/engine/isa/csrs.ts';
import { a, assemble, CSR, type Item } from './assembler.ts';
import { machineWith, START, steps, words, type BareMachine } from './bareMachine.ts';
import { ALL, LEAVES, map, PTE, startPaging, WINDOW } from './paging.ts';

const DATA = START + 0x2_0000;
const PAGE_OF = (address: number): number => (address - START) >> 12;

interface Case {
  name: string;
  program?: Item[];
  outside?: (machine: BareMachine) => void;
  /** Addresses in the pages that must be marked dirty. */
  writes: number[];
}

const CASES: Case[] = [
  ...[a.sb, a.sh, a.sw, a.sd].map((store, i) => ({
    name: `a store of ${1 << i} bytes`,
    program: [store(6, 0, 5)],
    writes: [DATA],
  })),
  { name: 'a compressed store', program: [0xc29c /* c.sw x15, 0(x13) */], writes: [DATA] },
  { name: 'a misaligned store', program: [a.sd(6, 3, 5)], writes: [DATA] },
  { name: 'a store across two pages', program: [a.sd(6, -3, 5)], writes: [DATA - 4096, DATA] },
  { name: 'an AMO', program: [a.amoaddD(7, 6, 5)], writes: [DATA] },
  { name: 'an SC', program: [a.lrD(8, 5), a.scD(7, 6, 5)], writes: [DATA] },
  { name: 'an SC that fails', program: [a.scD(7, 6, 5)], writes: [] },
  { name: 'a load', program: [a.ld(7, 0, 5)], writes: [] },
  {
    name: 'a device write',
    outside: ({ ram }) => ram.write(DATA + 4090, new Uint8Array(10).fill(9)),
    writes: [DATA, DATA + 4096],
  },
  { name: 'a 16-bit device write', outside: ({ ram }) => ram.writeU16(DATA, 0xabcd), writes: [DATA] },
  { name: 'a 32-bit device write', outside: ({ ram }) => ram.writeU32(DATA, 0xabcdef), writes: [DATA] },
  {
    name: 'a restored page',
    outside: ({ ram }) => ram.restorePage(PAGE_OF(DATA), new Uint8Array(4096).fill(7)),
    writes: [DATA],
  },
  {
    name: 'a restored page with identical contents',
    outside: ({ ram }) => ram.restorePage(PAGE_OF(DATA), ram.page(PAGE_OF(DATA)).slice()),
    writes: [],
  },
];

/** The numbers of the pages that are marked dirty. */
function markedPages({ ram }: BareMachine): number[] {
  const pages: number[] = [];
  ram.forEachDirtyPage((page) => pages.push(page));
  return pages;
}

/** Performs a write, clears all dirty bits, and repeats the write with a different value in x6. */
function checkMarks(machine: BareMachine, act: () => void, writes: number[], name: string): void {
  act();
  machine.ram.clearSnapshotMarks();
  const before = machine.ram.digest();
  assert.deepEqual(markedPages(machine), [], name);
  machine.hart.setRegister(6, machine.hart.register(6) + 0x0101_0101_0101_0101n);
  act();
  assert.deepEqual(markedPages(machine), [...new Set(writes.map(PAGE_OF))], name);
  assert.equal(machine.ram.digest() !== before, writes.length > 0, `${name}: digest`);
}

test('every kind of write marks its pages and changes the digest', () => {
  for (const { name, program = [], outside, writes } of CASES) {
    const machine = machineWith([program, 'end:', a.j('end')]);
    machine.hart.setRegister(5, BigInt(DATA));
    machine.hart.setRegister(13, BigInt(DATA));
    let value = 1;
    checkMarks(
      machine,
      () => {
        machine.hart.setSlot('PC', BigInt(START));
        machine.hart.setRegister(15, BigInt(value));
        if (outside && value === 2) outside(machine);
        value++;
        steps(machine, program.length);
      },
      writes,
      name,
    );
  }
});

test('in S and U mode, writes to virtual addresses mark the physical pages dirty', () => {
  for (const [privilege, flags] of [
    [1, ALL],
    [0, ALL | PTE.U],
  ] as const) {
    for (const { name, program, writes } of CASES) {
      if (!program) continue;
      const machine = machineWith([]);
      startPaging(machine, privilege);
      map(machine, 0, START, flags);
      map(machine, 1, DATA - 4096, flags);
      map(machine, 2, DATA, flags);
      machine.ram.write(START, assemble(program));
      machine.hart.setRegister(5, BigInt(WINDOW + 2 * 4096));
      machine.hart.setRegister(13, BigInt(WINDOW + 2 * 4096));
      let value = 1;
      checkMarks(
        machine,
        () => {
          machine.hart.setSlot('PC', BigInt(WINDOW));
          machine.hart.setRegister(15, BigInt(value++));
          steps(machine, program.length);
        },
        writes,
        `${name}, mode ${privilege}`,
      );
    }
  }
});

test('the page walk marks the page table when it sets A or D', () => {
  for (const [instruction, flags, entryMarked, others] of [
    [a.lb(7, 0, 5), PTE.V | PTE.R, true, []],
    [a.lb(7, 0, 5), PTE.V | PTE.R | PTE.A, false, []],
    [a.sb(6, 0, 5), PTE.V | PTE.R | PTE.W | PTE.A, true, [DATA]],
    [a.sb(6, 0, 5), ALL, false, [DATA]],
  ] as const) {
    const machine = machineWith([instruction]);
    startPaging(machine);
    map(machine, 0, DATA, flags);
    machine.hart.setRegister(5, BigInt(WINDOW));
    machine.ram.clearSnapshotMarks();
    const before = machine.ram.digest();
    steps(machine, 1);
    const expected = [...others, ...(entryMarked ? [LEAVES] : [])].map(PAGE_OF).sort((x, y) => x - y);
    assert.deepEqual(markedPages(machine), expected);
    assert.equal(machine.ram.digest() !== before, entryMarked);
  }
});

test('after the dirty bits are cleared, a page walk marks the page table again, even if the guest has just written to it', () => {
  const machine = machineWith([a.sd(7, 0, 6), a.ld(8, 0, 5), a.sd(7, 8, 6), a.ld(8, 0, 28)]);
  startPaging(machine);
  machine.hart.setRegister(5, BigInt(WINDOW));
  machine.hart.setRegister(28, BigInt(WINDOW + 4096));
  machine.hart.setRegister(6, BigInt(LEAVES));
  machine.hart.setRegister(7, (BigInt(DATA >>> 12) << 10n) | 3n);
  steps(machine, 3);
  machine.ram.clearSnapshotMarks();
  const before = machine.ram.digest();
  steps(machine, 1);
  assert.deepEqual(markedPages(machine), [PAGE_OF(LEAVES)]);
  assert.notEqual(machine.ram.digest(), before);
});

test('a device write marks a page that is in the write TLB', () => {
  const machine = machineWith([a.sd(6, 0, 5), a.sd(6, 8, 5), a.ld(7, 16, 5)]);
  machine.hart.setRegister(5, BigInt(DATA));
  steps(machine, 2);
  machine.ram.write(DATA + 16, words(5n));
  steps(machine, 1);
  assert.equal(machine.hart.register(7), 5n);
});

test('the digest depends on every writable bit of every CSR', () => {
  const machine = machineWith([]);
  const { hart } = machine;
  const fresh = hart.saveState();
  /** Writes a CSR. Returns the value read back, and the digest of a hart in which only that CSR was written. */
  const written = (csr: number, value: bigint) => {
    hart.loadState(fresh);
    hart.setSlot('MTVEC', BigInt(START + 0x100));
    machine.ram.write(START, assemble([a.csrw(csr, 5), a.csrr(6, csr)]));
    hart.setRegister(5, BigInt.asUintN(64, value));
    steps(machine, 2);
    const readBack = hart.register(6);
    for (const register of [5, 6]) hart.setRegister(register, 0n);
    return { readBack, digest: machine.digestParts().find((part) => part.name === 'hart0')!.value };
  };
  for (let csr = 0; csr < 0xc00; csr++) {
    if (findCsr(csrName(csr)) === undefined) continue;
    // These registers advance between the two writes.
    if (csr === CSR.mcycle || csr === CSR.minstret) continue;
    const states = [0n, -1n, 0x5555_5555_5555_5550n].map((value) => written(csr, value));
    for (const one of states) {
      const same = states.filter((other) => other.digest === one.digest);
      for (const other of same) assert.equal(one.readBack, other.readBack, `CSR 0x${csr.toString(16)}`);
    }
  }
});
