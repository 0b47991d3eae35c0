/** The hart behaves as the tables of traps and CSRs specify. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csrName, csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import {
  ACCESS_FAULT,
  DELEGABLE_EXCEPTIONS,
  EXCEPTION,
  handlerAddresses,
  INTERRUPT_BIT,
  IRQ,
  MSTATUS,
  PRIVILEGE,
  SUPERVISOR_INTERRUPTS,
  TRAP_REGISTERS,
  type TrapMode,
  VECTOR,
} from '../../../debug-adapter/engine/isa/traps.ts';
import { MachineInspector } from '../../../debug-adapter/engine/machine/machineInspector.ts';
import { a, assemble, CSR } from '../machine/cpu/assembler.ts';
import { bareMachine, type BareMachine, START, steps } from '../machine/cpu/bareMachine.ts';
import { setPrivilege } from '../machine/cpu/paging.ts';

const CODE = START + 0x1000;
const HANDLERS = { [PRIVILEGE.SUPERVISOR]: START + 0x8000, [PRIVILEGE.MACHINE]: START + 0xc000 };

test('CSR names convert to numbers and back, and the numbers are the ones in the manual', () => {
  for (const [name, number] of Object.entries(CSR))
    assert.deepEqual([csrNumber(name), csrName(number)], [number, name]);
  const machine = bareMachine();
  const all = new MachineInspector(machine).csrs;
  assert.ok(all.length > 100);
  for (const { name, number } of all) assert.deepEqual([csrName(number), csrNumber(name)], [name, number]);
  assert.equal(new Set(all.map(({ number }) => number)).size, all.length);
  assert.throws(() => csrNumber('mnothing'), /mnothing/);
});

/**
 * Causes a trap at CODE. Returns the mode after the trap and the names of the CSRs that it changed, except counters and
 * timers.
 */
function trapFrom(
  privilege: number,
  raise: (machine: BareMachine) => void,
  vectorMode = 0,
): {
  machine: BareMachine;
  inspector: MachineInspector;
  changed: string[];
} {
  const machine = bareMachine();
  const { hart } = machine;
  machine.ram.write(CODE, assemble([a.ecall]));
  hart.setSlot('STVEC', BigInt(HANDLERS[PRIVILEGE.SUPERVISOR] | vectorMode));
  hart.setSlot('MTVEC', BigInt(HANDLERS[PRIVILEGE.MACHINE] | vectorMode));
  for (const name of ['SCAUSE', 'SEPC', 'STVAL', 'MCAUSE', 'MEPC', 'MTVAL'] as const) hart.setSlot(name, 0x7770n);
  setPrivilege(machine, privilege, BigInt(MSTATUS.SIE | MSTATUS.MIE));
  hart.setSlot('PC', BigInt(CODE));
  raise(machine);
  const inspector = new MachineInspector(machine);
  const values = () => new Map(inspector.csrs.map(({ name, number }) => [name, inspector.csr(number)]));
  const before = values();
  steps(machine, 1);
  const after = values();
  const changed = [...after.keys()].filter((name) => after.get(name) !== before.get(name));
  return { machine, inspector, changed: changed.filter((name) => !/cycle|instret|time|^[ms]ip$/.test(name)) };
}

const csr = (inspector: MachineInspector, name: string): bigint => inspector.csr(csrNumber(name))!;

function checkTrap(
  { inspector, changed }: ReturnType<typeof trapFrom>,
  mode: TrapMode,
  expected: { cause: bigint; privilege: number },
): void {
  const { status, cause, epc, value, enabled, previousEnabled, previousPrivilege, previousPrivilegeShift } =
    TRAP_REGISTERS[mode];
  // sstatus is a view of mstatus.
  const written = new Set<string>([
    status,
    'mstatus',
    ...(mode === PRIVILEGE.MACHINE ? ['sstatus'] : []),
    cause,
    epc,
    value,
  ]);
  assert.deepEqual(
    changed.filter((name) => !written.has(name)),
    [],
  );
  for (const name of [status, cause, epc, value]) assert.ok(changed.includes(name), name);
  assert.equal(inspector.privilege, mode);
  assert.equal(csr(inspector, cause), expected.cause);
  assert.equal(csr(inspector, epc), BigInt(CODE));
  const bits = Number(BigInt.asUintN(32, csr(inspector, status)));
  assert.deepEqual([bits & enabled, bits & previousEnabled], [0, previousEnabled]);
  assert.equal((bits & previousPrivilege) >> previousPrivilegeShift, expected.privilege);
}

for (const privilege of Object.values(PRIVILEGE)) {
  test(`an exception from mode ${privilege} writes the registers that the table of traps lists`, () => {
    const cause = BigInt(EXCEPTION.ECALL + privilege);
    checkTrap(
      trapFrom(privilege, () => {}),
      PRIVILEGE.MACHINE,
      { cause, privilege },
    );
    if (privilege === PRIVILEGE.MACHINE) return;
    const delegate = ({ hart }: BareMachine) => hart.setSlot('MEDELEG', BigInt(DELEGABLE_EXCEPTIONS));
    checkTrap(trapFrom(privilege, delegate), PRIVILEGE.SUPERVISOR, { cause, privilege });
  });
}

test('an interrupt sets the interrupt bit of the cause and, in vectored mode, jumps to the vector table entry for the cause', () => {
  for (const vectorMode of [VECTOR.DIRECT, VECTOR.VECTORED]) {
    for (const [delegated, mode] of [
      [0, PRIVILEGE.MACHINE],
      [SUPERVISOR_INTERRUPTS, PRIVILEGE.SUPERVISOR],
    ] as const) {
      const raise = ({ hart }: BareMachine) => {
        hart.setSlot('MIDELEG', BigInt(delegated));
        hart.setSlot('MIE', 1n << BigInt(IRQ.SSI));
        hart.setSlot('MIP_SOFTWARE', 1n << BigInt(IRQ.SSI));
      };
      const trap = trapFrom(PRIVILEGE.SUPERVISOR, raise, vectorMode);
      checkTrap(trap, mode, { cause: INTERRUPT_BIT | BigInt(IRQ.SSI), privilege: PRIVILEGE.SUPERVISOR });
      const handlers = handlerAddresses(csr(trap.inspector, TRAP_REGISTERS[mode].vector));
      assert.equal(handlers.length, vectorMode === VECTOR.DIRECT ? 1 : VECTOR.ENTRIES);
      assert.equal(trap.inspector.pc, handlers[vectorMode === VECTOR.DIRECT ? 0 : IRQ.SSI]);
    }
  }
});

test('medeleg and mideleg accept exactly the bits that can be delegated', () => {
  const machine = bareMachine();
  machine.ram.write(
    START,
    assemble([
      a.li(5, -1),
      a.csrw(CSR.medeleg, 5),
      a.csrw(CSR.mideleg, 5),
      a.csrr(6, CSR.medeleg),
      a.csrr(7, CSR.mideleg),
    ]),
  );
  steps(machine, 5);
  const { hart } = machine;
  assert.deepEqual([hart.register(6), hart.register(7)], [0xb3ffn, 0x222n]);
  assert.deepEqual([DELEGABLE_EXCEPTIONS, SUPERVISOR_INTERRUPTS], [0xb3ff, 0x222]);
});

test('a load, store or fetch outside RAM causes the corresponding access fault', () => {
  const cases: [keyof typeof ACCESS_FAULT, number][] = [
    ['load', a.ld(6, 0, 5)],
    ['store', a.sd(6, 0, 5)],
    ['fetch', a.jalr(0, 5, 0)],
  ];
  for (const [kind, instruction] of cases) {
    const { machine, inspector } = trapFrom(PRIVILEGE.MACHINE, ({ hart, ram }) => {
      ram.write(CODE, assemble([instruction]));
      hart.setRegister(5, 0x4000_0000n);
    });
    if (kind === 'fetch') steps(machine, 1);
    assert.equal(csr(inspector, 'mcause'), BigInt(ACCESS_FAULT[kind]), kind);
  }
});
