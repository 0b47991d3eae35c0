import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../../../../debug-adapter/engine/machine/cpu/decode.ts';
import { OPERATION_NAMES } from '../../../../debug-adapter/engine/machine/cpu/operations.ts';
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
  STORES,
} from './assembler.ts';
import { machineWith, START, steps, trapOf } from './bareMachine.ts';

/**
 * Decoding against the manual's tables, written down here a second time: all 49152 compressed instructions one by one,
 * and words of each format with random fields, legal and illegal.
 */
interface Expected {
  name: string;
  rd: number;
  rs1: number;
  rs2: number;
  immediate: number;
}

const ILLEGAL: Expected = { name: 'ILLEGAL', rd: 0, rs1: 0, rs2: 0, immediate: 0 };
const expect = (name: string, rd = 0, rs1 = 0, rs2 = 0, immediate = 0): Expected => ({ name, rd, rs1, rs2, immediate });

/** decode.ts chooses among spellings of one thing (`mv`, `nop`, `li`): put back to what the manual expands to. */
function decoded(raw: number): Expected & { lengthBytes: number } {
  const { operation, rd, rs1, rs2, immediate, lengthBytes } = decode(raw);
  const found = { rd, rs1, rs2, immediate, lengthBytes };
  const name = OPERATION_NAMES[operation].replace(/_NEAR$/, '');
  if (name === 'MV') return { ...found, name: 'ADDI', immediate: 0 };
  if (name === 'NOP') return { ...found, name: 'NOP', rd: 0, rs1: 0, immediate: 0 };
  if (name === 'J') return { ...found, name: 'JAL' };
  return { ...found, name };
}

// --- compressed --------------------------------------------------------------------------------------------------------

/**
 * Rows of the tables "Instruction listing for RVC": fixed bits, registers (with ' the short ones, x8-x15), immediate
 * bits i[..] in the manual's order, and what it expands to; the first row that fits and that `when` lets through counts.
 */
interface Row {
  pattern: string;
  /** Width to sign-extend the immediate from; unsigned without. */
  signedFrom?: number;
  when?: (f: Fields) => boolean;
  as: (f: Fields) => Expected;
}
interface Fields {
  rd: number;
  rs1: number;
  rs2: number;
  i: number;
}

const isNotZero = ({ i }: Fields): boolean => i !== 0;
const hasRd = ({ rd }: Fields): boolean => rd !== 0;
const hasRs1 = ({ rs1 }: Fields): boolean => rs1 !== 0;
const onRd =
  (name: string) =>
  ({ rd, rs2, i }: Fields): Expected =>
    expect(name, rd, rd, rs2, i);

const ROWS: Row[] = [
  { pattern: "000 i[5:4|9:6|2|3] rd' 00", when: isNotZero, as: ({ rd, i }) => expect('ADDI', rd, 2, 0, i) },
  { pattern: "010 i[5:3] rs1' i[2|6] rd' 00", as: ({ rd, rs1, i }) => expect('LW', rd, rs1, 0, i) },
  { pattern: "011 i[5:3] rs1' i[7:6] rd' 00", as: ({ rd, rs1, i }) => expect('LD', rd, rs1, 0, i) },
  { pattern: "110 i[5:3] rs1' i[2|6] rs2' 00", as: ({ rs1, rs2, i }) => expect('SW', 0, rs1, rs2, i) },
  { pattern: "111 i[5:3] rs1' i[7:6] rs2' 00", as: ({ rs1, rs2, i }) => expect('SD', 0, rs1, rs2, i) },

  { pattern: '000 i[5] 00000 i[4:0] 01', as: () => expect('NOP') },
  { pattern: '000 i[5] rd i[4:0] 01', signedFrom: 6, as: onRd('ADDI') },
  { pattern: '001 i[5] rd i[4:0] 01', signedFrom: 6, when: hasRd, as: onRd('ADDIW') },
  { pattern: '010 i[5] rd i[4:0] 01', signedFrom: 6, as: ({ rd, i }) => expect('LI', rd, 0, 0, i) },
  {
    pattern: '011 i[9] 00010 i[4|6|8:7|5] 01',
    signedFrom: 10,
    when: isNotZero,
    as: ({ i }) => expect('ADDI', 2, 2, 0, i),
  },
  {
    pattern: '011 i[17] rd i[16:12] 01',
    signedFrom: 18,
    when: ({ rd, i }) => rd !== 2 && i !== 0,
    as: ({ rd, i }) => expect('LI', rd, 0, 0, i),
  },
  { pattern: "100 i[5] 00 rd' i[4:0] 01", as: onRd('SRLI') },
  { pattern: "100 i[5] 01 rd' i[4:0] 01", as: onRd('SRAI') },
  { pattern: "100 i[5] 10 rd' i[4:0] 01", signedFrom: 6, as: onRd('ANDI') },
  { pattern: "100 0 11 rd' 00 rs2' 01", as: onRd('SUB') },
  { pattern: "100 0 11 rd' 01 rs2' 01", as: onRd('XOR') },
  { pattern: "100 0 11 rd' 10 rs2' 01", as: onRd('OR') },
  { pattern: "100 0 11 rd' 11 rs2' 01", as: onRd('AND') },
  { pattern: "100 1 11 rd' 00 rs2' 01", as: onRd('SUBW') },
  { pattern: "100 1 11 rd' 01 rs2' 01", as: onRd('ADDW') },
  { pattern: '101 i[11|4|9:8|10|6|7|3:1|5] 01', signedFrom: 12, as: ({ i }) => expect('JAL', 0, 0, 0, i) },
  { pattern: "110 i[8|4:3] rs1' i[7:6|2:1|5] 01", signedFrom: 9, as: ({ rs1, i }) => expect('BEQ', 0, rs1, 0, i) },
  { pattern: "111 i[8|4:3] rs1' i[7:6|2:1|5] 01", signedFrom: 9, as: ({ rs1, i }) => expect('BNE', 0, rs1, 0, i) },

  { pattern: '000 i[5] rd i[4:0] 10', as: onRd('SLLI') },
  { pattern: '010 i[5] rd i[4:2|7:6] 10', when: hasRd, as: ({ rd, i }) => expect('LW', rd, 2, 0, i) },
  { pattern: '011 i[5] rd i[4:3|8:6] 10', when: hasRd, as: ({ rd, i }) => expect('LD', rd, 2, 0, i) },
  { pattern: '100 0 rs1 00000 10', when: hasRs1, as: ({ rs1 }) => expect('JALR', 0, rs1) },
  { pattern: '100 0 rd rs2 10', when: ({ rs2 }) => rs2 !== 0, as: ({ rd, rs2 }) => expect('ADDI', rd, rs2) },
  { pattern: '100 1 00000 00000 10', as: () => expect('SYSTEM') },
  { pattern: '100 1 rs1 00000 10', when: hasRs1, as: ({ rs1 }) => expect('JALR', 1, rs1) },
  { pattern: '100 1 rd rs2 10', when: ({ rs2 }) => rs2 !== 0, as: onRd('ADD') },
  { pattern: '110 i[5:2|7:6] rs2 10', as: ({ rs2, i }) => expect('SW', 0, 2, rs2, i) },
  { pattern: '111 i[5:3|8:6] rs2 10', as: ({ rs2, i }) => expect('SD', 0, 2, rs2, i) },
];

/** The fields of an instruction by a pattern; undefined when a fixed bit differs. */
function match(pattern: string, half: number): Fields | undefined {
  const fields: Fields = { rd: 0, rs1: 0, rs2: 0, i: 0 };
  let left = 16;
  const take = (width: number): number => (half >> (left -= width)) & ((1 << width) - 1);
  for (const token of pattern.split(' ')) {
    if (token.startsWith('i[')) {
      for (const part of token.slice(2, -1).split('|')) {
        const [high, low = high] = part.split(':').map(Number);
        fields.i |= take(high - low + 1) << low;
      }
    } else if (/^[01]+$/.test(token)) {
      if (take(token.length) !== parseInt(token, 2)) return undefined;
    } else {
      const isShort = token.endsWith("'");
      fields[token.replace("'", '') as 'rd' | 'rs1' | 'rs2'] = isShort ? 8 + take(3) : take(5);
    }
  }
  assert.equal(left, 0, `${pattern} has 16 bits`);
  return fields;
}

function expectedCompressed(half: number): Expected {
  for (const { pattern, signedFrom, when, as } of ROWS) {
    const fields = match(pattern, half);
    if (!fields) continue;
    if (signedFrom) fields.i = (fields.i << (32 - signedFrom)) >> (32 - signedFrom);
    if (!when || when(fields)) return as(fields);
  }
  return ILLEGAL;
}

test('each of the 49152 compressed instructions expands to what the manual lists', () => {
  for (let half = 0; half < 0x1_0000; half++) {
    if ((half & 3) === 3) continue;
    const expected = { ...expectedCompressed(half), lengthBytes: 2 };
    assert.deepEqual(decoded(half), expected, half.toString(16).padStart(4, '0'));
  }
});

test('what follows a compressed instruction in memory does not matter', () => {
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

test('words of every instruction decode to its fields', (t) => {
  const random = SeededRandom.forTest(t);
  const check = (raw: number, expected: Expected): void =>
    assert.deepEqual(decoded(raw), { ...expected, lengthBytes: 4 }, `0x${raw.toString(16)}`);
  for (let round = 0; round < 200; round++) {
    const { rd, rs1, rs2, short, upper } = randomFields(random);
    const near = short * 2;
    const far = (random.uint32() >> 11) & ~1;
    for (const [name, encode] of Object.entries(REGISTER_OPERATIONS)) {
      check(encode(rd, rs1, rs2), expect(name.toUpperCase(), rd, rs1, rs2));
    }
    for (const [name, encode] of Object.entries(IMMEDIATE_OPERATIONS)) {
      check(encode(rd, rs1, short), expect(name.toUpperCase(), rd, rs1, 0, short));
    }
    for (const [name, encode] of Object.entries(SHIFT_OPERATIONS)) {
      const amount = random.below(name.endsWith('w') ? 32 : 64);
      check(encode(rd, rs1, amount), expect(name.toUpperCase(), rd, rs1, 0, amount));
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
    for (const encode of [...Object.values(ATOMICS), a.scW, a.scD]) {
      const ordering = random.below(4) << 25;
      check((encode(rd, rs2, rs1) | ordering) >>> 0, expect('AMO', rd, rs1, rs2));
    }
    check(a.lrW(rd, rs1), expect('AMO', rd, rs1));
    check(a.lrD(rd, rs1), expect('AMO', rd, rs1));
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

test('fences do nothing, with any fields', (t) => {
  const random = SeededRandom.forTest(t);
  for (let round = 0; round < 100; round++) {
    const fields = random.uint32() & ~0x707f;
    assert.equal(decoded((fields | 0x0f) >>> 0).name, 'NOP');
    assert.equal(decoded((fields | 0x100f) >>> 0).name, 'NOP');
  }
});

/** Every word of opcode space that RV64IMAC has, as mask and value; all others are illegal. */
const ENCODINGS: [mask: number, value: number][] = [
  ...formats(0x7f, [0x37, 0x17, 0x6f]),
  ...formats(0x707f, [0x67, 0x0f, 0x100f]),
  ...formats(0x707f, Object.values(BRANCHES).map((encode) => encode(0, 0, 0))),
  ...formats(0x707f, Object.values(LOADS).map((encode) => encode(0, 0, 0))),
  ...formats(0x707f, Object.values(STORES).map((encode) => encode(0, 0, 0))),
  ...formats(0x707f, Object.values(IMMEDIATE_OPERATIONS).map((encode) => encode(0, 0, 0))),
  ...formats(0xfc00707f, [a.slli(0, 0, 0), a.srli(0, 0, 0), a.srai(0, 0, 0)]),
  ...formats(0xfe00707f, [a.slliw(0, 0, 0), a.srliw(0, 0, 0), a.sraiw(0, 0, 0)]),
  ...formats(0xfe00707f, Object.values(REGISTER_OPERATIONS).map((encode) => encode(0, 0, 0))),
  ...formats(0xf800707f, [...Object.values(ATOMICS), a.scW, a.scD].map((encode) => encode(0, 0, 0))),
  ...formats(0xf9f0707f, [a.lrW(0, 0), a.lrD(0, 0)]),
  ...formats(0x707f, [a.csrrw, a.csrrs, a.csrrc, a.csrrwi, a.csrrsi, a.csrrci].map((encode) => encode(0, 0, 0))),
  ...formats(0xffffffff, [a.ecall, a.ebreak, a.sret, a.mret, a.wfi]),
  ...formats(0xfe007fff, [a.sfenceVma]),
];

function formats(mask: number, values: number[]): [number, number][] {
  return values.map((value) => [mask >>> 0, value]);
}

const isLegal = (raw: number): boolean => ENCODINGS.some(([mask, value]) => (raw & mask) >>> 0 === value);

test('a word is illegal exactly when no instruction has its bits', (t) => {
  const random = SeededRandom.forTest(t);
  const check = (raw: number): void =>
    assert.equal(decoded(raw).name !== 'ILLEGAL', isLegal(raw), `0x${raw.toString(16)}`);
  for (let opcode = 3; opcode < 128; opcode += 4) {
    for (let round = 0; round < 2000; round++) check(((random.uint32() & ~0x7f) | opcode) >>> 0);
  }
  // Legal ones with one bit changed: nearly legal.
  for (const [mask, value] of ENCODINGS) {
    for (let bit = 2; bit < 32; bit++) {
      const fields = random.uint32() & ~mask;
      check((value | fields) >>> 0);
      check(((value | fields) ^ (1 << bit)) >>> 0);
    }
  }
});

test('an illegal instruction traps with its bits in mtval and retires nothing', () => {
  const illegal = [0x0000, 0xffffffff, 0x8002, 0x2001, 0x00000057, 0x0000400f, 0x30405073 & ~0x3000, 0xfec3f00b];
  for (const raw of illegal.filter((bits) => (bits & 3) !== 3 || !isLegal(bits >>> 0))) {
    const machine = machineWith([a.nop, raw]);
    machine.hart.setSlot('MTVEC', BigInt(START + 0x100));
    steps(machine, 2);
    assert.deepEqual(trapOf(machine), { cause: 2n, value: BigInt(raw), pc: BigInt(START + 4) }, raw.toString(16));
    assert.equal(machine.hart.slot('PC'), BigInt(START + 0x100));
    assert.deepEqual([machine.position, machine.instructions], [2, 1]);
  }
});
