/** Cache-block operations behave as the manual specifies, both in translated code and in the interpreter.
 *
 * These tests also cover Zawrs and Svpbmt (which is enabled in menvcfg).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, assemble, CSR, type Item } from './assembler.ts';
import { bareMachine, type BareMachine, digestOf, machineWith, START, steps, trapOf, word } from './bareMachine.ts';
import { ALL, leafAt, map, PTE, pte, setPrivilege, startPaging, WINDOW, writeEntry } from './paging.ts';

const [USER, SUPERVISOR, MACHINE] = [0, 1, 3];
const HANDLER = START + 0x4000;
const DATA = START + 0x1_0000;
const [T0, T1] = [5, 6];
const [ILLEGAL, STORE_ACCESS, STORE_PAGE] = [2n, 7n, 15n];
const TW = 1n << 21n;
const OPERATIONS = { zero: a.cboZero, inval: a.cboInval, clean: a.cboClean, flush: a.cboFlush };
type Operation = keyof typeof OPERATIONS;
const NAMES = Object.keys(OPERATIONS) as Operation[];

/** A machine whose code is one cache-block operation at the address in t0; all bytes in two data pages are nonzero. */
function machineFor(operation: Operation): BareMachine {
  const machine = bareMachine();
  machine.ram.write(DATA, new Uint8Array(0x2000).fill(0xff));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.ram.write(START, assemble([OPERATIONS[operation](T0)]));
  return machine;
}

/** Executes the operation and returns the cause of its trap, or undefined. */
function execute(machine: BareMachine, address: number | bigint): bigint | undefined {
  const { hart } = machine;
  hart.setSlot('PC', BigInt(START));
  hart.setRegister(T0, BigInt(address));
  steps(machine, 1);
  return hart.slot('PC') === BigInt(HANDLER) ? hart.slot('MCAUSE') : undefined;
}

/** The zero bytes in a page: the offset of the first one, and their number. */
function zeroes(machine: BareMachine, page: number): { first: number; count: number } {
  const bytes = new Uint8Array(0x1000);
  machine.ram.read(page, bytes);
  return { first: bytes.indexOf(0), count: bytes.filter((byte) => byte === 0).length };
}

test('cbo.zero writes 64 zero bytes to the block that contains an address', () => {
  for (const offset of [0, 1, 63, 64, 0x7ff, 0xfff]) {
    const machine = machineFor('zero');
    assert.equal(execute(machine, DATA + offset), undefined);
    assert.deepEqual(zeroes(machine, DATA), { first: offset & ~63, count: 64 });
    // Repeats the operation; the page is now in the TLB.
    assert.equal(execute(machine, DATA + (offset ^ 0x400)), undefined);
    assert.equal(zeroes(machine, DATA).count, 128);
  }
});

test('cache-block operations other than cbo.zero do not change memory', () => {
  for (const name of ['inval', 'clean', 'flush'] as const) {
    const machine = machineFor(name);
    assert.equal(execute(machine, DATA + 5), undefined);
    assert.equal(zeroes(machine, DATA).count, 0);
    assert.equal(machine.hart.slot('PC'), BigInt(START + 4));
  }
});

/** The bits of menvcfg and senvcfg that permit an operation. */
const BITS: Record<Operation, readonly bigint[]> = {
  zero: [0x80n],
  inval: [0x10n, 0x20n, 0x30n],
  clean: [0x40n],
  flush: [0x40n],
};
const ALL_BITS = 0xf0n;

for (const name of NAMES) {
  test(`cbo.${name} requires its menvcfg bit below M mode, and its senvcfg bit too in U mode`, () => {
    const machine = machineFor(name);
    for (const bits of BITS[name]) {
      const others = ALL_BITS & ~(name === 'inval' ? 0x30n : bits);
      for (const [privilege, menvcfg, senvcfg, allowed] of [
        [MACHINE, 0n, 0n, true],
        [SUPERVISOR, bits, 0n, true],
        [SUPERVISOR, others, ALL_BITS, false],
        [USER, bits, bits, true],
        [USER, ALL_BITS, others, false],
        [USER, others, ALL_BITS, false],
      ] as const) {
        const what = `mode ${privilege}, menvcfg ${menvcfg}, senvcfg ${senvcfg}`;
        machine.hart.setSlot('MENVCFG', menvcfg);
        machine.hart.setSlot('SENVCFG', senvcfg);
        setPrivilege(machine, privilege);
        assert.equal(execute(machine, DATA), allowed ? undefined : ILLEGAL, what);
        if (!allowed) assert.equal(trapOf(machine).value, BigInt(OPERATIONS[name](T0)), what);
      }
    }
  });
}

test('in menvcfg and senvcfg, only the bits for implemented extensions are writable', () => {
  const program = [a.li(5, -1), a.csrw(CSR.menvcfg, 5), a.csrw(CSR.senvcfg, 5)];
  const machine = machineWith([program, a.csrr(6, CSR.menvcfg), a.csrr(7, CSR.senvcfg)]);
  assert.equal(machine.hart.slot('MENVCFG'), 1n << 62n, 'memory types are enabled at reset, as in QEMU 10');
  steps(machine, 5);
  const { hart } = machine;
  assert.deepEqual([hart.register(6), hart.register(7)], [(3n << 62n) | 0xf1n, 0xf1n]);
});

test("cbo.zero faults like a store, and the others fault only if both load and store would fault; mtval is the block's address", () => {
  const rights: [flags: number, zero: bigint | undefined, manage: bigint | undefined][] = [
    [ALL, undefined, undefined],
    [PTE.V | PTE.R | PTE.A | PTE.D, STORE_PAGE, undefined],
    [PTE.V | PTE.X | PTE.A | PTE.D, STORE_PAGE, STORE_PAGE],
    [ALL | PTE.U, STORE_PAGE, STORE_PAGE],
    [0, STORE_PAGE, STORE_PAGE],
  ];
  for (const [flags, zero, manage] of rights) {
    for (const name of NAMES) {
      const machine = machineFor(name);
      startPaging(machine);
      machine.hart.setSlot('MENVCFG', ALL_BITS);
      map(machine, 0, DATA, flags);
      const expected = name === 'zero' ? zero : manage;
      assert.equal(execute(machine, WINDOW + 0x7c5), expected, `${name}: ${flags}`);
      if (expected !== undefined) assert.equal(trapOf(machine).value, BigInt(WINDOW + 0x7c0));
      assert.equal(zeroes(machine, DATA).count, name === 'zero' && zero === undefined ? 64 : 0);
    }
  }
});

test('cbo.zero sets the A and D bits of its page, and the other operations set only A', () => {
  for (const name of NAMES) {
    const machine = machineFor(name);
    startPaging(machine);
    machine.hart.setSlot('MENVCFG', ALL_BITS);
    const flags = PTE.V | PTE.R | PTE.W;
    map(machine, 0, DATA, flags);
    assert.equal(execute(machine, WINDOW), undefined);
    assert.equal(word(machine, leafAt(0)), pte(DATA, flags | PTE.A | (name === 'zero' ? PTE.D : 0)));
  }
});

test('outside memory, cbo.zero faults and the other operations do nothing; PMP can deny all of them', () => {
  for (const name of NAMES) {
    const machine = machineFor(name);
    assert.equal(execute(machine, 0x9000_0041), name === 'zero' ? STORE_ACCESS : undefined);
    if (name === 'zero') assert.equal(trapOf(machine).value, 0x9000_0040n);
    const guarded = machineFor(name);
    // Entry 0: no access to the last quarter of the block; entry 1: access to everything else.
    guarded.hart.setSlot('PMPADDR0', BigInt((DATA + 0x30) >>> 2) | 1n);
    guarded.hart.setSlot('PMPADDR1', -1n & ((1n << 54n) - 1n));
    guarded.hart.setSlot('PMPCFG0', 0x1f18n);
    guarded.hart.setSlot('MENVCFG', ALL_BITS);
    setPrivilege(guarded, SUPERVISOR);
    assert.equal(execute(guarded, DATA), STORE_ACCESS);
    setPrivilege(guarded, SUPERVISOR);
    assert.equal(execute(guarded, DATA + 64), undefined);
  }
});

test('cbo.zero at the address of a device writes to the device byte by byte', () => {
  const machine = machineWith([a.sb(T1, 7, T0), a.cboZero(T0), a.lbu(T1, 7, T0)]);
  const uart = 0x1000_0000;
  machine.hart.setRegister(T0, BigInt(uart));
  machine.hart.setRegister(T1, 0x5an);
  machine.hart.setSlot('MTVEC', BigInt(START + 8));
  steps(machine, 3);
  assert.equal(machine.hart.register(T1), 0n, 'the scratch register');
  assert.equal(machine.printed()[0], '\0');
});

// --- in translated code -------------------------------------------------------------------------------------------------

const PAGES = 8;

/**
 * Zeroes PAGES pages three times, block by block as a kernel's clear_page does. Each iteration zeroes two blocks; t2
 * counts the iterations.
 */
const CLEARING: Item[] = [
  a.addi(28, 0, 3),
  'again:',
  a.addi(T0, 10, 0),
  'next:',
  a.cboZero(T0),
  a.addi(T0, T0, 64),
  a.cboZero(T0),
  a.addi(7, 7, 1),
  a.addi(T0, T0, 64),
  a.to('next', (offset) => a.bltu(T0, 11, offset)),
  a.addi(28, 28, -1),
  a.to('again', (offset) => a.bne(28, 0, offset)),
  'end:',
  a.j('end'),
];

function clearing(translationThreshold: number, prepare: (machine: BareMachine) => void = () => {}): BareMachine {
  const machine = machineWith(CLEARING, { translationThreshold });
  machine.ram.write(DATA, new Uint8Array(PAGES * 4096 + 64).fill(0xff));
  machine.ram.write(HANDLER, assemble(['stop:', a.j('stop')]));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.hart.setRegister(10, BigInt(DATA));
  machine.hart.setRegister(11, BigInt(DATA + PAGES * 4096));
  prepare(machine);
  for (let run = 0; run < 100; run++) steps(machine, 61);
  return machine;
}

const SITUATIONS: Record<string, (machine: BareMachine) => void> = {
  'in M mode': () => {},
  'in S mode': (machine) => {
    machine.hart.setSlot('MENVCFG', ALL_BITS);
    setPrivilege(machine, SUPERVISOR);
  },
  'with paging': (machine) => {
    startPaging(machine);
    machine.hart.setSlot('MENVCFG', ALL_BITS);
    for (let page = 0; page < PAGES; page++)
      map(machine, page, DATA + 4096 * (page ^ 1), page === 5 ? PTE.V | PTE.R : ALL);
    machine.hart.setRegister(10, BigInt(WINDOW));
    machine.hart.setRegister(11, BigInt(WINDOW + PAGES * 4096));
  },
  'where it is not permitted': (machine) => setPrivilege(machine, SUPERVISOR),
  'over its own page table': (machine) => {
    startPaging(machine);
    machine.hart.setSlot('MENVCFG', ALL_BITS);
    for (let page = 0; page < PAGES; page++) map(machine, page, page === 3 ? leafAt(0) : DATA + 4096 * page, ALL);
    machine.hart.setRegister(10, BigInt(WINDOW));
    machine.hart.setRegister(11, BigInt(WINDOW + PAGES * 4096));
  },
  'over its own code': (machine) => machine.hart.setRegister(10, BigInt(START - 0x40)),
};

for (const [where, prepare] of Object.entries(SITUATIONS)) {
  test(`clearing pages ${where} gives the same result in translated code and in the interpreter`, () => {
    const [interpreted, ...translated] = [0, 1, 2, 20].map((threshold) => clearing(threshold, prepare));
    for (const machine of translated) {
      assert.equal(digestOf(machine), digestOf(interpreted));
      assert.deepEqual(trapOf(machine), trapOf(interpreted));
    }
  });
}

test('clearing pages zeroes them and leaves the memory after them unchanged', () => {
  const machine = clearing(1);
  assert.ok(machine.hart.regionCount > 0, 'the loop was translated');
  assert.equal(machine.hart.register(7), BigInt(3 * PAGES * 32));
  for (let page = 0; page < PAGES; page++) assert.equal(zeroes(machine, DATA + 4096 * page).count, 4096);
  assert.equal(zeroes(machine, DATA + 4096 * PAGES).count, 4096 - 64);
});

test('watchpoints stop at cbo.zero operations that zero watched bytes', () => {
  for (const translationThreshold of [0, 1]) {
    const machine = machineWith(CLEARING, { translationThreshold });
    machine.hart.setRegister(10, BigInt(DATA));
    machine.hart.setRegister(11, BigInt(DATA + PAGES * 4096));
    const watched = { address: DATA + 0x20fc, lengthBytes: 4, access: 'write' as const };
    machine.setStopPoints({ breakpoints: new Set(), watchpoints: [{ id: 1, ...watched }] });
    const stop = machine.run(100_000);
    assert.equal(stop.kind, 'hit');
    assert.equal(machine.hart.register(T0), BigInt(DATA + 0x20c0), 'at the block, not at a later one');
  }
});

// --- Zawrs ---------------------------------------------------------------------------------------------------------------

test('wrs.nto and wrs.sto return immediately and clear the reservation', () => {
  for (const wrs of [a.wrsNto, a.wrsSto]) {
    const machine = machineWith([a.lrD(6, 5), wrs, a.scD(7, 6, 5)]);
    machine.hart.setRegister(5, BigInt(DATA));
    assert.equal(steps(machine, 3).kind, 'reached');
    assert.equal(machine.hart.register(7), 1n);
    assert.equal(machine.hart.slot('PC'), BigInt(START + 12));
  }
});

test('mstatus.TW makes wrs.nto illegal below M mode, but never wrs.sto', () => {
  for (const privilege of [USER, SUPERVISOR, MACHINE]) {
    for (const [wrs, status, trapped] of [
      [a.wrsNto, 0n, false],
      [a.wrsNto, TW, privilege !== MACHINE],
      [a.wrsSto, TW, false],
    ] as const) {
      const machine = machineWith([wrs]);
      machine.hart.setSlot('MTVEC', BigInt(HANDLER));
      setPrivilege(machine, privilege, status);
      steps(machine, 1);
      assert.equal(machine.hart.slot('PC'), BigInt(trapped ? HANDLER : START + 4));
      // The cause is the same as in QEMU 10. QEMU also puts the instruction bits into mtval; blkreplay does not.
      if (trapped) assert.deepEqual(trapOf(machine), { cause: ILLEGAL, value: 0n, pc: BigInt(START) });
    }
  }
});

// --- Svpbmt --------------------------------------------------------------------------------------------------------------

const PBMTE = 1n << 62n;

test('when menvcfg enables memory types, the next access uses them', () => {
  const machine = machineWith([
    a.li(8, (1n << 17n) | (1n << 11n)),
    a.csrrs(0, CSR.mstatus, 8),
    a.ld(10, 0, 5),
    a.csrrc(0, CSR.menvcfg, 9),
    a.ld(11, 0, 5),
  ]);
  startPaging(machine, 3);
  writeEntry(machine, leafAt(0), pte(DATA, ALL) | (1n << 61n));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.hart.setRegister(5, BigInt(WINDOW));
  machine.hart.setRegister(9, PBMTE);
  steps(machine, a.li(8, (1n << 17n) | (1n << 11n)).length + 3);
  assert.equal(trapOf(machine).cause, 0n);
  steps(machine, 1);
  assert.equal(trapOf(machine).cause, 13n);
});

test('a translation that one hart made with memory types on is not used by a hart with memory types off', () => {
  const machine = bareMachine({ harts: 2 });
  // Each hart reads the page in an endless loop, and the scheduler alternates between the harts.
  machine.ram.write(START, assemble(['again:', a.ld(6, 0, 5), a.addi(7, 7, 1), a.j('again')]));
  machine.ram.write(HANDLER, assemble(['stop:', a.j('stop')]));
  const { harts, hart } = machine;
  startPaging(machine);
  writeEntry(machine, leafAt(0), pte(DATA, ALL) | (1n << 61n));
  const satp = hart.slot('SATP');
  for (const index of [1, 0]) {
    harts.select(index, 0);
    hart.setSlot('PC', BigInt(START));
    hart.setSlot('SATP', satp);
    hart.setSlot('MENVCFG', index === 0 ? PBMTE : 0n);
    hart.setSlot('MTVEC', BigInt(HANDLER));
    hart.setRegister(5, BigInt(WINDOW));
    setPrivilege(machine, SUPERVISOR);
  }
  steps(machine, 1_000_000);
  const [first, second] = [0, 1].map((index) => harts.view(index, machine.position));
  assert.ok(first.register(7) > 1000n && first.slot('MCAUSE') === 0n, 'the hart with memory types on reads the page');
  assert.deepEqual([second.register(7), second.slot('MCAUSE'), second.slot('MTVAL')], [0n, 13n, BigInt(WINDOW)]);
});
