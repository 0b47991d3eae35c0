/** With random page tables, the hart and the debugger translate every address in the same way. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LEVELS, PTE, SATP_MODE } from '../../../../debug-adapter/engine/isa/pageTables.ts';
import { MachineInspector } from '../../../../debug-adapter/engine/machine/machineInspector.ts';
import { ENVCFG } from '../../../../debug-adapter/engine/machine/cpu/envcfg.ts';
import { MSTATUS } from '../../../../debug-adapter/engine/isa/traps.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assemble } from './assembler.ts';
import { bareMachine, type BareMachine, START, steps, trapOf, word } from './bareMachine.ts';
import { setPrivilege } from './paging.ts';

const MEMORY_BYTES = 4 << 20;
const HANDLER = START + 0x4000;
const PAGE = 4096;
/** The page tables. The first one is the root. */
const TABLES = Array.from({ length: 12 }, (_, i) => START + 0x10_0000 + i * PAGE);
const NO_RAM = 0x9000_0000;
const ACCESSES = 600;
const ACCESSES_PER_TABLES = 50;
const LOAD_ACCESS_FAULT = 5n;
const LOAD_PAGE_FAULT = 13n;
const MODE_SHIFT = 60n;
/** M-mode code whose loads are translated as in S-mode, which may read all pages that are readable or executable. */
const AS_SUPERVISOR = BigInt(MSTATUS.MPRV | (1 << MSTATUS.MPP_SHIFT) | MSTATUS.SUM | MSTATUS.MXR);

const ONE_OF_THE_BITS = [PTE.W, PTE.U, PTE.A, PTE.D, 1n << 5n, 1n << 8n, 1n << 61n, 1n << 62n, PTE.PBMT];

/** Usually a valid pointer to a table or a valid leaf, sometimes with bits that make it invalid. */
function randomEntry(random: SeededRandom): bigint {
  const isPointer = random.chance(0.45);
  const page = isPointer
    ? BigInt(random.chance(0.95) ? random.pick(TABLES) : NO_RAM) >> 12n
    : // The address of a page in RAM, outside RAM, or aligned for a superpage.
      random.pick([BigInt(START + random.below(MEMORY_BYTES)), BigInt(NO_RAM), BigInt(START), 0n]) >> 12n;
  const flags = isPointer ? 0n : random.pick([PTE.R, PTE.X, PTE.R | PTE.X, PTE.R | PTE.W, PTE.R | PTE.W | PTE.X]);
  let entry = (page << 10n) | flags | (random.chance(0.95) ? PTE.V : 0n);
  if (!isPointer && random.chance(0.7)) entry |= PTE.A | PTE.D | (random.chance(0.5) ? PTE.U : 0n);
  if (random.chance(0.12)) entry |= random.pick(ONE_OF_THE_BITS);
  if (random.chance(0.03)) entry |= 1n << BigInt(54 + random.below(10));
  return entry;
}

function fillTables(machine: BareMachine, random: SeededRandom): void {
  for (const table of TABLES) {
    const entries = new DataView(new ArrayBuffer(PAGE));
    for (let at = 0; at < PAGE; at += 8) entries.setBigUint64(at, randomEntry(random), true);
    machine.ram.write(table, new Uint8Array(entries.buffer));
  }
}

/**
 * The table indexes are often small, so that superpages map the address to RAM. The address is sometimes not canonical.
 */
function randomAddress(random: SeededRandom, levels: number): bigint {
  let address = 0n;
  for (let level = 0; level < levels; level++) {
    const index = random.chance(0.5) ? random.below(2) : random.below(512);
    address = (address << 9n) | BigInt(index);
  }
  address = BigInt.asIntN(12 + 9 * levels, (address << 12n) | BigInt(8 * random.below(512)));
  if (random.chance(0.05)) address ^= 1n << BigInt(12 + 9 * levels - 1 + random.below(64 - 11 - 9 * levels));
  return BigInt.asUintN(64, address);
}

/** The physical address to which the debugger translates a virtual address in S-mode. */
function seen(machine: BareMachine, address: bigint): number | undefined {
  setPrivilege(machine, 1);
  return new MachineInspector(machine).translate(address);
}

/** Loads from an address; returns the cause of the trap, or undefined. */
function load(machine: BareMachine, address: bigint): bigint | undefined {
  const { hart } = machine;
  setPrivilege(machine, 3, AS_SUPERVISOR);
  hart.setSlot('PC', BigInt(START));
  hart.setRegister(5, address);
  steps(machine, 1);
  return hart.slot('PC') === BigInt(HANDLER) ? trapOf(machine).cause : undefined;
}

function compare(t: TestContext, mode: keyof typeof LEVELS): void {
  const random = SeededRandom.forTest(t);
  const found = { mapped: 0, outsideRam: 0, faults: 0 };
  for (const pbmte of [false, true]) {
    const machine = bareMachine({ memoryBytes: MEMORY_BYTES });
    machine.ram.write(START, assemble([a.ld(6, 0, 5)]));
    machine.hart.setSlot('MTVEC', BigInt(HANDLER));
    machine.hart.setSlot('MENVCFG', pbmte ? ENVCFG.PBMTE : 0n);
    machine.hart.setSlot('SATP', (BigInt(mode) << MODE_SHIFT) | BigInt(TABLES[0] >>> 12));
    for (let i = 0; i < ACCESSES; i++) {
      if (i % ACCESSES_PER_TABLES === 0) fillTables(machine, random);
      const address = randomAddress(random, LEVELS[mode]);
      const physical = seen(machine, address);
      const cause = load(machine, address);
      const what = `${address.toString(16)} -> ${physical?.toString(16)}, cause ${cause}`;
      if (physical === undefined) {
        assert.ok(cause === LOAD_PAGE_FAULT || cause === LOAD_ACCESS_FAULT, what);
        found.faults++;
      } else if (machine.ram.contains(physical, 8)) {
        assert.equal(cause, undefined, what);
        assert.equal(machine.hart.register(6), word(machine, physical), what);
        found.mapped++;
      } else {
        assert.notEqual(cause, LOAD_PAGE_FAULT, what);
        found.outsideRam++;
      }
      assert.equal(seen(machine, address), physical, 'the load changed only A bits');
    }
  }
  t.diagnostic(JSON.stringify(found));
  assert.ok(Math.min(...Object.values(found)) > ACCESSES / 50, 'the tables are varied');
}

test('the hart and the debugger translate random Sv39 addresses in the same way', (t) => compare(t, SATP_MODE.SV39));
test('the hart and the debugger translate random Sv48 addresses in the same way', (t) => compare(t, SATP_MODE.SV48));
