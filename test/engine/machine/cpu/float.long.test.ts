/** Every computational instruction in F, D and Zfh gives the correctly rounded result and the right flags.
 *
 * The reference is exact arithmetic on fractions. Operations on edge values and random values run in all rounding
 * modes, static and dynamic. Each case runs with the inexact flag clear and with the flag set, because with the flag
 * set the hart may use the host's instructions.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { assemble } from './assembler.ts';
import { bareMachine, START, steps } from './bareMachine.ts';
import { DYNAMIC, FLOAT_OPERATIONS, FORMATS, MODES, type Format, type IntegerKind } from './floatAssembler.ts';
import { edgeValues, randomValue } from './floatValues.ts';
import * as reference from './referenceFloat.ts';

type Model = (x: bigint, y: bigint, z: bigint, mode: number) => reference.Result;

/**
 * The reference function of an instruction. It takes and returns bits of the instruction's format, or full registers
 * for integers and moves.
 */
function modelOf(name: string): Model {
  const [mnemonic, ...suffixes] = name.split('.');
  const format = suffixes[0] as Format;
  const r = reference;
  const sign = suffixes.length === 1 ? r.signBit(format) : 0n;
  const plain = (bits: bigint): reference.Result => ({ bits, flags: 0 });
  const fused =
    (negateProduct: boolean, negateAddend: boolean): Model =>
    (x, y, z, mode) =>
      r.multiplyAdd(format, [x, y, z], { mode, negateProduct, negateAddend });
  const models: Record<string, Model> = {
    fadd: (x, y, _z, mode) => r.add(format, x, y, mode),
    fsub: (x, y, _z, mode) => r.subtract(format, x, y, mode),
    fmul: (x, y, _z, mode) => r.multiply(format, x, y, mode),
    fdiv: (x, y, _z, mode) => r.divide(format, x, y, mode),
    fsqrt: (x, _y, _z, mode) => r.squareRoot(format, x, mode),
    fmadd: fused(false, false),
    fmsub: fused(false, true),
    fnmsub: fused(true, false),
    fnmadd: fused(true, true),
    fsgnj: (x, y) => plain((x & ~sign) | (y & sign)),
    fsgnjn: (x, y) => plain((x & ~sign) | (~y & sign)),
    fsgnjx: (x, y) => plain(x ^ (y & sign)),
    fmin: (x, y) => r.minimum(format, x, y),
    fmax: (x, y) => r.minimum(format, x, y, true),
    feq: (x, y) => r.relation(format, 'feq', x, y),
    flt: (x, y) => r.relation(format, 'flt', x, y),
    fle: (x, y) => r.relation(format, 'fle', x, y),
    fclass: (x) => r.classify(format, x),
  };
  if (mnemonic !== 'fcvt') return models[mnemonic];
  const [to, from] = suffixes;
  const isFormat = (suffix: string): suffix is Format => (FORMATS as string[]).includes(suffix);
  if (isFormat(to) && isFormat(from)) return (x, _y, _z, mode) => r.convert(from, to, x, mode);
  if (isFormat(to)) return (x, _y, _z, mode) => r.fromInteger(from as IntegerKind, to, x, mode);
  return (x, _y, _z, mode) => r.toInteger(from as Format, to as IntegerKind, x, mode);
}

const RD = 10;
const [RS1, RS2, RS3] = [11, 12, 13];
const FS_DIRTY = 3n << 13n;

/** Runs single instructions on given register values and returns rd and the flags in fcsr. */
class FloatUnit {
  private machine = bareMachine();

  constructor() {
    this.machine.hart.setSlot('MSTATUS', FS_DIRTY);
  }

  load(instruction: number): void {
    this.machine.ram.write(START, assemble([instruction]));
  }

  run(options: { operands: bigint[]; fromFloat: boolean; toFloat: boolean; fcsr: number }): reference.Result {
    const { hart } = this.machine;
    const [x, y, z] = options.operands;
    hart.setSlot('PC', BigInt(START));
    hart.setSlot('FCSR', BigInt(options.fcsr));
    if (options.fromFloat) hart.setFloat(RS1, x);
    else hart.setRegister(RS1, x);
    hart.setFloat(RS2, y);
    hart.setFloat(RS3, z);
    steps(this.machine, 1);
    const bits = options.toFloat ? hart.float(RD) : hart.register(RD);
    return { bits, flags: Number(hart.slot('FCSR')) };
  }
}

const unit = new FloatUnit();
const hex = (value: bigint): string => '0x' + value.toString(16);

/** The formats of the operands and of the result; undefined for an integer register. */
function formatsOf(name: string): { from?: Format; to?: Format } {
  const { fromFloat, toFloat, format } = FLOAT_OPERATIONS[name];
  const [, to, from] = /^fcvt\.(\w+)\.(\w+)$/.exec(name) ?? [];
  return {
    from: fromFloat ? ((from as Format) ?? format) : undefined,
    to: toFloat ? ((to as Format) ?? format) : undefined,
  };
}

/** Checks an instruction on the given register values, in a static or dynamic rounding mode. */
function check(name: string, operands: bigint[], options: { mode: number; isDynamic: boolean; before: number }): void {
  const { fromFloat, toFloat } = FLOAT_OPERATIONS[name];
  const { mode, isDynamic, before } = options;
  const { from, to } = formatsOf(name);
  const [x, y, z] = operands.map((register) => (from ? reference.fromRegister(from, register) : register));
  const expected = modelOf(name)(x, y, z, mode);
  const frm = (isDynamic ? mode : (mode + 1) % 5) << 5;
  const found = unit.run({ operands, fromFloat, toFloat, fcsr: frm | before });
  const register = to ? reference.inRegister(to, expected.bits) : expected.bits;
  const where = `${name} ${operands.map(hex).join(', ')} in mode ${mode}, flags before ${before}`;
  if (found.bits !== register) assert.equal(hex(found.bits), hex(register), where);
  if (found.flags !== (frm | before | expected.flags)) {
    assert.equal(found.flags & 31, before | expected.flags, `flags of ${where}`);
  }
}

/**
 * Checks an instruction in all rounding modes, each static and dynamic, with the inexact flag set or clear beforehand.
 */
function checkAll(name: string, operandLists: bigint[][]): void {
  const { encode, hasMode } = FLOAT_OPERATIONS[name];
  const fields = { rd: RD, rs1: RS1, rs2: RS2, rs3: RS3 };
  for (const isDynamic of hasMode ? [true, false] : [true]) {
    for (const mode of hasMode ? MODES : [0]) {
      unit.load(encode({ ...fields, mode: isDynamic ? DYNAMIC : mode }));
      for (const operands of operandLists) {
        check(name, operands, { mode, isDynamic, before: reference.FLAGS.NX });
        check(name, operands, { mode, isDynamic, before: 0 });
      }
    }
  }
}

const NAMES = Object.keys(FLOAT_OPERATIONS).filter((name) => !name.startsWith('fmv'));
const ofOperands = (count: number) => NAMES.filter((name) => FLOAT_OPERATIONS[name].operands === count);

const list = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);

test('instructions with one operand match the reference on edge values and random values', (t) => {
  const random = SeededRandom.forTest(t);
  for (const name of ofOperands(1)) {
    const { from } = formatsOf(name);
    const values = [...edgeValues(from), ...list(60, () => randomValue(random, from))];
    checkAll(
      name,
      values.map((x) => [x, 0n, 0n]),
    );
  }
});

test('instructions with two operands match the reference on all pairs of edge values and on random pairs', (t) => {
  const random = SeededRandom.forTest(t);
  for (const name of ofOperands(2)) {
    const { from } = formatsOf(name);
    const edges = edgeValues(from);
    const pairs = edges.flatMap((x) => edges.map((y) => [x, y, 0n]));
    const others = list(150, () => [randomValue(random, from), randomValue(random, from), 0n]);
    checkAll(name, [...pairs, ...others]);
  }
});

test('fused multiply-add matches the reference on all triples of edge values and on random triples', (t) => {
  const random = SeededRandom.forTest(t);
  for (const name of ofOperands(3)) {
    const { from } = formatsOf(name);
    const edges = edgeValues(from);
    const one = () => (random.chance(0.5) ? random.pick(edges) : randomValue(random, from));
    checkAll(
      name,
      list(600, () => [one(), one(), one()]),
    );
  }
});

test('sums and products that nearly cancel are rounded correctly', (t) => {
  const random = SeededRandom.forTest(t);
  for (const format of FORMATS) {
    const triples = list(300, () => {
      const [x, y] = [randomValue(random, format), randomValue(random, format)];
      const product = reference.multiply(
        format,
        reference.fromRegister(format, x),
        reference.fromRegister(format, y),
        0,
      );
      const near = BigInt.asUintN(reference.widthOf(format), product.bits + BigInt(random.below(5) - 2));
      return [x, y, reference.inRegister(format, near)];
    });
    for (const name of ['fmadd', 'fmsub', 'fnmadd', 'fnmsub']) checkAll(`${name}.${format}`, triples);
    const pairs = triples.map(([x]) => {
      const near = BigInt.asUintN(reference.widthOf(format), x + BigInt(random.below(2000) - 1000));
      return [x, reference.inRegister(format, near), 0n];
    });
    for (const name of ['fadd', 'fsub', 'fdiv']) checkAll(`${name}.${format}`, pairs);
  }
});

/**
 * (1 + i ulps) * (1 - j ulps) is close to 1. The addend is so large that 1 is half a unit in the addend's last place.
 */
test('fused multiply-add results close to a tie are rounded correctly', (t) => {
  const random = SeededRandom.forTest(t);
  for (const [format, fractionBits, bias] of [
    ['h', 10n, 15n],
    ['s', 23n, 127n],
    ['d', 52n, 1023n],
  ] as const) {
    const one = bias << fractionBits;
    const near = () => BigInt(random.below(5) - 1);
    const addend = () => {
      // The exponent is limited because such an addend is outside the exponent range of half precision.
      const exponent = bias + BigInt(Math.min(Number(fractionBits) + random.below(3), Number(bias)));
      const sign = BigInt(random.below(2)) * reference.signBit(format);
      return sign | (exponent << fractionBits) | BigInt(random.below(4));
    };
    const triples = list(500, () =>
      [one + near(), one - near(), addend()].map((bits) => reference.inRegister(format, bits)),
    );
    for (const name of ['fmadd', 'fmsub', 'fnmadd', 'fnmsub']) checkAll(`${name}.${format}`, triples);
  }
});

test('moves preserve all bits, and word moves preserve the low 32 bits', () => {
  const value = 0x0123_4567_89ab_cdefn;
  const move = (name: string) => {
    const { encode, fromFloat, toFloat } = FLOAT_OPERATIONS[name];
    unit.load(encode({ rd: RD, rs1: RS1 }));
    return unit.run({ operands: [value, 0n, 0n], fromFloat, toFloat, fcsr: 0 });
  };
  assert.deepEqual(move('fmv.x.d'), { bits: value, flags: 0 });
  assert.deepEqual(move('fmv.d.x'), { bits: value, flags: 0 });
  assert.deepEqual(move('fmv.x.w'), { bits: 0xffff_ffff_89ab_cdefn, flags: 0 });
  assert.deepEqual(move('fmv.w.x'), { bits: 0xffff_ffff_89ab_cdefn, flags: 0 });
  assert.deepEqual(move('fmv.x.h'), { bits: 0xffff_ffff_ffff_cdefn, flags: 0 });
  assert.deepEqual(move('fmv.h.x'), { bits: 0xffff_ffff_ffff_cdefn, flags: 0 });
});
