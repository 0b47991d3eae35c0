/** Sv48 translation works through four levels, with superpages at each level, in both halves of the address space. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEGACY_ISA } from '../../../../debug-adapter/engine/machine/cpu/extensions.ts';
import { MachineInspector } from '../../../../debug-adapter/engine/machine/machineInspector.ts';
import { a, assemble, CSR } from './assembler.ts';
import { bareMachine, type BareMachine, START, steps, trapOf, word, words } from './bareMachine.ts';
import { ALL, ENTRY, leafAt, map, PTE, pte, setPrivilege, startPaging, WINDOW, writeEntry } from './paging.ts';
import { some } from '../../../support/extent.ts';

const HANDLER = START + 0x4000;
const ONE = START + 0x1_0000;
const FAULT = { load: 13n, store: 15n };
const [LOAD, STORE] = [BigInt(START), BigInt(START) + 4n];

function sv48Machine(): BareMachine {
  const machine = bareMachine({ memoryBytes: 4 << 20 });
  startPaging(machine, 1, 'sv48');
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.ram.write(START, assemble([a.ld(6, 0, 5), a.sd(6, 0, 5)]));
  return machine;
}

/** Performs one access and returns the cause of its trap, or undefined. */
function access(machine: BareMachine, code: bigint, address: bigint): bigint | undefined {
  const { hart } = machine;
  setPrivilege(machine, 1);
  hart.setSlot('PC', code);
  hart.setRegister(5, BigInt.asUintN(64, address));
  steps(machine, 1);
  return hart.slot('PC') === BigInt(HANDLER) ? hart.slot('MCAUSE') : undefined;
}

/** The physical address to which a debugger translates a virtual address. */
function seen(machine: BareMachine, address: bigint): number | undefined {
  setPrivilege(machine, 1);
  return new MachineInspector(machine).translate(address);
}

for (const [mmu, modes] of [
  ['sv39', [0n, 8n]],
  ['sv48', [0n, 8n, 9n]],
] as const) {
  test(`on a machine with ${mmu}, satp accepts the modes ${modes.join(', ')} and ignores all other modes`, () => {
    const machine = bareMachine({ mmu });
    machine.ram.write(START, assemble([a.csrw(CSR.satp, 5), a.csrr(6, CSR.satp)]));
    const { hart } = machine;
    for (let mode = 0n; mode < 16n; mode++) {
      const before = (8n << 60n) | 0x1234n;
      hart.setSlot('SATP', before);
      hart.setSlot('PC', BigInt(START));
      hart.setRegister(5, (mode << 60n) | 0x77n);
      steps(machine, 2);
      assert.equal(
        hart.register(6),
        modes.some((one) => one === mode) ? (mode << 60n) | 0x77n : before,
        `mode ${mode}`,
      );
    }
  });
}

/**
 * A leaf entry at each level that maps RAM: the address of the entry, the physical page, and the first virtual address.
 */
const LEVELS = [
  { name: 'page', entry: leafAt(3), page: ONE, address: BigInt(WINDOW + 3 * 4096), sizeLog2: 12n },
  {
    name: 'megapage',
    entry: ENTRY.middle + 8,
    page: START + 0x20_0000,
    address: BigInt(WINDOW + 0x20_0000),
    sizeLog2: 21n,
  },
  { name: 'gigapage', entry: ENTRY.root + 8 * 7, page: START, address: BigInt(WINDOW) + (7n << 30n), sizeLog2: 30n },
  { name: 'terapage', entry: ENTRY.top + 8 * 3, page: 0, address: 3n << 39n, sizeLog2: 39n },
  { name: 'last terapage of the lower half', entry: ENTRY.top + 8 * 255, page: 0, address: 255n << 39n, sizeLog2: 39n },
  {
    name: 'first terapage of the upper half',
    entry: ENTRY.top + 8 * 256,
    page: 0,
    address: -(1n << 47n),
    sizeLog2: 39n,
  },
];

for (const { name, entry, page, address, sizeLog2 } of some(LEVELS, 2)) {
  test(`a ${name} maps all its pages, its A and D bits are set, and debuggers can read through it`, () => {
    const machine = sv48Machine();
    const flags = PTE.V | PTE.R | PTE.W;
    writeEntry(machine, entry, pte(page, flags));
    const inRam = sizeLog2 === 12n ? [0x8] : [0x3008, 0x1f_f008];
    for (const offset of inRam) {
      const physical = (page || START) + offset;
      const at = BigInt.asUintN(64, address + BigInt(physical - page));
      machine.ram.write(physical, words(BigInt(offset) + 7n));
      assert.equal(seen(machine, at), physical);
      assert.equal(access(machine, LOAD, at), undefined);
      assert.equal(machine.hart.register(6), BigInt(offset) + 7n);
      assert.equal(access(machine, STORE, at), undefined);
    }
    assert.equal(word(machine, entry), pte(page, flags | PTE.A | PTE.D));
    const behind = address + (1n << sizeLog2);
    assert.equal(access(machine, LOAD, behind), FAULT.load, 'the page after it is a different one');
    assert.equal(seen(machine, BigInt.asUintN(64, behind)), undefined);
  });

  if (sizeLog2 === 12n) continue;
  test(`a misaligned ${name} faults, regardless of which low bit of its physical address is set`, () => {
    for (let bit = 12n; bit < sizeLog2; bit++) {
      const machine = sv48Machine();
      const entryWithBit = pte(page, ALL) | (1n << (bit - 2n));
      writeEntry(machine, entry, entryWithBit);
      assert.equal(access(machine, LOAD, address), FAULT.load);
      assert.equal(access(machine, STORE, address), FAULT.store);
      assert.equal(seen(machine, address), undefined);
      assert.equal(word(machine, entry), entryWithBit);
    }
  });
}

test('an access faults unless bits 63 to 48 of the address equal bit 47', () => {
  const machine = sv48Machine();
  map(machine, 0, ONE, ALL);
  for (let bit = 47n; bit < 64n; bit++) {
    for (const good of [BigInt(WINDOW), BigInt.asUintN(64, -(1n << 39n) + BigInt(WINDOW))]) {
      const bad = good ^ (1n << bit);
      assert.equal(access(machine, LOAD, good), undefined);
      assert.equal(access(machine, LOAD, bad), FAULT.load, bad.toString(16));
      assert.equal(trapOf(machine).value, bad);
      assert.equal(seen(machine, bad), undefined);
    }
  }
});

test('code runs at virtual addresses that exist only in Sv48', () => {
  const machine = sv48Machine();
  writeEntry(machine, ENTRY.top + 8 * 300, pte(0, ALL));
  const base = BigInt.asUintN(64, BigInt.asIntN(48, 300n << 39n));
  machine.ram.write(
    ONE,
    assemble([a.addi(7, 0, 100), 'loop:', a.addi(7, 7, -1), a.to('loop', (o) => a.bne(7, 0, o)), a.ecall]),
  );
  machine.hart.setSlot('PC', base + BigInt(ONE));
  steps(machine, 1 + 200 + 1);
  assert.deepEqual(trapOf(machine), { cause: 9n, value: 0n, pc: base + BigInt(ONE) + 12n });
});

test('a machine from an old recording has only the menvcfg bits of its format version', () => {
  const machine = bareMachine({ isa: LEGACY_ISA, mmu: 'sv39' });
  const program = [a.csrr(5, CSR.menvcfg), a.li(6, -1), a.csrw(CSR.menvcfg, 6), a.csrr(6, CSR.menvcfg)];
  machine.ram.write(START, assemble([program, a.li(7, -1), a.csrw(CSR.senvcfg, 7), a.csrr(7, CSR.senvcfg)]));
  steps(machine, 7);
  const values = [5, 6, 7].map((register) => machine.hart.register(register));
  assert.deepEqual(values, [0n, (1n << 63n) | 1n, 1n]);
});
