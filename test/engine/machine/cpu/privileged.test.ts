/** Privileged instructions and registers are legal exactly in the modes that the manual permits.
 *
 * Source: Privileged Architecture, "Machine Status".
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, CSR } from './assembler.ts';
import { machineWith, START, steps, trapOf } from './bareMachine.ts';
import { some } from '../../../support/extent.ts';

const HANDLER = START + 0x100;
const [U, S, M] = [0, 1, 3];
const [TVM, TW, TSR] = [1n << 20n, 1n << 21n, 1n << 22n];

/** Instructions with the lowest mode that may execute them, and the status bit that makes them trap in S mode. */
const INSTRUCTIONS: [name: string, bits: number, lowest: number, trap: bigint][] = [
  ['mret', a.mret, M, 0n],
  ['sret', a.sret, S, TSR],
  ['wfi', a.wfi, S, TW],
  ['sfence.vma', a.sfenceVma, S, TVM],
  ['sfence.vma a0, a1', a.sfenceVma | (10 << 15) | (11 << 20), S, TVM],
  ['sinval.vma', a.sinvalVma, S, TVM],
  ['sinval.vma a0, a1', a.sinvalVma | (10 << 15) | (11 << 20), S, TVM],
  ['sfence.w.inval', a.sfenceWInval, S, 0n],
  ['sfence.inval.ir', a.sfenceInvalIr, S, 0n],
  ['csrr satp', a.csrr(5, CSR.satp), S, TVM],
  ['csrw satp', a.csrw(CSR.satp, 0), S, TVM],
];

function isIllegal(bits: number, privilege: number, options: { status?: bigint; set?: Record<string, bigint> } = {}) {
  const machine = machineWith([bits]);
  const { hart } = machine;
  hart.setSlot('MTVEC', BigInt(HANDLER));
  hart.setSlot('PRIVILEGE', BigInt(privilege));
  hart.setSlot('MSTATUS', options.status ?? 0n);
  for (const [name, value] of Object.entries(options.set ?? {})) hart.setSlot(name as 'MCOUNTEREN', value);
  steps(machine, 1);
  if (hart.slot('PC') !== BigInt(HANDLER)) return false;
  assert.deepEqual(trapOf(machine), { cause: 2n, value: BigInt(bits >>> 0), pc: BigInt(START) });
  return true;
}

test('privileged instructions are illegal below their mode, and in S mode if mstatus makes them trap', () => {
  for (const [name, bits, lowest, trap] of INSTRUCTIONS) {
    for (const privilege of [U, S, M]) {
      for (const status of some([0n, TVM, TW, TSR, TVM | TW | TSR], 2)) {
        const expected = privilege < lowest || (privilege === S && (status & trap) !== 0n);
        assert.equal(isIllegal(bits, privilege, { status }), expected, `${name} in ${privilege} with ${status}`);
      }
    }
  }
});

test('mcounteren makes counters readable in S mode, and together with scounteren in U mode', () => {
  for (const [csr, bit] of [
    [CSR.cycle, 0n],
    [CSR.time, 1n],
    [CSR.instret, 2n],
    [CSR.cycle + 3, 3n],
    [CSR.cycle + 31, 31n],
  ] as const) {
    for (const MCOUNTEREN of some([0n, 1n << bit, ~(1n << bit) & 0xffff_ffffn], 2)) {
      for (const SCOUNTEREN of some([0n, 1n << bit, ~(1n << bit) & 0xffff_ffffn], 2)) {
        const has = (value: bigint): boolean => ((value >> bit) & 1n) === 1n;
        const open = { [M]: true, [S]: has(MCOUNTEREN), [U]: has(MCOUNTEREN) && has(SCOUNTEREN) };
        for (const privilege of [M, S, U]) {
          const set = { MCOUNTEREN, SCOUNTEREN };
          assert.equal(isIllegal(a.csrr(5, csr), privilege, { set }), !open[privilege], `${csr} in ${privilege}`);
        }
      }
    }
  }
});

test('event counters are zero and cannot be written', () => {
  const machine = machineWith([a.csrw(0xb03, 6), a.csrr(7, 0xb03), a.csrw(0x323, 6), a.csrr(8, 0x323)]);
  machine.hart.setRegister(6, 77n);
  machine.hart.setRegister(7, 1n);
  machine.hart.setRegister(8, 1n);
  steps(machine, 4);
  assert.deepEqual([machine.hart.register(7), machine.hart.register(8)], [0n, 0n]);
});

test('in vectored mode, exceptions jump to the base and interrupts to the base plus four bytes per cause', () => {
  const machine = machineWith([a.ecall]);
  const { hart } = machine;
  hart.setSlot('MTVEC', BigInt(HANDLER + 1));
  steps(machine, 1);
  assert.equal(hart.slot('PC'), BigInt(HANDLER));
  for (const [cause, delegated] of [
    [1n, 0n],
    [1n, 1n],
    [9n, 1n],
  ] as const) {
    const other = machineWith([a.nop, a.nop]);
    const bit = 1n << cause;
    other.hart.setSlot('MTVEC', BigInt(HANDLER + 1));
    other.hart.setSlot('STVEC', BigInt(HANDLER + 0x201));
    other.hart.setSlot('PRIVILEGE', BigInt(U));
    other.hart.setSlot('MIDELEG', delegated ? bit : 0n);
    other.hart.setSlot('MIE', bit);
    other.hart.setSlot('MIP_SOFTWARE', bit);
    steps(other, 1);
    const base = delegated ? HANDLER + 0x200 : HANDLER;
    assert.equal(other.hart.slot('PC'), BigInt(base) + 4n * cause);
    assert.equal(other.hart.slot('PRIVILEGE'), BigInt(delegated ? S : M));
  }
});
