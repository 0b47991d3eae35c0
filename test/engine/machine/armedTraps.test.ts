/** A stop before a trap leaves the machine state unchanged, and trap points match by cause, mode and handler. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXCEPTION, INTERRUPT_BIT, IRQ } from '../../../debug-adapter/engine/isa/traps.ts';
import { bootElf } from '../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { TEST_DEVICE_VALUES } from '../../../debug-adapter/engine/machine/devices/testDevice.ts';
import type { MachineStop } from '../../../debug-adapter/engine/machine/machine.ts';
import type { StopPoints, Trap, TrapPoint } from '../../../debug-adapter/engine/target/stopPoints.ts';
import { a, assemble, CSR, type Item } from './cpu/assembler.ts';
import { bareMachine, type BareMachine, digestOf, machineWith, START, trapOf, words } from './cpu/bareMachine.ts';
import { minimalElf } from './cpu/minimalElf.ts';
import { ALL, leafAt, map, PTE, pte, setPrivilege, startPaging, WINDOW, writeEntry } from './cpu/paging.ts';

const NONE: StopPoints = { breakpoints: new Set(), watchpoints: [] };
const CAUSES = new Set(Array.from({ length: 16 }, (_, cause) => cause));
const HANDLER = START + 0x4000;
const TEST_DEVICE = 0x10_0000;
const [MACHINE, SUPERVISOR, USER] = [3, 1, 0];

const arm = (machine: BareMachine, point: Omit<TrapPoint, 'id'>, others: Partial<StopPoints> = {}): void =>
  machine.setStopPoints({ ...NONE, ...others, traps: [{ id: 1, ...point }] });

function assertTrap(stop: MachineStop): Trap {
  assert.ok(stop.kind === 'trap', stop.kind);
  return stop.trap;
}

/** A machine in S-mode that executes `program`, with the value `register` in x5. */
function paged(program: Item[], register: number): BareMachine {
  const machine = machineWith(program, { memoryBytes: 4 << 20 });
  startPaging(machine);
  machine.hart.setRegister(5, BigInt(register));
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  return machine;
}

const ACCESSED = PTE.A | PTE.D;
/** An address at which there is neither RAM nor a device. */
const NOWHERE = 0x5000_0000;

/** Accesses that set A or D bits and then fault, because the page is outside RAM or the second page is not mapped. */
const MARKING: [name: string, instruction: number, address: number, prepare: (machine: BareMachine) => void][] = [
  ['a load outside RAM', a.ld(6, 0, 5), WINDOW, (machine) => map(machine, 0, NOWHERE, ALL & ~ACCESSED)],
  ['a store outside RAM', a.sd(6, 0, 5), WINDOW, (machine) => map(machine, 0, NOWHERE, ALL & ~ACCESSED)],
  ['a load that crosses a page', a.ld(6, 0, 5), WINDOW + 0xffc, (machine) => map(machine, 0, START, ALL & ~ACCESSED)],
  ['a store that crosses a page', a.sd(6, 0, 5), WINDOW + 0xffc, (machine) => map(machine, 0, START, ALL & ~PTE.D)],
];

for (const [name, instruction, address, prepare] of MARKING) {
  test(`a stop before the trap caused by ${name} leaves the page tables unchanged`, () => {
    const start = (): BareMachine => {
      const machine = paged([a.nop, instruction, a.nop], address);
      prepare(machine);
      return machine;
    };
    const [stopped, plain] = [start(), start()];
    arm(stopped, { exceptions: CAUSES });
    const trap = assertTrap(stopped.run(100));
    assert.deepEqual([stopped.position, trap.pc, stopped.instructions], [1, BigInt(START + 4), 1]);
    plain.run(1);
    assert.equal(digestOf(stopped), digestOf(plain));
    // When the stopped machine continues, it takes the trap and sets the A or D bits.
    assert.equal(stopped.run(2).kind, 'reached');
    plain.run(2);
    assert.equal(digestOf(stopped), digestOf(plain));
    assert.equal(trapOf(stopped).cause, BigInt(trap.cause));
    assert.equal(trapOf(stopped).value, trap.tval);
  });
}

test('a stop at the first instruction of a page does not set the accessed bit of the page', () => {
  const start = (): BareMachine => {
    const machine = paged([a.jalr(0, 0, 5)], WINDOW);
    map(machine, 0, START + 0x2000, ALL & ~ACCESSED);
    machine.ram.write(START + 0x2000, assemble([a.nop, a.nop]));
    return machine;
  };
  const plain = start();
  plain.run(1);
  const stopped = start();
  stopped.setStopPoints({ ...NONE, breakpoints: new Set([BigInt(WINDOW)]) });
  assert.equal(stopped.run(100).kind, 'breakpoint');
  assert.equal(digestOf(stopped), digestOf(plain));
  // A watchpoint on the page table reports the step that sets the accessed bit.
  const watchpoints = [{ id: 2, address: leafAt(0), lengthBytes: 8, access: 'write' as const }];
  stopped.setStopPoints({ ...NONE, watchpoints, breakpoints: new Set([BigInt(WINDOW)]) });
  const stop = stopped.run(100);
  assert.ok(stop.kind === 'hit');
  assert.deepEqual([stop.hits[0].position, stopped.position], [1, 2]);
  plain.run(2);
  assert.equal(digestOf(stopped), digestOf(plain));
});

test('a stop before an SC that faults keeps the reservation', () => {
  const start = (): BareMachine => {
    const machine = paged([a.lrD(6, 5), a.scD(7, 0, 5)], WINDOW);
    map(machine, 0, START + 0x2000, ALL & ~PTE.W);
    return machine;
  };
  const [stopped, plain] = [start(), start()];
  arm(stopped, { exceptions: new Set([EXCEPTION.STORE_PAGE_FAULT]) });
  assertTrap(stopped.run(100));
  plain.run(1);
  assert.equal(digestOf(stopped), digestOf(plain));
  assert.equal(stopped.hart.slot('RESERVED'), 1n);
});

test('a trap point reports the cause, value and handler of a trap, even if the trap condition reads CSRs', () => {
  const machine = paged([a.nop, a.sd(6, 0, 5)], 0x1234_5000);
  machine.hart.setSlot('STVEC', BigInt(START + 0x3001));
  machine.hart.setSlot('MEDELEG', 1n << BigInt(EXCEPTION.STORE_PAGE_FAULT));
  const expected: Trap = {
    kind: 'exception',
    cause: EXCEPTION.STORE_PAGE_FAULT,
    tval: 0x1234_5000n,
    pc: BigInt(START + 4),
    privilege: SUPERVISOR,
    handlerPrivilege: SUPERVISOR,
    handler: BigInt(START + 0x3000),
    hart: 0,
  };
  const seen: Trap[] = [];
  const trapCondition = (trap: Trap): boolean => {
    seen.push(trap);
    // Reads a CSR that does not exist.
    assert.equal(machine.hart.readCsr(0x8ff, machine.position), undefined);
    return false;
  };
  arm(machine, { exceptions: CAUSES }, { trapCondition });
  machine.run(2);
  assert.deepEqual(seen, [expected]);
  assert.deepEqual(
    [machine.hart.slot('SCAUSE'), machine.hart.slot('STVAL'), machine.hart.slot('PC')],
    [BigInt(expected.cause), expected.tval, expected.handler],
  );
});

test('a run that begins at a trap does not stop there again, unless stopsAtStart is set', () => {
  const machine = machineWith([a.nop, a.ecall]);
  machine.hart.setSlot('MTVEC', BigInt(START));
  arm(machine, { exceptions: CAUSES });
  assertTrap(machine.run(100));
  assert.equal(machine.position, 1);
  assertTrap(machine.run(100, undefined, { stopsAtStart: true }));
  assert.equal(machine.position, 1);
  assertTrap(machine.run(100));
  assert.equal(machine.position, 3, 'the next round');
});

test('trap points match by cause and mode', () => {
  const program = [a.nop, a.ecall];
  const stops = (point: Omit<TrapPoint, 'id'>): boolean => {
    const machine = machineWith(program);
    machine.hart.setSlot('MTVEC', BigInt(HANDLER));
    machine.hart.setSlot('PMPADDR0', (1n << 54n) - 1n);
    machine.hart.setSlot('PMPCFG0', 0x1fn);
    setPrivilege(machine, USER);
    arm(machine, point);
    return machine.run(2).kind === 'trap';
  };
  const causes = new Set([EXCEPTION.ECALL + USER]);
  assert.ok(stops({ exceptions: causes }));
  assert.ok(stops({ exceptions: causes, modes: [SUPERVISOR, USER] }));
  assert.ok(!stops({ exceptions: causes, modes: [SUPERVISOR, MACHINE] }));
  assert.ok(!stops({ exceptions: new Set([EXCEPTION.ECALL + MACHINE]) }));
  assert.ok(!stops({ interrupts: causes }));
  assert.ok(!stops({}));
});

test('a trap counts as having no handler if the handler cannot be executed', () => {
  const withoutHandler = true;
  const inMachine = (vector: number): boolean => {
    const machine = machineWith([a.ecall]);
    machine.hart.setSlot('MTVEC', BigInt(vector));
    arm(machine, { exceptions: CAUSES, withoutHandler });
    return machine.run(1, undefined, { stopsAtStart: true }).kind === 'trap';
  };
  assert.deepEqual([0, 1, NOWHERE, 0xf000_0000, HANDLER].map(inMachine), [true, true, true, true, false]);
  const inSupervisor = (flags: number): boolean => {
    const machine = paged([a.ebreak], 0);
    machine.hart.setSlot('STVEC', BigInt(WINDOW));
    machine.hart.setSlot('MEDELEG', 1n << BigInt(EXCEPTION.BREAKPOINT));
    writeEntry(machine, leafAt(0), pte(HANDLER, flags));
    arm(machine, { exceptions: CAUSES, withoutHandler });
    return machine.run(1, undefined, { stopsAtStart: true }).kind === 'trap';
  };
  assert.deepEqual([0, ALL & ~PTE.X, ALL | PTE.U, ALL].map(inSupervisor), [true, true, true, false]);
});

test('a trap has no handler once the address or mapping of the handler is removed, even if the handler was executed before', () => {
  const skip = (epc: number): Item[] => [a.csrr(6, epc), a.addi(6, 6, 4), a.csrw(epc, 6)];
  const inMachine = machineWith([a.ecall, a.ecall, a.csrw(CSR.mtvec, 0), a.ecall]);
  inMachine.ram.write(HANDLER, assemble([skip(CSR.mepc), a.mret]));
  inMachine.hart.setSlot('MTVEC', BigInt(HANDLER));
  arm(inMachine, { exceptions: CAUSES, withoutHandler: true });
  assert.equal(assertTrap(inMachine.run(100)).pc, BigInt(START + 12));

  const inSupervisor = paged([a.ebreak, a.ebreak, a.ebreak], 0);
  inSupervisor.ram.write(HANDLER, assemble([skip(CSR.sepc), a.sret]));
  map(inSupervisor, 0, HANDLER, ALL);
  inSupervisor.hart.setSlot('STVEC', BigInt(WINDOW));
  inSupervisor.hart.setSlot('MEDELEG', 1n << BigInt(EXCEPTION.BREAKPOINT));
  arm(inSupervisor, { exceptions: new Set([EXCEPTION.BREAKPOINT]), withoutHandler: true });
  // Each EBREAK takes five steps: the trap, and the four instructions of the handler.
  assert.equal(inSupervisor.run(10, undefined, { stopsAtStart: true }).kind, 'reached');
  inSupervisor.inject({ kind: 'memoryWrite', address: leafAt(0), bytes: words(0n) });
  assert.equal(assertTrap(inSupervisor.run(100, undefined, { stopsAtStart: true })).pc, BigInt(START + 8));
});

test('an interrupt stops the run before the step that takes it, even in a waiting hart', () => {
  const [MTIMECMP, due] = [0x200_4000, 5];
  const setUp = [a.li(5, MTIMECMP), a.li(6, due), a.sd(6, 0, 5), a.li(6, 1 << IRQ.MTI), a.csrw(CSR.mie, 6)];
  const program = [setUp, a.wfi, 'end', a.j('end')];
  const start = (): BareMachine => {
    const machine = machineWith(program);
    machine.hart.setSlot('MTVEC', BigInt(HANDLER + 1));
    machine.hart.setSlot('MSTATUS', 8n);
    return machine;
  };
  const [stopped, plain] = [start(), start()];
  arm(stopped, { interrupts: new Set([IRQ.MTI]) });
  const trap = assertTrap(stopped.run(1000));
  assert.deepEqual(
    [trap.kind, trap.cause, trap.handler, trap.privilege],
    ['interrupt', IRQ.MTI, BigInt(HANDLER + 4 * IRQ.MTI), MACHINE],
  );
  plain.run(stopped.position);
  assert.equal(digestOf(stopped), digestOf(plain));
  stopped.run(stopped.position + 1);
  assert.deepEqual([trapOf(stopped).cause, trapOf(stopped).pc], [INTERRUPT_BIT | BigInt(IRQ.MTI), trap.pc]);
});

test('a reset stops the run before the step that performs it', () => {
  const start = (): BareMachine => {
    const machine = bareMachine({ memoryBytes: 16 << 20 });
    const code = assemble([a.li(5, TEST_DEVICE), a.li(6, TEST_DEVICE_VALUES.reset), a.sw(6, 0, 5), a.nop]);
    bootElf(machine, { kernel: { name: 'reset', bytes: minimalElf(code, BigInt(START)) } });
    return machine;
  };
  const [stopped, plain] = [start(), start()];
  arm(stopped, { reset: true });
  const trap = assertTrap(stopped.run(10_000_000));
  assert.deepEqual([trap.kind, trap.handler, trap.pc], ['reset', BigInt(START), stopped.hart.slot('PC')]);
  plain.run(stopped.position);
  assert.equal(digestOf(stopped), digestOf(plain));
  stopped.run(stopped.position + 1);
  assert.equal(stopped.hart.slot('PC'), trap.handler);
});
