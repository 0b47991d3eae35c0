import assert from 'node:assert/strict';
import {
  a,
  ATOMICS,
  BRANCHES,
  IMMEDIATE_OPERATIONS,
  LOADS,
  REGISTER_OPERATIONS,
  SHIFT_OPERATIONS,
  shiftLimit,
  STORES,
  UNARY_OPERATIONS,
} from './assembler.ts';
import { DYNAMIC, FLOAT_LOADS, FLOAT_OPERATIONS, FLOAT_STORES, MODES } from './floatAssembler.ts';

/**
 * The instruction tables of the ISA manual, transcribed independently of decode.ts: the expansion of each compressed
 * instruction, and the words that are instructions of RV64GC and B.
 */
export interface Expected {
  name: string;
  rd: number;
  rs1: number;
  rs2: number;
  immediate: number;
}

/** The decoder's number for f0; the other floating-point registers follow. */
export const FLOAT_0 = 33;

export const ILLEGAL: Expected = { name: 'ILLEGAL', rd: 0, rs1: 0, rs2: 0, immediate: 0 };
export const expect = (name: string, rd = 0, rs1 = 0, rs2 = 0, immediate = 0): Expected => ({
  name,
  rd,
  rs1,
  rs2,
  immediate,
});

// --- compressed --------------------------------------------------------------------------------------------------------

/**
 * Rows of the manual's tables "Instruction listing for RVC". Each row has fixed bits, registers (short ones, x8-x15,
 * are marked with '), immediate bits i[..] in the manual's order, and the expansion. The first matching row whose
 * `when` holds applies.
 */
interface Row {
  pattern: string;
  /** The number of bits in the immediate if it is sign-extended; absent if it is unsigned. */
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
  { pattern: "001 i[5:3] rs1' i[7:6] rd' 00", as: ({ rd, rs1, i }) => expect('FLD', FLOAT_0 + rd, rs1, 0, i) },
  { pattern: "101 i[5:3] rs1' i[7:6] rs2' 00", as: ({ rs1, rs2, i }) => expect('FSD', 0, rs1, FLOAT_0 + rs2, i) },
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
  { pattern: '001 i[5] rd i[4:3|8:6] 10', as: ({ rd, i }) => expect('FLD', FLOAT_0 + rd, 2, 0, i) },
  { pattern: '101 i[5:3|8:6] rs2 10', as: ({ rs2, i }) => expect('FSD', 0, 2, FLOAT_0 + rs2, i) },
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

/** The fields of an instruction that matches a pattern, or undefined if a fixed bit differs. */
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

/** The expansion of a compressed instruction, which is any halfword whose low two bits are not 3. */
export function expandCompressed(half: number): Expected {
  for (const { pattern, signedFrom, when, as } of ROWS) {
    const fields = match(pattern, half);
    if (!fields) continue;
    if (signedFrom) fields.i = (fields.i << (32 - signedFrom)) >> (32 - signedFrom);
    if (!when || when(fields)) return as(fields);
  }
  return ILLEGAL;
}

// --- words -------------------------------------------------------------------------------------------------------------

/** The masks and values of all instruction words that RV64GC and B define; all other words are illegal. */
export const ENCODINGS: [mask: number, value: number][] = [
  ...formats(0x7f, [0x37, 0x17, 0x6f]),
  ...formats(0x707f, [0x67, 0x0f, 0x100f]),
  ...formats(
    0x707f,
    Object.values(BRANCHES).map((encode) => encode(0, 0, 0)),
  ),
  ...formats(
    0x707f,
    Object.values(LOADS).map((encode) => encode(0, 0, 0)),
  ),
  ...formats(
    0x707f,
    Object.values(STORES).map((encode) => encode(0, 0, 0)),
  ),
  ...formats(
    0x707f,
    Object.values(IMMEDIATE_OPERATIONS).map((encode) => encode(0, 0, 0)),
  ),
  ...Object.entries(SHIFT_OPERATIONS).flatMap(([name, encode]) =>
    formats(shiftLimit(name) === 64 ? 0xfc00707f : 0xfe00707f, [encode(0, 0, 0)]),
  ),
  ...formats(
    0xfff0707f,
    Object.values(UNARY_OPERATIONS).map((encode) => encode(0, 0)),
  ),
  ...formats(
    0xfe00707f,
    Object.values(REGISTER_OPERATIONS).map((encode) => encode(0, 0, 0)),
  ),
  ...formats(
    0xf800707f,
    [...Object.values(ATOMICS), a.scW, a.scD].map((encode) => encode(0, 0, 0)),
  ),
  ...formats(0xf9f0707f, [a.lrW(0, 0), a.lrD(0, 0)]),
  ...formats(
    0x707f,
    [a.csrrw, a.csrrs, a.csrrc, a.csrrwi, a.csrrsi, a.csrrci].map((encode) => encode(0, 0, 0)),
  ),
  ...formats(
    0x707f,
    [...Object.values(FLOAT_LOADS), ...Object.values(FLOAT_STORES)].map((encode) => encode(0, 0, 0)),
  ),
  // Rounding modes 5 and 6 are reserved.
  ...Object.values(FLOAT_OPERATIONS).flatMap(({ encode, mask, hasMode }) =>
    hasMode
      ? formats(
          mask | 0x7000,
          [...MODES, DYNAMIC].map((mode) => encode({ mode })),
        )
      : formats(mask, [encode({})]),
  ),
  ...formats(0xffffffff, [a.ecall, a.ebreak, a.sret, a.mret, a.wfi, a.sfenceWInval, a.sfenceInvalIr]),
  ...formats(0xfe007fff, [a.sfenceVma, a.sinvalVma]),
];

function formats(mask: number, values: number[]): [number, number][] {
  return values.map((value) => [mask >>> 0, value]);
}

/** The table is indexed by the low 7 bits, which are fixed in every entry. */
const BY_OPCODE = Array.from({ length: 128 }, (_, opcode) =>
  ENCODINGS.filter(([, value]) => (value & 0x7f) === opcode),
);

export const isLegalWord = (raw: number): boolean =>
  BY_OPCODE[raw & 0x7f].some(([mask, value]) => (raw & mask) >>> 0 === value);
