import { csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import { INTERRUPT_BIT } from '../../../debug-adapter/engine/isa/traps.ts';
import type { Machine } from '../../../debug-adapter/engine/machine/machine.ts';
import type { RegisterHit, RegisterPoint, Trap } from '../../../debug-adapter/engine/target/stopPoints.ts';

/** What a machine does in each step, found by comparing its state before and after the step, without stop points. */
export interface StepEvents {
  traps: { position: number; trap: Omit<Trap, 'handler'> & { handler: bigint } }[];
  registers: RegisterHit[];
}

/** Executes single steps until a position is reached or the machine stops. */
export function eventsOf(machine: Machine, until: number, points: readonly RegisterPoint[]): StepEvents {
  const events: StepEvents = { traps: [], registers: [] };
  let before = registersOf(machine, points);
  while (machine.position < until) {
    const { position, currentHart: hart } = machine;
    const interrupted = stateOf(machine, hart);
    if (machine.run(position + 1).kind !== 'reached' || machine.position === position) break;
    const trap = trapBetween(interrupted, stateOf(machine, hart), hart);
    if (trap) events.traps.push({ position, trap });
    const after = registersOf(machine, points);
    after.forEach(({ id, hart: of, value }, i) => {
      const oldValue = before[i].value;
      if (value === oldValue) return;
      events.registers.push({ kind: 'register', id, hart: of, oldValue, newValue: value, position });
    });
    before = after;
  }
  return events;
}

function registersOf(machine: Machine, points: readonly RegisterPoint[]) {
  return points.flatMap(({ id, what, hart: only }) =>
    Array.from({ length: machine.harts.count }, (_, hart) => hart)
      .filter((hart) => only === undefined || hart === only)
      .map((hart) => ({ id, hart, value: valueOf(machine, hart, what) })),
  );
}

function valueOf(machine: Machine, hart: number, what: RegisterPoint['what']): bigint {
  const { position } = machine;
  const view = machine.harts.view(hart, position);
  if (what.kind !== 'csr') return what.kind === 'float' ? view.float(what.register) : view.register(what.register);
  const isLine = what.number === csrNumber('mip') || what.number === csrNumber('sip');
  if (!isLine) return view.readCsr(what.number, position)!;
  const lines = machine.interrupts.lines(hart, machine.nanoseconds);
  const mip = BigInt(lines) | view.slot('MIP_SOFTWARE');
  return what.number === csrNumber('mip') ? mip : mip & view.slot('MIDELEG');
}

type HartState = ReturnType<typeof stateOf>;

function stateOf(machine: Machine, hart: number) {
  const view = machine.harts.view(hart, machine.position);
  const instructions = machine.instructionsOf(hart);
  return {
    instructions,
    pc: view.slot('PC'),
    privilege: Number(view.slot('PRIVILEGE')),
    machine: {
      cause: view.slot('MCAUSE'),
      epc: view.slot('MEPC'),
      tval: view.slot('MTVAL'),
      vector: view.slot('MTVEC'),
    },
    supervisor: {
      ...{ cause: view.slot('SCAUSE'), epc: view.slot('SEPC'), tval: view.slot('STVAL'), vector: view.slot('STVEC') },
    },
  };
}

/** A trap is a step that retires no instruction and continues at a handler. */
function trapBetween(before: HartState, after: HartState, hart: number): Trap | undefined {
  const { cause, epc, tval, vector } = after.privilege === 1 ? after.supervisor : after.machine;
  const isInterrupt = (cause & INTERRUPT_BIT) !== 0n;
  const code = cause & ~INTERRUPT_BIT;
  const handler = (vector & ~3n) + (isInterrupt && vector & 1n ? 4n * code : 0n);
  const isTrap = after.instructions === before.instructions && epc === before.pc && after.pc === handler;
  if (!isTrap || after.privilege === 0) return undefined;
  const kind = isInterrupt ? 'interrupt' : 'exception';
  const { pc, privilege } = before;
  return { kind, cause: Number(code), tval, pc, privilege, handlerPrivilege: after.privilege, handler, hart };
}
