/** Floating-point instructions are legal unless mstatus.FS is Off; writing a register or flag sets it to Dirty. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, assemble, CSR } from './assembler.ts';
import { bareMachine, digestOf, machineWith, START, steps, trapOf, words, type BareMachine } from './bareMachine.ts';
import { FLOAT_LOADS, FLOAT_OPERATIONS, FLOAT_STORES, MODES } from './floatAssembler.ts';
import { FLAGS, NAN } from './referenceFloat.ts';
import { longTest, some } from '../../../support/extent.ts';

const FS = 13n;
const [OFF, INITIAL, CLEAN, DIRTY] = [0n, 1n, 2n, 3n];
const DATA = START + 0x1000;
const HANDLER = START + 0x100;
const SIGNALING = 0x7ff0_0000_0000_0001n;

/**
 * The machine after one instruction, with the floating-point unit in the given state; x11 points to data, f1 is 1.0,
 * and f2 is a signaling NaN.
 */
function after(instruction: number, options: { fs: bigint; fcsr?: number }): BareMachine {
  const machine = machineWith([instruction]);
  const { hart } = machine;
  hart.setSlot('MTVEC', BigInt(HANDLER));
  hart.setSlot('MSTATUS', options.fs << FS);
  hart.setSlot('FCSR', BigInt(options.fcsr ?? 0));
  hart.setRegister(11, BigInt(DATA));
  hart.setFloat(1, 0x3ff0_0000_0000_0000n);
  hart.setFloat(2, SIGNALING);
  steps(machine, 1);
  return machine;
}

const stateOf = ({ hart }: BareMachine): bigint => (hart.slot('MSTATUS') >> FS) & 3n;
const isDone = ({ hart }: BareMachine): boolean => hart.slot('PC') !== BigInt(HANDLER);

/** c.fld f8, 0(x11), c.fsd f8, 0(x11), c.fldsp f1, 0(x2), c.fsdsp f1, 0(x2). */
const COMPRESSED = [0x2180, 0xa180, 0x2082, 0xa006];

test('with the floating-point unit off, each floating-point instruction and register access is illegal', () => {
  const all = [
    ...Object.values(FLOAT_OPERATIONS).map(({ encode }) => encode({ rd: 5, rs1: 6, rs2: 7, rs3: 8 })),
    ...[...Object.values(FLOAT_LOADS), ...Object.values(FLOAT_STORES)].map((encode) => encode(1, 0, 11)),
    ...COMPRESSED,
    ...[CSR.fflags, CSR.frm, CSR.fcsr].flatMap((csr) => [a.csrr(5, csr), a.csrrwi(5, csr, 0)]),
  ];
  for (const instruction of some(all, 30)) {
    const machine = after(instruction, { fs: OFF });
    assert.deepEqual(trapOf(machine), { cause: 2n, value: BigInt(instruction), pc: BigInt(START) });
    assert.equal(stateOf(machine), OFF);
  }
});

test('with the floating-point unit on, compressed floating-point loads and stores work', () => {
  const [load, store, loadSp, storeSp] = COMPRESSED;
  const machine = bareMachine();
  const { hart } = machine;
  hart.setSlot('MSTATUS', INITIAL << FS);
  machine.ram.write(START, assemble([load, store + 4 * 0x400, loadSp, storeSp + 0x800]));
  machine.ram.write(DATA, words(0x1122_3344_5566_7788n));
  hart.setRegister(11, BigInt(DATA));
  hart.setRegister(2, BigInt(DATA));
  steps(machine, 4);
  assert.deepEqual([hart.float(8), hart.float(1)], [0x1122_3344_5566_7788n, 0x1122_3344_5566_7788n]);
  const copies = new Uint8Array(0x48);
  machine.ram.read(DATA, copies);
  assert.equal(new DataView(copies.buffer).getBigUint64(0x20, true), 0x1122_3344_5566_7788n);
  assert.equal(new DataView(copies.buffer).getBigUint64(0x10, true), 0x1122_3344_5566_7788n);
});

longTest('only instructions that write a register or raise a flag make the state dirty', () => {
  const { encode: add } = FLOAT_OPERATIONS['fadd.d'];
  const { encode: equal } = FLOAT_OPERATIONS['feq.d'];
  const { encode: toInteger } = FLOAT_OPERATIONS['fcvt.w.d'];
  const writes = [
    add({ rd: 3, rs1: 1, rs2: 1 }),
    FLOAT_OPERATIONS['fsgnj.d'].encode({ rd: 3, rs1: 1, rs2: 1 }),
    FLOAT_OPERATIONS['fmv.d.x'].encode({ rd: 3, rs1: 1 }),
    FLOAT_LOADS.fld(3, 0, 11),
    FLOAT_LOADS.flw(3, 0, 11),
    equal({ rd: 3, rs1: 1, rs2: 2 }),
    toInteger({ rd: 3, rs1: 2 }),
    a.csrrwi(0, CSR.fcsr, 0),
    a.csrrwi(0, CSR.frm, 1),
    a.csrrwi(0, CSR.fflags, 1),
  ];
  const reads = [
    equal({ rd: 3, rs1: 1, rs2: 1 }),
    toInteger({ rd: 3, rs1: 1 }),
    FLOAT_OPERATIONS['fmv.x.d'].encode({ rd: 3, rs1: 1 }),
    FLOAT_OPERATIONS['fclass.d'].encode({ rd: 3, rs1: 2 }),
    FLOAT_STORES.fsd(3, 0, 11),
    a.csrr(3, CSR.fcsr),
  ];
  for (const fs of [INITIAL, CLEAN, DIRTY]) {
    for (const instruction of writes)
      assert.equal(stateOf(after(instruction, { fs })), DIRTY, instruction.toString(16));
    for (const instruction of reads) assert.equal(stateOf(after(instruction, { fs })), fs, instruction.toString(16));
  }
});

test('neither a load that faults nor an instruction with a reserved rounding mode changes anything', () => {
  const fault = after(FLOAT_LOADS.fld(3, 0, 0), { fs: CLEAN });
  assert.deepEqual([trapOf(fault).cause, stateOf(fault), fault.hart.float(3)], [5n, CLEAN, 0n]);
  for (const frm of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const machine = after(FLOAT_OPERATIONS['fadd.d'].encode({ rd: 3, rs1: 1, rs2: 1 }), { fs: CLEAN, fcsr: frm << 5 });
    assert.equal(isDone(machine), MODES.includes(frm));
    assert.equal(stateOf(machine), MODES.includes(frm) ? DIRTY : CLEAN);
    // Exact conversions have a rounding mode field too, so a reserved mode makes them illegal. FMIN has no such field.
    const exact = after(FLOAT_OPERATIONS['fcvt.d.w'].encode({ rd: 3, rs1: 1 }), { fs: CLEAN, fcsr: frm << 5 });
    assert.equal(isDone(exact), MODES.includes(frm));
    const minimum = after(FLOAT_OPERATIONS['fmin.d'].encode({ rd: 3, rs1: 1, rs2: 1 }), { fs: CLEAN, fcsr: frm << 5 });
    assert.ok(isDone(minimum));
  }
});

test('the SD bit of mstatus and sstatus is set exactly while the floating-point state is dirty', () => {
  for (const fs of [OFF, INITIAL, CLEAN, DIRTY]) {
    const machine = bareMachine();
    machine.hart.setSlot('MSTATUS', fs << FS);
    for (const csr of [CSR.mstatus, CSR.sstatus]) {
      const value = machine.hart.readCsr(csr, 0)!;
      assert.deepEqual([value >> 63n, (value >> FS) & 3n], [fs === DIRTY ? 1n : 0n, fs]);
    }
  }
});

test('fflags and frm are fields of fcsr', () => {
  const machine = machineWith([a.csrrwi(0, CSR.frm, 3), a.csrrwi(0, CSR.fflags, 21), a.csrr(5, CSR.fcsr)]);
  machine.hart.setSlot('MSTATUS', INITIAL << FS);
  steps(machine, 3);
  assert.equal(machine.hart.register(5), BigInt((3 << 5) | 21));
  assert.equal(machine.hart.slot('FCSR'), BigInt((3 << 5) | (FLAGS.NV | FLAGS.OF | FLAGS.NX)));
});

test('a loaded word is NaN-boxed, and a value that is not NaN-boxed is treated as NaN', () => {
  const machine = machineWith([
    FLOAT_LOADS.flw(3, 0, 11),
    FLOAT_STORES.fsd(3, 8, 11),
    FLOAT_OPERATIONS['fmin.s'].encode({ rd: 4, rs1: 1, rs2: 3 }),
    FLOAT_OPERATIONS['fsgnj.s'].encode({ rd: 5, rs1: 1, rs2: 1 }),
  ]);
  machine.hart.setSlot('MSTATUS', INITIAL << FS);
  machine.hart.setRegister(11, BigInt(DATA));
  machine.hart.setFloat(1, 0x3f80_0000n);
  machine.ram.write(DATA, words(0xaaaa_aaaa_c000_0000n));
  steps(machine, 4);
  const boxed = (bits: bigint): bigint => 0xffff_ffff_0000_0000n | bits;
  assert.equal(machine.hart.float(3), boxed(0xc000_0000n));
  assert.equal(machine.hart.float(4), boxed(0xc000_0000n));
  assert.equal(machine.hart.float(5), boxed(NAN.s));
});

test('floating-point registers and fcsr are in the saved state and in the digest', () => {
  const machine = bareMachine();
  const before = digestOf(machine);
  machine.hart.setFloat(31, 1n);
  const withFloat = digestOf(machine);
  machine.hart.setSlot('FCSR', 1n);
  const withBoth = digestOf(machine);
  assert.equal(new Set([before, withFloat, withBoth]).size, 3);
  const other = bareMachine();
  other.loadState(machine.saveState());
  assert.deepEqual([other.hart.float(31), other.hart.slot('FCSR')], [1n, 1n]);
  assert.equal(digestOf(other), withBoth);
});
