/** Physical memory protection permits exactly the accesses that the entries allow, byte by byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assemble, CSR, type Item } from './assembler.ts';
import { bareMachine, machineWith, START, steps, trapOf, type BareMachine } from './bareMachine.ts';
import { ALL, LEAVES, map, startPaging, WINDOW } from './paging.ts';

const DATA = START + 0x4000;
const HANDLER = START + 0x100;
const [R, W, X, LOCK] = [1, 2, 4, 0x80];
const [TOR, NA4, NAPOT] = [1 << 3, 2 << 3, 3 << 3];
const MODES = { M: 3n, S: 1n, U: 0n };
type Mode = keyof typeof MODES;
const [READ_FAULT, WRITE_FAULT, FETCH_FAULT] = [5n, 7n, 1n];

interface Entry {
  config: number;
  address: bigint;
}

/** Writes the PMP registers with CSR instructions, as software does. */
function protect(machine: BareMachine, entries: Entry[]): void {
  const write = (csr: number, value: bigint): void => {
    machine.ram.write(HANDLER + 0x100, assemble([a.csrw(csr, 31)]));
    machine.hart.setRegister(31, value);
    machine.hart.setSlot('PRIVILEGE', MODES.M);
    machine.hart.loadState(machine.hart.saveState());
    machine.hart.setSlot('PC', BigInt(HANDLER + 0x100));
    steps(machine, 1);
  };
  write(CSR.pmpcfg0, 0n);
  entries.forEach(({ address }, i) => write(CSR.pmpaddr0 + i, address));
  write(
    CSR.pmpcfg0,
    entries.reduce((sum, { config }, i) => sum | (BigInt(config) << BigInt(8 * i)), 0n),
  );
}

/** Whether an entry matches a byte. */
function matches(entries: Entry[], index: number, byte: bigint): boolean {
  const { config, address } = entries[index];
  const word = byte >> 2n;
  switch (config & 0x18) {
    case TOR:
      return word >= (index > 0 ? entries[index - 1].address : 0n) && word < address;
    case NA4:
      return word === address;
    case NAPOT: {
      let ones = 0n;
      while ((address >> ones) & 1n) ones++;
      return word >> (ones + 1n) === address >> (ones + 1n);
    }
    default:
      return false;
  }
}

function allows(entries: Entry[], access: { at: number; size: number; mode: Mode; needs: number }): boolean {
  const bytes = Array.from({ length: access.size }, (_, i) => BigInt(access.at + i));
  if (entries.every(({ config }) => (config & 0x18) === 0)) return true;
  for (let i = 0; i < entries.length; i++) {
    const held = bytes.filter((byte) => matches(entries, i, byte)).length;
    if (held === 0) continue;
    if (held < bytes.length) return false;
    if (access.mode === 'M' && !(entries[i].config & LOCK)) return true;
    return (entries[i].config & access.needs) !== 0;
  }
  return access.mode === 'M';
}

/** Entries around the data: small ones, ranges, and often one that permits everything else. */
function randomEntries(random: SeededRandom): Entry[] {
  const location = (): bigint => BigInt((DATA + 4 * random.below(0x800)) >>> 2);
  const one = (): Entry => {
    const config = random.below(8) | random.pick([0, TOR, NA4, NAPOT]);
    const ones = (1n << BigInt(random.below(11))) - 1n;
    return { config, address: (config & 0x18) === NAPOT ? location() | ones : location() };
  };
  const entries = Array.from({ length: 1 + random.below(5) }, one);
  // The address of a NAPOT entry ends in ones, and the bit above them is 0.
  for (const entry of entries)
    if ((entry.config & 0x18) === NAPOT && random.chance(0.5)) entry.address &= ~(entry.address + 1n);
  if (random.chance(0.8)) entries.push({ config: NAPOT | R | W | X, address: (1n << 54n) - 1n });
  return entries;
}

const ACCESSES: { needs: number; size: number; encode: (rd: number, offset: number, rs1: number) => number }[] = [
  { needs: R, size: 1, encode: a.lbu },
  { needs: R, size: 2, encode: a.lh },
  { needs: R, size: 4, encode: a.lw },
  { needs: R, size: 8, encode: a.ld },
  { needs: W, size: 1, encode: a.sb },
  { needs: W, size: 2, encode: a.sh },
  { needs: W, size: 4, encode: a.sw },
  { needs: W, size: 8, encode: a.sd },
];
const MPRV = 1n << 17n;

test('loads and stores of every size and alignment are permitted as the entries specify', (t) => {
  const random = SeededRandom.forTest(t);
  const machine = bareMachine();
  const { hart } = machine;
  hart.setSlot('MTVEC', BigInt(HANDLER));
  for (let round = 0; round < 150; round++) {
    const entries = randomEntries(random);
    protect(machine, entries);
    for (let i = 0; i < 60; i++) {
      const mode = random.pick<Mode>(['M', 'S', 'U']);
      const { needs, size, encode } = random.pick(ACCESSES);
      const at = DATA + random.below(0x1ff0);
      machine.ram.write(START, assemble([encode(7, 0, 6)]));
      hart.setRegister(6, BigInt(at));
      hart.setSlot('PC', BigInt(START));
      hart.setSlot('PRIVILEGE', MODES.M);
      hart.setSlot('MSTATUS', MPRV | (MODES[mode] << 11n));
      hart.core.updateContexts();
      // If an access crosses two pages, each part is checked separately.
      const inFirst = Math.min(size, 4096 - (at & 4095));
      const parts = [
        { at, size: inFirst, mode, needs },
        ...(inFirst < size ? [{ at: at + inFirst, size: size - inFirst, mode, needs }] : []),
      ];
      const bad = parts.find((part) => !allows(entries, part));
      steps(machine, 1);
      const where = `${mode} ${needs} of ${size} at ${at.toString(16)} under ${JSON.stringify(entries, (_, v) => (typeof v === 'bigint' ? v.toString(16) : v))}`;
      assert.equal(hart.slot('PC'), BigInt(bad ? HANDLER : START + 4), where);
      if (bad)
        assert.deepEqual(
          trapOf(machine),
          { cause: needs === R ? READ_FAULT : WRITE_FAULT, value: BigInt(bad.at), pc: BigInt(START) },
          where,
        );
    }
  }
});

/** A machine with code in a page where S-mode may execute only some of the bytes. */
function restrictedCode(program: Item[], entries: Entry[]): BareMachine {
  const machine = machineWith([]);
  machine.ram.write(DATA, assemble(program));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  protect(machine, entries);
  machine.hart.setSlot('PRIVILEGE', MODES.S);
  machine.hart.setSlot('PC', BigInt(DATA));
  machine.hart.core.updateContexts();
  return machine;
}

const range = (from: number, to: number, config: number): Entry[] => [
  { config: 0, address: BigInt(from) >> 2n },
  { config: TOR | config, address: BigInt(to) >> 2n },
];

test('instructions execute up to the last permitted byte', () => {
  const program = [a.addi(5, 5, 1), a.cAddi(5, 1), a.cAddi(5, 1), a.addi(5, 5, 1), a.addi(5, 5, 1)];
  const machine = restrictedCode(program, range(DATA, DATA + 12, X));
  steps(machine, 4);
  assert.equal(machine.hart.register(5), 4n);
  steps(machine, 1);
  assert.deepEqual(trapOf(machine), { cause: FETCH_FAULT, value: BigInt(DATA + 12), pc: BigInt(DATA + 12) });
});

test('if only the first half of an instruction may be executed, the instruction faults at the second half', () => {
  const machine = restrictedCode([a.cAddi(5, 1), a.addi(5, 5, 1)], range(DATA, DATA + 4, X));
  steps(machine, 2);
  assert.deepEqual(trapOf(machine), { cause: FETCH_FAULT, value: BigInt(DATA + 4), pc: BigInt(DATA + 2) });
  assert.equal(machine.hart.register(5), 1n);
});

test('jumps, loops, loads and breakpoints work in a partly permitted page', () => {
  const loop: Item[] = [
    a.addi(6, 0, 10),
    'again:',
    a.addi(5, 5, 3),
    a.addi(6, 6, -1),
    a.to('again', (o) => a.bne(6, 0, o)),
    'end:',
    a.j('end'),
  ];
  const machine = restrictedCode(loop, range(DATA, DATA + 20, X | R));
  steps(machine, 31);
  assert.equal(machine.hart.register(5), 30n);
  machine.hart.setSlot('PC', BigInt(DATA));
  machine.setStopPoints({ breakpoints: new Set([BigInt(DATA + 8)]), watchpoints: [] });
  const position = machine.position;
  assert.deepEqual(steps(machine, 100), { kind: 'breakpoint', pc: BigInt(DATA + 8) });
  assert.equal(machine.position, position + 2);
  assert.deepEqual(steps(machine, 100), { kind: 'breakpoint', pc: BigInt(DATA + 8) });
  assert.equal(machine.position, position + 5);
});

test('a locked entry applies to M mode and cannot be changed', () => {
  const everything = { config: NAPOT | R | W | X, address: (1n << 54n) - 1n };
  const machine = bareMachine();
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  protect(machine, [{ config: LOCK | NA4 | R, address: BigInt(DATA) >> 2n }, everything]);
  const { hart } = machine;
  const run = (item: number, value: bigint): bigint => {
    machine.ram.write(START, assemble([item]));
    hart.setRegister(5, value);
    hart.setRegister(6, BigInt(DATA));
    hart.setSlot('PC', BigInt(START));
    steps(machine, 1);
    return hart.slot('PC');
  };
  assert.equal(run(a.lw(7, 0, 6), 0n), BigInt(START + 4));
  assert.equal(run(a.sw(5, 0, 6), 0n), BigInt(HANDLER));
  assert.equal(trapOf(machine).cause, WRITE_FAULT);
  assert.equal(run(a.sw(5, 4, 6), 0n), BigInt(START + 4), 'the neighboring word');
  run(a.csrw(CSR.pmpcfg0, 5), 0n);
  run(a.csrw(CSR.pmpaddr0, 5), 0n);
  assert.equal(run(a.sw(5, 0, 6), 0n), BigInt(HANDLER), 'still');
});

test('the page walk is checked with S-mode permissions', () => {
  const machine = bareMachine();
  startPaging(machine);
  map(machine, 0, DATA, ALL);
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  const everything = { config: NAPOT | R | W | X, address: (1n << 54n) - 1n };
  const load = (): bigint => {
    const { hart } = machine;
    machine.ram.write(START, assemble([a.lw(7, 0, 6)]));
    hart.setRegister(6, BigInt(WINDOW));
    hart.setSlot('PRIVILEGE', MODES.M);
    hart.setSlot('MSTATUS', MPRV | (MODES.S << 11n));
    hart.core.updateContexts();
    hart.setSlot('PC', BigInt(START));
    steps(machine, 1);
    return hart.slot('PC');
  };
  protect(machine, [{ config: NA4 | W | X, address: BigInt(LEAVES) >> 2n }, everything]);
  assert.equal(load(), BigInt(HANDLER));
  assert.deepEqual(trapOf(machine), { cause: READ_FAULT, value: BigInt(WINDOW), pc: BigInt(START) });
  protect(machine, [{ config: NAPOT | R, address: BigInt(LEAVES) >> 2n }, everything]);
  assert.equal(load(), BigInt(START + 4));
});

test('without paging, S mode and M mode have separate permissions for the same page', () => {
  const machine = bareMachine();
  const { hart } = machine;
  hart.setSlot('MTVEC', BigInt(HANDLER));
  protect(machine, [
    { config: NAPOT | R, address: (BigInt(DATA) >> 2n) | 0x1ffn },
    { config: NAPOT | R | W | X, address: (1n << 54n) - 1n },
  ]);
  machine.ram.write(START, assemble([a.sw(5, 0, 6)]));
  hart.setRegister(6, BigInt(DATA));
  for (const mode of ['M', 'S', 'M', 'U', 'S', 'M'] as const) {
    hart.setSlot('PRIVILEGE', MODES[mode]);
    hart.core.updateContexts();
    hart.setSlot('PC', BigInt(START));
    steps(machine, 1);
    assert.equal(hart.slot('PC'), BigInt(mode === 'M' ? START + 4 : HANDLER), mode);
  }
});
