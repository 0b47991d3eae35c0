/** A UART interrupt passes through the PLIC to the hart as in QEMU. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineInspector } from '../../../debug-adapter/engine/machine/machineInspector.ts';
import { a, CSR } from './cpu/assembler.ts';
import { machineWith, steps } from './cpu/bareMachine.ts';

const UART = 0x1000_0000;
const CLINT = 0x200_0000;
const UART_SOURCE = 10;
const PLIC = 0x0c00_0000;
const PLIC_CLAIM = PLIC + 0x20_0004;
const MEIP = 1n << 11n;

test('mip shows an interrupt when the line rises, and again when the line rises after the completion', () => {
  const [RAISED, CLAIMED, CLEARED, COMPLETED, AGAIN] = [10, 11, 12, 13, 14];
  const machine = machineWith([
    // Since the transmitter is empty, enabling its interrupt raises the line immediately.
    a.sb(8, 1, 5),
    a.csrr(RAISED, CSR.mip),
    a.lw(CLAIMED, 0, 6),
    a.csrr(CLEARED, CSR.mip),
    a.sw(CLAIMED, 0, 6),
    a.csrr(COMPLETED, CSR.mip),
    a.sb(0, 0, 5),
    a.csrr(AGAIN, CSR.mip),
    a.jal(0, 0),
  ]);
  const { hart, board } = machine;
  board.plic.write(4 * UART_SOURCE, 1, 4);
  board.plic.write(0x2000, 1 << UART_SOURCE, 4);
  const registers = { 5: UART, 6: PLIC_CLAIM, 8: 2 };
  for (const [register, value] of Object.entries(registers)) hart.setRegister(Number(register), BigInt(value));
  steps(machine, 20);
  const pending = (register: number): boolean => (hart.register(register) & MEIP) !== 0n;
  assert.equal(hart.register(CLAIMED), BigInt(UART_SOURCE));
  assert.deepEqual([RAISED, CLEARED, COMPLETED, AGAIN].map(pending), [true, false, false, true]);
});

test('a handler that only claims and completes a transmit interrupt is entered once for each cause, as in QEMU', () => {
  const [CLAIMED, TAKEN, LEFT] = [11, 12, 13];
  const machine = machineWith([
    a.la(10, 'handler'),
    a.csrw(CSR.mtvec, 10),
    a.sb(8, 1, 5), // enables the transmit interrupt: the first cause
    a.csrw(CSR.mie, 9),
    a.csrrsi(0, CSR.mstatus, 8),
    'wait:',
    a.addi(LEFT, LEFT, -1),
    a.to('wait', (offset) => a.bne(LEFT, 0, offset)),
    a.sb(0, 0, 5), // sends a byte: the second cause
    a.j('end'),
    'handler:',
    a.lw(CLAIMED, 0, 6),
    a.sw(CLAIMED, 0, 6),
    a.addi(TAKEN, TAKEN, 1),
    a.mret,
    'end:',
    a.j('end'),
  ]);
  const { hart, board } = machine;
  board.plic.write(4 * UART_SOURCE, 1, 4);
  board.plic.write(0x2000, 1 << UART_SOURCE, 4);
  const registers = { 5: UART, 6: PLIC_CLAIM, 8: 2, 9: 1 << 11, [LEFT]: 100 };
  for (const [register, value] of Object.entries(registers)) hart.setRegister(Number(register), BigInt(value));
  steps(machine, 2000);
  assert.equal(hart.register(LEFT), 0n, 'the main program reaches its end');
  assert.equal(hart.register(TAKEN), 2n);
});

test('an inspector shows the current interrupt lines of every hart, even of one that has not run since they changed', () => {
  const [MSIP, MTIP] = [1n << 3n, 1n << 7n];
  const machine = machineWith([a.sw(6, 4, 5), a.j('end'), 'end:', a.j('end')], { harts: 2 });
  const mip = (hart: number) => new MachineInspector(machine, hart).csr(CSR.mip);
  assert.deepEqual([mip(0), mip(1)], [MTIP, MTIP], 'at power-on, mtimecmp is 0');
  machine.hart.setRegister(5, BigInt(CLINT));
  machine.hart.setRegister(6, 1n);
  steps(machine, 1);
  assert.equal(machine.currentHart, 0);
  assert.deepEqual([mip(0), mip(1)], [MTIP, MTIP | MSIP]);
});

test('an inspector shows the time of the loaded state, even before the machine runs from there', () => {
  const machine = machineWith(['loop:', a.j('loop')]);
  steps(machine, 1000);
  machine.loadState({ ...machine.saveState(), clockOffsetNanoseconds: 5_000_000 });
  assert.equal(new MachineInspector(machine).csr(CSR.time), 50_010n);
});
