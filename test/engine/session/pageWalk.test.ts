/** The description of a page-table walk names a problem if and only if the hart's access faults during the walk. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LEVELS, SATP_MODE } from '../../../debug-adapter/engine/isa/pageTables.ts';
import { EXCEPTION, MSTATUS } from '../../../debug-adapter/engine/isa/traps.ts';
import { ENVCFG } from '../../../debug-adapter/engine/machine/cpu/envcfg.ts';
import { MachineInspector } from '../../../debug-adapter/engine/machine/machineInspector.ts';
import { accessOfPageFault, type PageAccess, walkForAccess } from '../../../debug-adapter/engine/session/pageWalk.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { a, assemble } from '../machine/cpu/assembler.ts';
import { bareMachine, type BareMachine, START, steps, trapOf } from '../machine/cpu/bareMachine.ts';
import {
  ALL,
  ENTRY,
  leafAt,
  map,
  PTE,
  pte,
  setPrivilege,
  startPaging,
  WINDOW,
  writeEntry,
} from '../machine/cpu/paging.ts';
import { fillTables, MEMORY_BYTES, randomAddress, ROOT } from '../machine/cpu/randomPageTables.ts';

const HANDLER = START + 0x4000;
const LOAD = START;
const STORE = START + 8;
const ACCESSES = 600;
const ACCESSES_PER_TABLES = 50;

/** Executes one access in M-mode with the permissions of another mode. Returns the cause of the trap, if any. */
function access(machine: BareMachine, kind: 'load' | 'store', address: bigint): number | undefined {
  const { hart } = machine;
  hart.setSlot('PC', BigInt(kind === 'load' ? LOAD : STORE));
  hart.setRegister(5, address);
  steps(machine, 1);
  return hart.slot('PC') === BigInt(HANDLER) ? Number(trapOf(machine).cause) : undefined;
}

function compare(t: TestContext, mode: keyof typeof LEVELS): void {
  const random = SeededRandom.forTest(t);
  const machine = bareMachine({ memoryBytes: MEMORY_BYTES });
  machine.ram.write(LOAD, assemble([a.ld(6, 0, 5)]));
  machine.ram.write(STORE, assemble([a.sd(0, 0, 5)]));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.hart.setSlot('SATP', (BigInt(mode) << 60n) | BigInt(ROOT >>> 12));
  const found = new Set<string>();
  for (let i = 0; i < ACCESSES; i++) {
    if (i % ACCESSES_PER_TABLES === 0) {
      fillTables(machine, random);
      machine.hart.setSlot('MENVCFG', random.chance(0.5) ? ENVCFG.PBMTE : 0n);
    }
    const address = randomAddress(random, LEVELS[mode]);
    const asUser = random.chance(0.4);
    const status = MSTATUS.MPRV | (asUser ? 0 : 1 << MSTATUS.MPP_SHIFT) | random.pick([0, MSTATUS.SUM, MSTATUS.MXR]);
    setPrivilege(machine, 3, BigInt(status));
    const kind = random.pick(['load', 'store'] as const);
    const walk = walkForAccess(new MachineInspector(machine), address, kind);
    assert.ok(walk && walk.levelCount === LEVELS[mode]);
    const cause = access(machine, kind, address);
    const what = `${kind} at ${address.toString(16)}: ${walk.problem}, cause ${cause}`;
    assert.equal(accessOfPageFault(cause ?? 0), isPageFault(walk.problem) ? kind : undefined, what);
    // A store to the first page would overwrite the program, and a successful store may change the page tables.
    if (kind === 'store' && cause === undefined) {
      fillTables(machine, random);
      machine.ram.write(LOAD, assemble([a.ld(6, 0, 5)]));
      machine.ram.write(STORE, assemble([a.sd(0, 0, 5)]));
    }
    if (walk.problem === 'tableNotInRam') {
      assert.equal(cause, kind === 'load' ? EXCEPTION.LOAD_ACCESS_FAULT : EXCEPTION.STORE_ACCESS_FAULT, what);
    }
    found.add(walk.problem ?? 'none');
  }
  t.diagnostic([...found].join(' '));
  assert.ok(found.size >= 8, 'the tables are varied');
}

const isPageFault = (problem: string | undefined): boolean => problem !== undefined && problem !== 'tableNotInRam';

test('the walk names a problem exactly when a random load or store in Sv39 faults', (t) => compare(t, SATP_MODE.SV39));
test('the walk names a problem exactly when a random load or store in Sv48 faults', (t) => compare(t, SATP_MODE.SV48));

test('the walk lists each page-table entry that it reads, and the reason why a page cannot be accessed', () => {
  const machine = bareMachine();
  startPaging(machine);
  map(machine, 1, START, PTE.V | PTE.R | PTE.A);
  const walk = walkForAccess(new MachineInspector(machine), BigInt(WINDOW + 0x1008), 'store');
  assert.deepEqual(
    walk?.entries.map(({ level, address }) => [level, Number(address)]),
    [
      [2, ENTRY.root],
      [1, ENTRY.middle],
      [0, leafAt(1)],
    ],
  );
  assert.equal(walk?.entries[2].value, pte(START, PTE.V | PTE.R | PTE.A));
  assert.equal(walk?.problem, 'notWritable');
});

const CASES: readonly [problem: string, access: PageAccess, privilege: 0 | 1, status: number, flags: number][] = [
  ['notValid', 'load', 1, 0, 0],
  ['writableButNotReadable', 'load', 1, 0, PTE.V | PTE.W],
  ['noLeaf', 'load', 1, 0, PTE.V],
  ['leafBitsInPointer', 'load', 1, 0, PTE.V | PTE.A],
  ['notReadable', 'load', 1, 0, PTE.V | PTE.X],
  ['none', 'load', 1, MSTATUS.MXR, PTE.V | PTE.X],
  ['notExecutable', 'fetch', 1, 0, PTE.V | PTE.R],
  ['userPage', 'fetch', 1, MSTATUS.SUM, ALL | PTE.U],
  ['userPageWithoutSum', 'load', 1, 0, ALL | PTE.U],
  ['none', 'load', 1, MSTATUS.SUM, ALL | PTE.U],
  ['supervisorPage', 'fetch', 0, 0, ALL],
];

for (const [problem, kind, privilege, status, flags] of CASES) {
  test(`a ${kind} in mode ${privilege} with the entry flags 0x${flags.toString(16)}: ${problem}`, () => {
    const machine = bareMachine();
    startPaging(machine);
    map(machine, 0, START, flags);
    setPrivilege(machine, privilege, BigInt(status));
    assert.equal(walkForAccess(new MachineInspector(machine), BigInt(WINDOW), kind)?.problem ?? 'none', problem);
  });
}

test('misaligned superpages, tables outside RAM and addresses that are not canonical are named as problems', () => {
  const machine = bareMachine();
  startPaging(machine);
  const problemAt = (address: bigint) => walkForAccess(new MachineInspector(machine), address, 'load')?.problem;
  writeEntry(machine, ENTRY.middle, pte(START + 4096, ALL));
  assert.equal(problemAt(BigInt(WINDOW)), 'misalignedSuperpage');
  writeEntry(machine, ENTRY.middle, pte(0x1000, PTE.V));
  assert.equal(problemAt(BigInt(WINDOW)), 'tableNotInRam');
  assert.equal(problemAt(1n << 45n), 'notCanonical');
  setPrivilege(machine, 3);
  assert.equal(walkForAccess(new MachineInspector(machine), BigInt(WINDOW), 'load'), undefined);
});
