/** Every computational instruction gives the result that the manual defines.
 *
 * The reference is a BigInt model written from the manual's text. Every operation is compared with it for all pairs of
 * edge values and some random values.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../support/seededRandom.ts';
import {
  a,
  ATOMICS,
  BRANCHES,
  IMMEDIATE_OPERATIONS,
  REGISTER_OPERATIONS,
  SHIFT_OPERATIONS,
  shiftLimit,
  UNARY_OPERATIONS,
} from './assembler.ts';
import { bareMachine, START, steps, word, words, type BareMachine } from './bareMachine.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
const word32 = (value: bigint): bigint => BigInt.asIntN(32, value);
const unsigned32 = (value: bigint): bigint => BigInt.asUintN(32, value);
const flag = (condition: boolean): bigint => (condition ? 1n : 0n);

/**
 * Division by zero gives all ones, and the remainder is the dividend. BigInt does not overflow, so the overflow case
 * needs no special handling.
 */
const divide = (x: bigint, y: bigint): bigint => (y === 0n ? -1n : x / y);
const remainder = (x: bigint, y: bigint): bigint => (y === 0n ? x : x % y);

/** Operands are unsigned 64-bit numbers; results are taken modulo 2^64. */
const MODEL: Record<string, (x: bigint, y: bigint) => bigint> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  sll: (x, y) => x << (y & 63n),
  slt: (x, y) => flag(signed(x) < signed(y)),
  sltu: (x, y) => flag(x < y),
  xor: (x, y) => x ^ y,
  srl: (x, y) => x >> (y & 63n),
  sra: (x, y) => signed(x) >> (y & 63n),
  or: (x, y) => x | y,
  and: (x, y) => x & y,
  addw: (x, y) => word32(x + y),
  subw: (x, y) => word32(x - y),
  sllw: (x, y) => word32(x << (y & 31n)),
  srlw: (x, y) => word32(unsigned32(x) >> (y & 31n)),
  sraw: (x, y) => word32(x) >> (y & 31n),
  mul: (x, y) => x * y,
  mulh: (x, y) => (signed(x) * signed(y)) >> 64n,
  mulhsu: (x, y) => (signed(x) * y) >> 64n,
  mulhu: (x, y) => (x * y) >> 64n,
  div: (x, y) => divide(signed(x), signed(y)),
  divu: (x, y) => divide(x, y),
  rem: (x, y) => remainder(signed(x), signed(y)),
  remu: (x, y) => remainder(x, y),
  mulw: (x, y) => word32(x * y),
  divw: (x, y) => word32(divide(word32(x), word32(y))),
  divuw: (x, y) => word32(divide(unsigned32(x), unsigned32(y))),
  remw: (x, y) => word32(remainder(word32(x), word32(y))),
  remuw: (x, y) => word32(remainder(unsigned32(x), unsigned32(y))),
};
/** The B extension (ISA manual Volume I, chapter 28). */
const bit = (index: bigint): bigint => 1n << (index & 63n);
const rotated = (x: bigint, left: bigint, width: bigint): bigint =>
  (x << (left % width)) | (x >> ((width - left) % width));
Object.assign(MODEL, {
  'add.uw': (x, y) => unsigned32(x) + y,
  sh1add: (x, y) => 2n * x + y,
  sh2add: (x, y) => 4n * x + y,
  sh3add: (x, y) => 8n * x + y,
  'sh1add.uw': (x, y) => 2n * unsigned32(x) + y,
  'sh2add.uw': (x, y) => 4n * unsigned32(x) + y,
  'sh3add.uw': (x, y) => 8n * unsigned32(x) + y,
  'slli.uw': (x, y) => unsigned32(x) << y,
  andn: (x, y) => x & ~y,
  orn: (x, y) => x | ~y,
  xnor: (x, y) => ~(x ^ y),
  min: (x, y) => (signed(x) < signed(y) ? x : y),
  minu: (x, y) => (x < y ? x : y),
  max: (x, y) => (signed(x) > signed(y) ? x : y),
  maxu: (x, y) => (x > y ? x : y),
  rol: (x, y) => rotated(x, y & 63n, 64n),
  rolw: (x, y) => word32(rotated(unsigned32(x), y & 31n, 32n)),
  ror: (x, y) => rotated(x, 64n - (y & 63n), 64n),
  rorw: (x, y) => word32(rotated(unsigned32(x), 32n - (y & 31n), 32n)),
  bclr: (x, y) => x & ~bit(y),
  bext: (x, y) => (x >> (y & 63n)) & 1n,
  binv: (x, y) => x ^ bit(y),
  bset: (x, y) => x | bit(y),
} satisfies typeof MODEL);
/** The Zbc extension (ISA manual Volume I, section 28.4). */
function carryless(x: bigint, y: bigint): bigint {
  let product = 0n;
  for (let i = 0n; i < 64n; i++) if ((y >> i) & 1n) product ^= x << i;
  return product;
}
Object.assign(MODEL, {
  clmul: carryless,
  clmulr: (x, y) => carryless(x, y) >> 63n,
  clmulh: (x, y) => carryless(x, y) >> 64n,
} satisfies typeof MODEL);
/** The Zicond extension (ISA manual Volume I, section 12.3). */
Object.assign(MODEL, {
  'czero.eqz': (x, y) => (y === 0n ? 0n : x),
  'czero.nez': (x, y) => (y === 0n ? x : 0n),
} satisfies typeof MODEL);

const binary = (x: bigint, width: number): string => BigInt.asUintN(width, x).toString(2).padStart(width, '0');
const bytesOf = (x: bigint): bigint[] => Array.from({ length: 8 }, (_, i) => (x >> BigInt(8 * i)) & 0xffn);
const fromBytes = (bytes: bigint[]): bigint => bytes.reduce((sum, byte, i) => sum | (byte << BigInt(8 * i)), 0n);
const leadingZeros = (digits: string): bigint => BigInt(/^0*/.exec(digits)![0].length);
const trailingZeros = (digits: string): bigint => BigInt(/0*$/.exec(digits)![0].length);
const ones = (digits: string): bigint => BigInt(digits.replaceAll('0', '').length);

const UNARY_MODEL: Record<string, (x: bigint) => bigint> = {
  clz: (x) => leadingZeros(binary(x, 64)),
  clzw: (x) => leadingZeros(binary(x, 32)),
  ctz: (x) => trailingZeros(binary(x, 64)),
  ctzw: (x) => trailingZeros(binary(x, 32)),
  cpop: (x) => ones(binary(x, 64)),
  cpopw: (x) => ones(binary(x, 32)),
  'sext.b': (x) => BigInt.asIntN(8, x),
  'sext.h': (x) => BigInt.asIntN(16, x),
  'zext.h': (x) => BigInt.asUintN(16, x),
  'orc.b': (x) => fromBytes(bytesOf(x).map((byte) => (byte ? 0xffn : 0n))),
  rev8: (x) => fromBytes(bytesOf(x).reverse()),
};

/**
 * The name in MODEL of the operation that an immediate instruction performs; the second operand is the sign-extended
 * immediate.
 */
const OF_IMMEDIATE = (name: string): string =>
  name === 'slli.uw' || name in MODEL ? name : name.replace(/i(?=[uw]?$)/, '');

const CONDITION: Record<string, (x: bigint, y: bigint) => boolean> = {
  beq: (x, y) => x === y,
  bne: (x, y) => x !== y,
  blt: (x, y) => signed(x) < signed(y),
  bge: (x, y) => signed(x) >= signed(y),
  bltu: (x, y) => x < y,
  bgeu: (x, y) => x >= y,
};

const EDGES = [
  0n,
  1n,
  2n,
  31n,
  32n,
  63n,
  64n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_fffen,
  0xffff_ffff_ffff_ffffn,
];
const SHORT_EDGES = [-2048, -2047, -1, 0, 1, 2, 1023, 2047];

const randomWord = (random: SeededRandom): bigint => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());

/** Every pair of edge values, and an equal number of random pairs. */
function operandPairs(random: SeededRandom): [bigint, bigint][] {
  const pairs = EDGES.flatMap((x) => EDGES.map((y): [bigint, bigint] => [x, y]));
  return [...pairs, ...pairs.map((): [bigint, bigint] => [randomWord(random), randomWord(random)])];
}

const [RD, RS1, RS2] = [10, 11, 12];

/**
 * Puts one instruction at the start of RAM, and returns a function that runs it with the operands x and y and returns
 * rd.
 */
function single(machine: BareMachine, instruction: number, rd = RD): (x: bigint, y: bigint) => bigint {
  machine.ram.write(START, words(BigInt(instruction)));
  return (x, y) => {
    machine.hart.setSlot('PC', BigInt(START));
    machine.hart.setRegister(rd, 0x5555n);
    machine.hart.setRegister(RS1, x);
    machine.hart.setRegister(RS2, y);
    steps(machine, 1);
    return machine.hart.register(rd);
  };
}

const hex = (value: bigint): string => '0x' + unsigned(value).toString(16);

test('register operations give the results that the manual defines', (t) => {
  const machine = bareMachine();
  const pairs = operandPairs(SeededRandom.forTest(t));
  assert.deepEqual(
    Object.keys(REGISTER_OPERATIONS).filter((name) => !(name in MODEL)),
    [],
  );
  for (const [name, encode] of Object.entries(REGISTER_OPERATIONS)) {
    const run = single(machine, encode(RD, RS1, RS2));
    for (const [x, y] of pairs) {
      assert.equal(run(x, y), unsigned(MODEL[name](x, y)), `${name} ${hex(x)}, ${hex(y)}`);
    }
  }
});

test('operations with one operand give the results that the manual defines', (t) => {
  const machine = bareMachine();
  const random = SeededRandom.forTest(t);
  assert.deepEqual(Object.keys(UNARY_MODEL).sort(), Object.keys(UNARY_OPERATIONS).sort());
  for (const [name, encode] of Object.entries(UNARY_OPERATIONS)) {
    const run = single(machine, encode(RD, RS1));
    for (const x of [...EDGES, ...Array.from({ length: 200 }, () => randomWord(random) >> BigInt(random.below(64)))]) {
      assert.equal(run(x, 0n), unsigned(UNARY_MODEL[name](x)), `${name} ${hex(x)}`);
    }
  }
});

test('immediate operations sign-extend their immediate', (t) => {
  const machine = bareMachine();
  const random = SeededRandom.forTest(t);
  const immediates = [...SHORT_EDGES, ...Array.from({ length: 20 }, () => random.below(4096) - 2048)];
  for (const [name, encode] of Object.entries(IMMEDIATE_OPERATIONS)) {
    const model = MODEL[OF_IMMEDIATE(name)];
    for (const immediate of immediates) {
      const run = single(machine, encode(RD, RS1, immediate));
      for (const x of [...EDGES, randomWord(random)]) {
        assert.equal(run(x, 0n), unsigned(model(x, unsigned(BigInt(immediate)))), `${name} ${hex(x)}, ${immediate}`);
      }
    }
  }
});

test('immediate shifts accept every shift amount', (t) => {
  const machine = bareMachine();
  const random = SeededRandom.forTest(t);
  for (const [name, encode] of Object.entries(SHIFT_OPERATIONS)) {
    for (let amount = 0; amount < shiftLimit(name); amount++) {
      const run = single(machine, encode(RD, RS1, amount));
      for (const x of [...EDGES, randomWord(random)]) {
        const expected = unsigned(MODEL[OF_IMMEDIATE(name)](x, BigInt(amount)));
        assert.equal(run(x, 0n), expected, `${name} ${hex(x)}, ${amount}`);
      }
    }
  }
});

test('lui and auipc sign-extend their 32-bit result', () => {
  const machine = bareMachine();
  for (const upper of [0, 0x1000, 0x7ffff000, 0x80000000, 0xfffff000]) {
    const value = BigInt.asIntN(32, BigInt(upper));
    assert.equal(single(machine, a.lui(RD, upper))(0n, 0n), unsigned(value));
    assert.equal(single(machine, a.auipc(RD, upper))(0n, 0n), unsigned(value + BigInt(START)));
  }
});

test('a destination register that is also a source is read before it is written, and x0 stays zero', (t) => {
  const machine = bareMachine();
  const pairs = operandPairs(SeededRandom.forTest(t)).slice(0, 64);
  for (const [name, encode] of Object.entries(REGISTER_OPERATIONS)) {
    for (const [x, y] of pairs) {
      const expected = unsigned(MODEL[name](x, y));
      for (const rd of [RS1, RS2]) {
        machine.ram.write(START, words(BigInt(encode(rd, RS1, RS2))));
        machine.hart.setSlot('PC', BigInt(START));
        machine.hart.setRegister(RS1, x);
        machine.hart.setRegister(RS2, y);
        steps(machine, 1);
        assert.equal(machine.hart.register(rd), expected, `${name} into x${rd}`);
      }
    }
    single(machine, encode(0, RS1, RS2))(3n, 5n);
    assert.equal(machine.hart.register(0), 0n);
    assert.equal(single(machine, a.add(RD, 0, RS1))(7n, 0n), 7n);
  }
});

test('branches are taken exactly when their condition holds', (t) => {
  const machine = bareMachine();
  const pairs = operandPairs(SeededRandom.forTest(t));
  for (const [name, encode] of Object.entries(BRANCHES)) {
    const run = single(machine, encode(RS1, RS2, 64));
    for (const [x, y] of pairs) {
      run(x, y);
      const offset = CONDITION[name](x, y) ? 64 : 4;
      assert.equal(machine.hart.slot('PC'), BigInt(START + offset), `${name} ${hex(x)}, ${hex(y)}`);
    }
  }
});

const ATOMIC_MODEL: Record<string, (old: bigint, operand: bigint) => bigint> = {
  add: (old, operand) => old + operand,
  swap: (_old, operand) => operand,
  xor: (old, operand) => old ^ operand,
  or: (old, operand) => old | operand,
  and: (old, operand) => old & operand,
  min: (old, operand) => (old < operand ? old : operand),
  max: (old, operand) => (old > operand ? old : operand),
};

test('atomics return the old value and store the new one; word atomics leave the neighboring word unchanged', (t) => {
  const machine = bareMachine();
  const data = START + 0x1000;
  const pairs = operandPairs(SeededRandom.forTest(t));
  for (const [name, encode] of Object.entries(ATOMICS)) {
    const [, kind, width] = /amo(\w+)\.([wd])/.exec(name)!;
    const isUnsigned = kind.endsWith('u') && kind !== 'u';
    const size = width === 'w' ? 32 : 64;
    const view = isUnsigned ? BigInt.asUintN : BigInt.asIntN;
    const model = ATOMIC_MODEL[kind.replace(/(min|max)u/, '$1')];
    machine.ram.write(START, words(BigInt(encode(RD, RS2, RS1))));
    for (const [old, operand] of pairs) {
      machine.ram.write(data, words(old));
      machine.hart.setSlot('PC', BigInt(START));
      machine.hart.setRegister(RS1, BigInt(data));
      machine.hart.setRegister(RS2, operand);
      steps(machine, 1);
      const result = BigInt.asUintN(size, model(view(size, old), view(size, operand)));
      const untouched = (old >> BigInt(size)) << BigInt(size);
      assert.equal(word(machine, data), untouched | result, `${name} ${hex(old)}, ${hex(operand)}`);
      assert.equal(machine.hart.register(RD), unsigned(BigInt.asIntN(size, old)), `${name} gives the old value`);
    }
  }
});
