/** Every compressed instruction, and words of every format, decode as in the manual's tables.
 *
 * The tables are transcribed a second time in manualTables.ts. The tests compare all 49152 compressed instructions, and
 * words with random fields, both legal and illegal.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../../../../debug-adapter/engine/machine/cpu/decode.ts';
import { MODE_MASK, THIRD_SOURCE_MASK } from '../../../../debug-adapter/engine/machine/cpu/floatImmediate.ts';
import { OPERATION_NAMES } from '../../../../debug-adapter/engine/machine/cpu/operations.ts';
import { times } from '../../../support/extent.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import {
  a,
  ATOMICS,
  BRANCHES,
  CSR,
  IMMEDIATE_OPERATIONS,
  LOADS,
  REGISTER_OPERATIONS,
  SHIFT_OPERATIONS,
  shiftLimit,
  STORES,
  UNARY_OPERATIONS,
} from './assembler.ts';
import { DYNAMIC, FLOAT_LOADS, FLOAT_OPERATIONS, FLOAT_STORES, MODES } from './floatAssembler.ts';
import { expect, expandCompressed, FLOAT_0, isLegalWord as isLegal, ENCODINGS, type Expected } from './manualTables.ts';
import { machineWith, START, steps, trapOf } from './bareMachine.ts';

interface Decoded extends Expected {
  lengthBytes: number;
}

function decoded(raw: number): Decoded {
  const { operation, rd, rs1, rs2, immediate, lengthBytes } = decode(raw);
  return canonical({ name: OPERATION_NAMES[operation].replace(/_NEAR$/, ''), rd, rs1, rs2, immediate, lengthBytes });
}

/** Maps decode.ts's pseudo-instructions (`mv`, `li`, `j`) to the manual's instructions, and hints to NOP. */
function canonical(found: Decoded): Decoded {
  const { name, rd, rs1 } = found;
  if (name === 'MV') return canonical({ ...found, name: 'ADDI', immediate: 0 });
  if (name === 'ADDI' && rs1 === 0) return canonical({ ...found, name: 'LI' });
  if (name === 'NOP' || (name === 'LI' && rd === 0)) return { ...found, name: 'NOP', rd: 0, rs1: 0, immediate: 0 };
  if (name === 'J') return { ...found, name: 'JAL' };
  return found;
}

/** The name that operations.ts uses for the operation with this mnemonic. */
const operationName = (mnemonic: string): string => mnemonic.toUpperCase().replaceAll('.', '_');

// --- compressed --------------------------------------------------------------------------------------------------------

test('all 49152 compressed instructions have the expansion that the manual lists', () => {
  for (let half = 0; half < 0x1_0000; half++) {
    if ((half & 3) === 3) continue;
    const expected = canonical({ ...expandCompressed(half), lengthBytes: 2 });
    assert.deepEqual(decoded(half), expected, half.toString(16).padStart(4, '0'));
  }
});

test('the bytes after a compressed instruction do not affect its decoding', () => {
  for (const half of [0x4501, 0x8082, 0x0001]) assert.deepEqual(decode(half | 0xffff_0000), decode(half));
});

// --- words -------------------------------------------------------------------------------------------------------------

/** Random values for the fields of a format. */
function randomFields(random: SeededRandom) {
  return {
    rd: 1 + random.below(31),
    rs1: random.below(32),
    rs2: random.below(32),
    short: random.below(4096) - 2048,
    upper: random.uint32() & 0xffff_f000,
  };
}

test('every instruction word decodes to the fields from which it was encoded', (t) => {
  const random = SeededRandom.forTest(t);
  const check = (raw: number, expected: Expected): void =>
    assert.deepEqual(decoded(raw), canonical({ ...expected, lengthBytes: 4 }), `0x${raw.toString(16)}`);
  for (let round = 0; round < 200; round++) {
    const { rd, rs1, rs2, short, upper } = randomFields(random);
    const near = short * 2;
    const far = (random.uint32() >> 11) & ~1;
    for (const [name, encode] of Object.entries(REGISTER_OPERATIONS)) {
      check(encode(rd, rs1, rs2), expect(operationName(name), rd, rs1, rs2));
    }
    for (const [name, encode] of Object.entries(IMMEDIATE_OPERATIONS)) {
      check(encode(rd, rs1, short), expect(name.toUpperCase(), rd, rs1, 0, short));
    }
    for (const [name, encode] of Object.entries(SHIFT_OPERATIONS)) {
      const amount = random.below(shiftLimit(name));
      check(encode(rd, rs1, amount), expect(operationName(name), rd, rs1, 0, amount));
    }
    for (const [name, encode] of Object.entries(UNARY_OPERATIONS)) {
      check(encode(rd, rs1), expect(operationName(name), rd, rs1));
    }
    for (const [name, encode] of Object.entries(BRANCHES)) {
      check(encode(rs1, rs2, near), expect(name.toUpperCase(), 0, rs1, rs2, near));
    }
    for (const [name, encode] of Object.entries(LOADS)) {
      check(encode(rd, short, rs1), expect(name.toUpperCase(), rd, rs1, 0, short));
    }
    for (const [name, encode] of Object.entries(STORES)) {
      check(encode(rs2, short, rs1), expect(name.toUpperCase(), 0, rs1, rs2, short));
    }
    const ordering = random.below(4) << 25;
    for (const [name, encode] of Object.entries(ATOMICS)) {
      const funct5 = encode(0, 0, 0) >>> 27;
      check(
        (encode(rd, rs2, rs1) | ordering) >>> 0,
        expect(name.endsWith('.w') ? 'AMO_W' : 'AMO_D', rd, rs1, rs2, funct5),
      );
    }
    check((a.scW(rd, rs2, rs1) | ordering) >>> 0, expect('SC_W', rd, rs1, rs2));
    check((a.scD(rd, rs2, rs1) | ordering) >>> 0, expect('SC_D', rd, rs1, rs2));
    check((a.lrW(rd, rs1) | ordering) >>> 0, expect('LR_W', rd, rs1));
    check((a.lrD(rd, rs1) | ordering) >>> 0, expect('LR_D', rd, rs1));
    check(a.lui(rd, upper), expect('LI', rd, 0, 0, upper));
    check(a.auipc(rd, upper), expect('AUIPC', rd, 0, 0, upper));
    check(a.jal(rd, far), expect('JAL', rd, 0, 0, far));
    check(a.jal(0, far), expect('JAL', 0, 0, 0, far));
    check(a.jalr(rd, short, rs1), expect('JALR', rd, rs1, 0, short));
    for (const encode of [a.csrrw, a.csrrs, a.csrrc, a.csrrwi, a.csrrsi, a.csrrci]) {
      const { name, rd: to, rs1: from } = decoded(encode(rd, CSR.mscratch, rs1));
      assert.deepEqual([name, to, from], ['CSR', rd, rs1]);
    }
  }
});

test('floating-point instructions decode to their registers and rounding mode', (t) => {
  const random = SeededRandom.forTest(t);
  for (const [name, operation] of Object.entries(FLOAT_OPERATIONS)) {
    const { encode, hasMode, operands, toFloat, fromFloat } = operation;
    for (let round = 0; round < 100; round++) {
      const fields = { ...randomFields(random), rs3: random.below(32), mode: random.pick([...MODES, DYNAMIC]) };
      const raw = encode(fields);
      const { immediate, ...found } = decoded(raw);
      const number = (isFloat: boolean, register: number): number => (isFloat ? FLOAT_0 + register : register);
      assert.deepEqual(
        found,
        {
          name: operationName(name),
          rd: number(toFloat, fields.rd),
          rs1: number(fromFloat, fields.rs1),
          rs2: operands > 1 ? number(true, fields.rs2) : 0,
          lengthBytes: 4,
        },
        `0x${raw.toString(16)}`,
      );
      if (hasMode) assert.equal(immediate & MODE_MASK, fields.mode);
      if (operands === 3) assert.equal(immediate & THIRD_SOURCE_MASK, 8 * number(true, fields.rs3));
    }
  }
  for (const [name, encode] of Object.entries(FLOAT_LOADS)) {
    assert.deepEqual(decoded(encode(3, -8, 4)), {
      ...expect(name.toUpperCase(), FLOAT_0 + 3, 4, 0, -8),
      lengthBytes: 4,
    });
  }
  for (const [name, encode] of Object.entries(FLOAT_STORES)) {
    assert.deepEqual(decoded(encode(3, -8, 4)), {
      ...expect(name.toUpperCase(), 0, 4, FLOAT_0 + 3, -8),
      lengthBytes: 4,
    });
  }
});

test('fences with any fields decode to a no-op', (t) => {
  const random = SeededRandom.forTest(t);
  for (let round = 0; round < 100; round++) {
    const fields = random.uint32() & ~0x707f;
    assert.equal(decoded((fields | 0x0f) >>> 0).name, 'NOP');
    assert.equal(decoded((fields | 0x100f) >>> 0).name, 'NOP');
  }
});

test('a word is illegal exactly when it encodes no instruction', (t) => {
  const random = SeededRandom.forTest(t);
  const check = (raw: number): void =>
    assert.equal(decoded(raw).name !== 'ILLEGAL', isLegal(raw), `0x${raw.toString(16)}`);
  for (let opcode = 3; opcode < 128; opcode += 4) {
    for (let round = 0; round < times({ quick: 300, long: 2000 }); round++)
      check(((random.uint32() & ~0x7f) | opcode) >>> 0);
  }
  // Words that differ from legal words in one bit. Many of them are illegal.
  for (const [mask, value] of ENCODINGS) {
    for (let bit = 2; bit < 32; bit++) {
      const fields = random.uint32() & ~mask;
      check((value | fields) >>> 0);
      check(((value | fields) ^ (1 << bit)) >>> 0);
    }
  }
});

test('an illegal instruction traps with its bits in mtval and is not retired', () => {
  const illegal = [0x0000, 0xffffffff, 0x8002, 0x8000, 0x00000057, 0x0000400f, 0x30405073 & ~0x3000, 0xfec3f00b];
  for (const raw of illegal.filter((bits) => (bits & 3) !== 3 || !isLegal(bits >>> 0))) {
    const machine = machineWith([a.nop, raw]);
    machine.hart.setSlot('MTVEC', BigInt(START + 0x100));
    steps(machine, 2);
    assert.deepEqual(trapOf(machine), { cause: 2n, value: BigInt(raw), pc: BigInt(START + 4) }, raw.toString(16));
    assert.equal(machine.hart.slot('PC'), BigInt(START + 0x100));
    assert.deepEqual([machine.position, machine.instructions], [2, 1]);
  }
});
