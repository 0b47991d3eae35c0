/** Paging follows the manual: permissions, faults, A and D bits. No translation is used after it is flushed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MMU_TYPES, type MmuType } from '../../../../debug-adapter/engine/machine/cpu/satp.ts';
import { a, assemble, ATOMICS, CSR, type Item } from './assembler.ts';
import {
  bareMachine,
  digestOf,
  machineWith,
  START,
  steps,
  trapOf,
  word,
  words,
  type BareMachine,
} from './bareMachine.ts';
import {
  ALL,
  ENTRY,
  leafAt,
  map,
  PTE,
  pte,
  secondSpace,
  setPrivilege,
  startPaging,
  WINDOW,
  writeEntry,
} from './paging.ts';
import { longTest, some } from '../../../support/extent.ts';

const [USER, SUPERVISOR, MACHINE] = [0, 1, 3];
const [SUM, MXR, MPRV] = [1n << 18n, 1n << 19n, 1n << 17n];
const HANDLER = START + 0x4000;
const [ONE, TWO] = [START + 0x1_0000, START + 0x1_1000];
const FAULT = { fetch: 12n, load: 13n, store: 15n };
const ACCESS_FAULT = { fetch: 1n, load: 5n, store: 7n };
type Access = 'fetch' | 'load' | 'store';

/** A machine with paging on. The code at START consists of a load and a store through x5. */
function pagedMachine(mmu: MmuType = 'sv39'): BareMachine {
  const machine = bareMachine();
  startPaging(machine, 1, mmu);
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.ram.write(START, assemble([a.lb(6, 0, 5), a.sb(6, 0, 5)]));
  machine.ram.write(ONE, assemble([a.nop]));
  return machine;
}

/**
 * Performs one access to an address and returns the cause of its trap, or undefined. In U mode, the code runs in the
 * second mapping of START.
 */
function tryAccess(machine: BareMachine, access: Access, address: bigint): bigint | undefined {
  const { hart } = machine;
  const code = hart.slot('PRIVILEGE') === 0n ? USER_VIEW : BigInt(START);
  hart.setSlot('PC', access === 'fetch' ? address : code + (access === 'load' ? 0n : 4n));
  hart.setRegister(5, address);
  hart.setSlot('MCAUSE', -1n & 0xffn);
  steps(machine, 1);
  return hart.slot('PC') === BigInt(HANDLER) ? hart.slot('MCAUSE') : undefined;
}

/** Maps RAM a second time, for U mode, at 0xc0000000. */
const USER_VIEW = 0xc000_0000n;
function addUserView(machine: BareMachine): void {
  writeEntry(machine, ENTRY.root + 16, pte(START, ALL | PTE.U));
}

/** Whether a leaf permits an access (Privileged Architecture, "Virtual Address Translation Process", steps 5 to 9). */
function isAllowed(flags: number, access: Access, privilege: number, status: bigint): boolean {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (!has(PTE.V) || (has(PTE.W) && !has(PTE.R)) || !(has(PTE.R) || has(PTE.X))) return false;
  if (privilege === USER && !has(PTE.U)) return false;
  if (privilege === SUPERVISOR && has(PTE.U) && (access === 'fetch' || !(status & SUM))) return false;
  if (access === 'fetch') return has(PTE.X);
  if (access === 'store') return has(PTE.W);
  return has(PTE.R) || (has(PTE.X) && (status & MXR) !== 0n);
}

for (const mmu of some(MMU_TYPES, 1)) {
  test(`${mmu}: a page's bits, the mode, SUM and MXR determine which accesses succeed and which set A and D`, () =>
    pageBits(mmu));
  longTest(`${mmu}: invalid page tables and addresses fault as the manual specifies`, () => brokenTables(mmu));
}

function pageBits(mmu: MmuType): void {
  const machine = pagedMachine(mmu);
  addUserView(machine);
  for (let flags = 0; flags < 256; flags++) {
    for (const privilege of [USER, SUPERVISOR]) {
      for (const status of [0n, SUM, MXR, SUM | MXR]) {
        for (const access of ['fetch', 'load', 'store'] as const) {
          map(machine, 0, ONE, flags);
          setPrivilege(machine, privilege, status);
          const cause = tryAccess(machine, access, BigInt(WINDOW));
          const allowed = isAllowed(flags, access, privilege, status);
          const what = `${access} with flags ${flags} in mode ${privilege}, status ${status.toString(16)}`;
          assert.equal(cause, allowed ? undefined : FAULT[access], what);
          const marks = allowed ? (access === 'store' ? PTE.A | PTE.D : PTE.A) : 0;
          assert.equal(word(machine, leafAt(0)), pte(ONE, flags | marks), what);
          if (!allowed) assert.equal(trapOf(machine).value, BigInt(WINDOW), what);
        }
      }
    }
  }
}

test('with MPRV, loads and stores in M mode use the translation of the mode in MPP, and fetches do not', () => {
  const machine = pagedMachine();
  for (const [mpp, flags, allowed] of [
    [SUPERVISOR, ALL, true],
    [SUPERVISOR, ALL | PTE.U, false],
    [USER, ALL | PTE.U, true],
    [USER, ALL, false],
  ] as const) {
    map(machine, 0, ONE, flags);
    for (const access of ['load', 'store'] as const) {
      setPrivilege(machine, MACHINE, MPRV | (BigInt(mpp) << 11n));
      assert.equal(tryAccess(machine, access, BigInt(WINDOW)), allowed ? undefined : FAULT[access]);
    }
    setPrivilege(machine, MACHINE, MPRV | (BigInt(mpp) << 11n));
    assert.equal(tryAccess(machine, 'fetch', BigInt(WINDOW)), ACCESS_FAULT.fetch);
  }
  setPrivilege(machine, MACHINE, MPRV | (3n << 11n));
  assert.equal(tryAccess(machine, 'load', BigInt(WINDOW)), ACCESS_FAULT.load);
});

function brokenTables(mmu: MmuType): void {
  const outside = 0x9000_0000;
  const good = pte(ONE, ALL);
  const cases: [name: string, entry: number, value: bigint, address: bigint, causes: typeof FAULT][] = [
    ['an address with differing upper bits', leafAt(0), good, BigInt(WINDOW) | (1n << FIRST_ABOVE[mmu]), FAULT],
    ['an address with a differing top bit', leafAt(0), good, BigInt(WINDOW) | (1n << 63n), FAULT],
    ['an address with a differing sign bit', leafAt(0), good, BigInt(WINDOW) | (1n << (FIRST_ABOVE[mmu] - 1n)), FAULT],
    ['an address with only upper bits set', leafAt(0), good, -4096n, FAULT],
    ['a pointer at the last level', leafAt(0), pte(ONE, PTE.V), BigInt(WINDOW), FAULT],
    ['a reserved bit', leafAt(0), good | (1n << 54n), BigInt(WINDOW), FAULT],
    ['the reserved memory type', leafAt(0), good | (3n << 61n), BigInt(WINDOW), FAULT],
    ['a pointer with a memory type', ENTRY.middle, pte(leafAt(0), PTE.V) | (1n << 61n), BigInt(WINDOW), FAULT],
    ['the Svnapot bit', leafAt(0), good | (1n << 63n), BigInt(WINDOW), FAULT],
    ['a misaligned megapage', ENTRY.middle, pte(ONE, ALL), BigInt(WINDOW), FAULT],
    ['a misaligned gigapage', ENTRY.root, pte(0x8020_0000, ALL), BigInt(WINDOW), FAULT],
    ['a pointer with A', ENTRY.middle, pte(leafAt(0), PTE.V | PTE.A), BigInt(WINDOW), FAULT],
    ['a pointer with D', ENTRY.middle, pte(leafAt(0), PTE.V | PTE.D), BigInt(WINDOW), FAULT],
    ['a pointer with U', ENTRY.root, pte(ENTRY.middle, PTE.V | PTE.U), BigInt(WINDOW), FAULT],
    ['a table outside memory', ENTRY.middle, pte(outside, PTE.V), BigInt(WINDOW), ACCESS_FAULT],
    ['a page outside memory', leafAt(0), pte(outside, ALL), BigInt(WINDOW), ACCESS_FAULT],
    ['a page beyond 4 GiB', leafAt(0), good | (1n << 50n), BigInt(WINDOW), ACCESS_FAULT],
  ];
  for (const [name, entry, value, address, causes] of cases) {
    for (const access of ['fetch', 'load', 'store'] as const) {
      const machine = pagedMachine(mmu);
      map(machine, 0, ONE, ALL);
      writeEntry(machine, entry, value);
      setPrivilege(machine, SUPERVISOR);
      assert.equal(tryAccess(machine, access, address), causes[access], `${access}: ${name}`);
      assert.equal(trapOf(machine).value, BigInt.asUintN(64, address), name);
    }
  }
}

/** The lowest address bit that is used only to check whether an address is canonical. */
const FIRST_ABOVE = { sv39: 39n, sv48: 48n };

test('superpages map all their pages', () => {
  const machine = bareMachine({ memoryBytes: 4 << 20 });
  startPaging(machine);
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  writeEntry(machine, ENTRY.middle, pte(START + 0x20_0000, ALL));
  machine.ram.write(START, assemble([a.ld(6, 0, 5)]));
  for (const offset of [0, 0x1008, 0x1f_fff8]) {
    machine.ram.write(START + 0x20_0000 + offset, words(BigInt(offset) + 7n));
    assert.equal(tryAccess(machine, 'load', BigInt(WINDOW + offset)), undefined);
    assert.equal(machine.hart.register(6), BigInt(offset) + 7n);
  }
});

// --- flushes -----------------------------------------------------------------------------------------------------------

/**
 * A program in S mode. Pages ONE and TWO contain the values 1 and 2, the window (x5) maps ONE, x6 is the address of the
 * window's table entry, and x7 is an entry that maps TWO.
 */
function pagedProgram(program: Item[], flags: number = ALL): BareMachine {
  const machine = machineWith([program, 'end:', a.j('end')]);
  startPaging(machine);
  map(machine, 0, ONE, flags);
  machine.ram.write(ONE, words(1n));
  machine.ram.write(TWO, words(2n));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.ram.write(HANDLER, assemble(['stop:', a.j('stop')]));
  machine.hart.setRegister(5, BigInt(WINDOW));
  machine.hart.setRegister(6, BigInt(leafAt(0)));
  machine.hart.setRegister(7, pte(TWO, ALL));
  return machine;
}

function runPaged(program: Item[], flags: number = ALL): BareMachine {
  const machine = pagedProgram(program, flags);
  steps(machine, 200);
  return machine;
}

test('after sfence.vma, loads and stores access the new page', () => {
  const machine = runPaged([
    a.ld(10, 0, 5),
    a.sd(0, 8, 5),
    a.sd(7, 0, 6),
    a.sfenceVma,
    a.ld(11, 0, 5),
    a.addi(12, 0, 12),
    a.sd(12, 8, 5),
  ]);
  assert.deepEqual([machine.hart.register(10), machine.hart.register(11)], [1n, 2n]);
  assert.deepEqual([word(machine, ONE + 8), word(machine, TWO + 8)], [0n, 12n]);
});

test('after sfence.vma, fetches read the new page', () => {
  const machine = pagedProgram([a.jalr(1, 0x100, 5), a.sd(7, 0, 6), a.sfenceVma, a.jalr(1, 0x100, 5)]);
  const addAndReturn = (value: number) => assemble([a.addi(11, 11, value), a.jalr(0, 0, 1)]);
  machine.ram.write(ONE + 0x100, addAndReturn(1));
  machine.ram.write(TWO + 0x100, addAndReturn(16));
  steps(machine, 50);
  assert.equal(machine.hart.register(11), 17n);
});

test('a write to satp changes the address space immediately', () => {
  const machine = pagedProgram([
    a.ld(10, 0, 5),
    a.csrw(CSR.satp, 8),
    a.ld(11, 0, 5),
    a.csrw(CSR.satp, 9),
    a.ld(12, 0, 5),
  ]);
  const { hart } = machine;
  machine.ram.write(START + 0x9_0000, words(pte(TWO, ALL)));
  hart.setRegister(8, secondSpace(machine, START + 0x9_0000));
  hart.setRegister(9, hart.slot('SATP'));
  steps(machine, 5);
  assert.deepEqual([hart.register(10), hart.register(11), hart.register(12)], [1n, 2n, 1n]);
});

test('SUM and MXR take effect from the next access', () => {
  const forbid = (program: Item[], flags: number, cause: bigint): void => {
    const machine = runPaged(program, flags);
    assert.equal(machine.hart.register(10), 1n, 'the first access is permitted');
    assert.deepEqual(trapOf(machine).cause, cause);
    assert.equal(machine.hart.register(11), 0n);
  };
  const around = (bit: bigint): Item[] => [
    a.li(8, bit),
    a.csrrs(0, CSR.sstatus, 8),
    a.ld(10, 0, 5),
    a.csrrc(0, CSR.sstatus, 8),
    a.ld(11, 0, 5),
  ];
  forbid(around(SUM), ALL | PTE.U, FAULT.load);
  forbid(around(MXR), PTE.V | PTE.X | PTE.A, FAULT.load);
});

test('MPRV takes effect as soon as a CSR write or mret changes it', () => {
  const machine = machineWith([
    a.li(8, MPRV | (1n << 11n)),
    a.csrrs(0, CSR.mstatus, 8),
    a.ld(10, 0, 5),
    a.csrrc(0, CSR.mstatus, 8),
    a.ld(11, 0, 5),
    a.nop,
  ]);
  startPaging(machine, 3);
  map(machine, 0, ONE, ALL);
  machine.ram.write(ONE, words(1n));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.hart.setRegister(5, BigInt(WINDOW));
  steps(machine, a.li(8, MPRV | (1n << 11n)).length + 4);
  assert.equal(machine.hart.register(10), 1n);
  assert.equal(trapOf(machine).cause, ACCESS_FAULT.load);
  const returned = machineWith([a.mret]);
  returned.hart.setSlot('MSTATUS', MPRV | (1n << 11n));
  steps(returned, 1);
  assert.equal(returned.hart.slot('MSTATUS') & MPRV, 0n, 'mret to S mode clears MPRV');
});

// --- page tables as data ------------------------------------------------------------------------------------------------

test('a page table entry is executed as an instruction, and setting its A bit changes that instruction', () => {
  // The bits V, R and U together form the opcode of addi. With A, they are a floating-point opcode, which is illegal in
  // this test.
  const entry = pte(ONE, PTE.V | PTE.R | PTE.U);
  const setSum = [a.li(28, SUM), a.csrrs(0, CSR.sstatus, 28)];
  const machine = machineWith([setSum, a.jalr(1, 0, 6), a.ld(10, 0, 5), a.jalr(1, 0, 6)]);
  startPaging(machine);
  writeEntry(machine, leafAt(0), entry);
  machine.hart.setRegister(5, BigInt(WINDOW));
  machine.hart.setRegister(6, BigInt(leafAt(0)));
  // The upper half of the entry is zero, which is also an illegal instruction. The handler returns from both traps.
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.ram.write(HANDLER, assemble([a.csrw(CSR.mepc, 1), a.mret]));
  steps(machine, setSum.flat().length + 3);
  assert.deepEqual(trapOf(machine), { cause: 2n, value: 0n, pc: BigInt(leafAt(0) + 4) });
  steps(machine, 2 + 1 + 2);
  assert.equal(word(machine, leafAt(0)), entry | BigInt(PTE.A));
  assert.deepEqual(trapOf(machine), { cause: 2n, value: entry | BigInt(PTE.A), pc: BigInt(leafAt(0)) });
});

test("a store across a page boundary that replaces the second page's table entry uses the old entry", () => {
  // Page 511 of the window is the leaf table itself. The second half of the store goes to the next page, TWO.
  const machine = machineWith([a.sd(7, 0, 5)]);
  startPaging(machine);
  map(machine, 511, leafAt(0), ALL);
  writeEntry(machine, ENTRY.middle + 8, pte(LEAVES_OF_NEXT, PTE.V));
  writeEntry(machine, LEAVES_OF_NEXT, pte(TWO, ALL));
  // Entry 511 is the last one in the table. The store overwrites its upper half, and 4 bytes of TWO.
  machine.hart.setRegister(5, BigInt(WINDOW + 511 * 4096 + 0xffc));
  machine.hart.setRegister(7, 0x1122_3344_ffff_ffffn);
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  steps(machine, 1);
  assert.equal(word(machine, leafAt(511)) >> 32n, 0xffff_ffffn);
  assert.equal(word(machine, TWO), 0x1122_3344n);
});
const LEAVES_OF_NEXT = START + 0xa_0000;

/** Programs that omit sfence.vma. x6 is the address of the page table entry; x7 is that entry with A and D cleared. */
const MISSING_FENCE: Item[][] = [
  [a.ld(10, 0, 5), a.sd(7, 0, 6), a.ld(11, 0, 5), a.ld(12, 0, 6)],
  [a.sd(10, 0, 5), a.sd(7, 0, 6), a.sd(11, 0, 5), a.ld(12, 0, 6)],
  [a.ld(10, 0, 5), a.sd(10, 8, 5), a.sd(7, 0, 6), a.ld(11, 0, 5), a.sd(11, 8, 5), a.ld(12, 0, 6)],
];

test('saving and loading the state between any two steps changes nothing, even for a guest that omits sfence.vma', () => {
  const entry = PTE.V | PTE.R | PTE.W;
  for (const program of MISSING_FENCE) {
    const start = (): BareMachine => {
      const machine = pagedProgram(program, entry);
      machine.hart.setRegister(7, pte(ONE, entry));
      return machine;
    };
    const straight = start();
    steps(straight, program.length);
    for (let at = 0; at < program.length; at++) {
      const interrupted = start();
      steps(interrupted, at);
      interrupted.loadState(interrupted.saveState());
      steps(interrupted, program.length - at);
      assert.equal(digestOf(interrupted), digestOf(straight), `saved and loaded after ${at} steps`);
    }
  }
});

/**
 * Programs that store through x5 to a page that is the leaf table itself. The store maps that virtual page to a
 * different physical page, which the next access then uses.
 */
const THROUGH_ITSELF: Record<string, Item[]> = {
  'a store': [a.sd(7, 0, 5), a.sd(8, 0, 6), a.ld(10, 0, 6)],
  'an AMO': [ATOMICS['amoswap.d'](0, 7, 5), ATOMICS['amoswap.d'](0, 8, 6), a.ld(10, 0, 6)],
  'an SC': [a.lrD(0, 5), a.scD(0, 7, 5), a.sd(8, 0, 6), a.ld(10, 0, 6)],
};

test('after a write replaces the page table entry that maps its own address, the next access uses the new page', () => {
  for (const [name, program] of Object.entries(THROUGH_ITSELF)) {
    const start = (): BareMachine => {
      const machine = machineWith(program);
      startPaging(machine);
      map(machine, 511, leafAt(0), ALL);
      const registers = { 5: WINDOW + 511 * 4096 + 511 * 8, 6: WINDOW + 511 * 4096, 7: pte(TWO, ALL), 8: 77 };
      for (const [register, value] of Object.entries(registers)) {
        machine.hart.setRegister(Number(register), BigInt(value));
      }
      return machine;
    };
    const straight = start();
    steps(straight, program.length);
    assert.equal(word(straight, TWO), 77n, name);
    const interrupted = start();
    for (let step = 0; step < program.length; step++) {
      steps(interrupted, 1);
      interrupted.loadState(interrupted.saveState());
    }
    assert.equal(digestOf(interrupted), digestOf(straight), name);
  }
});

test('after each of two M-mode writes to a page table, a page walk reads the new entry', () => {
  const mprv = MPRV | (1n << 11n);
  const machine = machineWith([
    a.li(8, mprv),
    a.sd(7, 8, 6),
    a.sd(9, 0, 6),
    [a.csrrs(0, CSR.mstatus, 8), a.ld(10, 0, 5), a.csrrc(0, CSR.mstatus, 8)],
    a.sd(7, 0, 6),
    [a.csrrs(0, CSR.mstatus, 8), a.ld(11, 0, 5)],
  ]);
  startPaging(machine, 3);
  machine.ram.write(ONE, words(1n));
  machine.ram.write(TWO, words(2n));
  machine.hart.setRegister(5, BigInt(WINDOW));
  machine.hart.setRegister(6, BigInt(leafAt(0)));
  machine.hart.setRegister(7, pte(TWO, ALL));
  machine.hart.setRegister(9, pte(ONE, ALL));
  steps(machine, a.li(8, mprv).length + 8);
  assert.deepEqual([machine.hart.register(10), machine.hart.register(11)], [1n, 2n]);
});

test('code that unmaps its own page takes a page fault at the next instruction', () => {
  for (const slice of [1, 2, 100]) {
    const machine = pagedProgram([a.jalr(1, 0x100, 5)]);
    machine.ram.write(ONE + 0x100, assemble([a.addi(11, 11, 1), a.sd(0, 0, 6), a.addi(11, 11, 1), a.jalr(0, 0, 1)]));
    while (machine.position < 4) machine.run(Math.min(4, machine.position + slice));
    assert.deepEqual(trapOf(machine), {
      cause: FAULT.fetch,
      value: BigInt(WINDOW + 0x108),
      pc: BigInt(WINDOW + 0x108),
    });
    assert.equal(machine.hart.register(11), 1n);
  }
});
