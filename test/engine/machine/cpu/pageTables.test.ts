/** With random page tables, the hart and the debugger translate every address in the same way. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LEVELS, SATP_MODE } from '../../../../debug-adapter/engine/isa/pageTables.ts';
import { MachineInspector } from '../../../../debug-adapter/engine/machine/machineInspector.ts';
import { ENVCFG } from '../../../../debug-adapter/engine/machine/cpu/envcfg.ts';
import { MSTATUS } from '../../../../debug-adapter/engine/isa/traps.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assemble } from './assembler.ts';
import { bareMachine, type BareMachine, START, steps, trapOf, word } from './bareMachine.ts';
import { setPrivilege } from './paging.ts';
import { fillTables, MEMORY_BYTES, randomAddress, ROOT } from './randomPageTables.ts';

const HANDLER = START + 0x4000;
const ACCESSES = 600;
const ACCESSES_PER_TABLES = 50;
const LOAD_ACCESS_FAULT = 5n;
const LOAD_PAGE_FAULT = 13n;
const MODE_SHIFT = 60n;
/** With these mstatus bits, M-mode loads are translated as in S-mode and may read all readable or executable pages. */
const AS_SUPERVISOR = BigInt(MSTATUS.MPRV | (1 << MSTATUS.MPP_SHIFT) | MSTATUS.SUM | MSTATUS.MXR);

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
    machine.hart.setSlot('SATP', (BigInt(mode) << MODE_SHIFT) | BigInt(ROOT >>> 12));
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
