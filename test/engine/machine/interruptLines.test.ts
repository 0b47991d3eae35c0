import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, CSR } from './cpu/assembler.ts';
import { machineWith, steps } from './cpu/bareMachine.ts';

const UART = 0x1000_0000;
const UART_SOURCE = 10;
const PLIC = 0x0c00_0000;
const PLIC_CLAIM = PLIC + 0x20_0004;
const MEIP = 1n << 11n;

test('mip shows an interrupt that was claimed, and one that is pending again, with the next instruction', () => {
  const [RAISED, CLAIMED, CLEARED, AGAIN] = [10, 11, 12, 13];
  const machine = machineWith([
    // The transmitter is empty: with its interrupt enabled, the line rises at once.
    a.sb(8, 1, 5),
    a.csrr(RAISED, CSR.mip),
    a.lw(CLAIMED, 0, 6),
    a.csrr(CLEARED, CSR.mip),
    a.sw(CLAIMED, 0, 6),
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
  assert.deepEqual([RAISED, CLEARED, AGAIN].map(pending), [true, false, true]);
});
