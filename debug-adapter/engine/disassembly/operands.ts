import { assert } from '../base/assert.ts';
import { FLOAT_REGISTER_NAMES, INTEGER_REGISTER_NAMES } from '../base/registerNames.ts';
import { csrName } from './csrNames.ts';
import { type Immediate, immediateOf, signed, unsigned } from './immediates.ts';

/** One instruction and the context needed to format its operands. `bits` is the unsigned value of its 16 or 32 bits. */
export interface Instruction {
  bits: number;
  pc: bigint;
  symbolAt: (address: bigint) => string | undefined;
}

/** Replaces each operand name in `template`, such as `rd,offset(rs1)`, with the operand's value in the instruction. */
export function formatOperands(template: string, instruction: Instruction): string {
  return template.replace(/,rm|[a-z]\w*/g, (name) => {
    const format = OPERANDS[name] as ((instruction: Instruction) => string) | undefined;
    assert(format !== undefined, `unknown operand ${name}`);
    return format(instruction);
  });
}

/** Replaces the `*` in an atomic instruction's mnemonic with its ordering suffix (`.aq`, `.rl`, `.aqrl` or none). */
export const mnemonicOf = (mnemonic: string, bits: number): string =>
  mnemonic.replace('*', ['', '.rl', '.aq', '.aqrl'][field(bits, 26, 25)]);

const ROUNDING_MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', 'unknown', 'unknown', 'dyn'];

const field = (bits: number, high: number, low: number): number => (bits >>> low) & ((1 << (high - low + 1)) - 1);

type Format = (instruction: Instruction) => string;

const register =
  (high: number, low: number): Format =>
  ({ bits }) =>
    INTEGER_REGISTER_NAMES[field(bits, high, low)];
const floating =
  (high: number, low: number): Format =>
  ({ bits }) =>
    FLOAT_REGISTER_NAMES[field(bits, high, low)];
/** A three-bit register field in a compressed instruction. The field encodes x8 to x15. */
const shortRegister =
  (low: number): Format =>
  ({ bits }) =>
    INTEGER_REGISTER_NAMES[8 + field(bits, low + 2, low)];
const decimal =
  (immediate: Immediate): Format =>
  ({ bits }) =>
    String(immediateOf(immediate, bits));
const hexadecimal =
  (high: number, low: number): Format =>
  ({ bits }) =>
    hex(field(bits, high, low));
const hex = (value: number): string => `0x${value.toString(16)}`;

const target =
  (immediate: Immediate): Format =>
  ({ bits, pc, symbolAt }) => {
    const address = BigInt.asUintN(64, pc + BigInt(immediateOf(immediate, bits)));
    const symbol = symbolAt(address);
    return symbol === undefined ? `0x${address.toString(16)}` : `${address.toString(16)} <${symbol}>`;
  };

/** The rounding mode. The dynamic rounding mode is omitted, as in objdump. */
const roundingMode: Format = ({ bits }) => {
  const mode = field(bits, 14, 12);
  return mode === 7 ? '' : `,${ROUNDING_MODES[mode]}`;
};

/**
 * A fence's predecessor or successor set, as letters. An empty set is shown as `unknown`, because assembly syntax
 * cannot express it.
 */
const ordered = (bits: number): string => [...'iorw'].filter((_, i) => bits & (8 >> i)).join('') || 'unknown';

/**
 * For each operand name in the tables, a function that formats the operand. Names that begin with `c` occur only in
 * compressed instructions.
 */
const OPERANDS: Record<string, Format> = {
  zero: () => 'zero',
  sp: () => 'sp',
  rd: register(11, 7),
  rs1: register(19, 15),
  rs2: register(24, 20),
  frd: floating(11, 7),
  frs1: floating(19, 15),
  frs2: floating(24, 20),
  frs3: floating(31, 27),
  ',rm': roundingMode,
  // The register that both source fields specify: patterns.ts checks that they are equal before an instruction matches.
  fsame: floating(19, 15),
  imm: decimal(signed({ 31: '11:0' })),
  // The five bits below the offset specify the kind of prefetch.
  poffset: decimal(signed({ 31: '11:5' })),
  storeoffset: decimal(signed({ 31: '11:5', 11: '4:0' })),
  upper: hexadecimal(31, 12),
  shamt: hexadecimal(25, 20),
  shamtw: hexadecimal(24, 20),
  branch: target(signed({ 31: '12|10:5', 11: '4:1|11' })),
  jump: target(signed({ 31: '20|10:1|11|19:12' })),
  csr: ({ bits }) => csrName(field(bits, 31, 20)),
  uimm: ({ bits }) => String(field(bits, 19, 15)),
  pred: ({ bits }) => ordered(field(bits, 27, 24)),
  succ: ({ bits }) => ordered(field(bits, 23, 20)),

  crs2: register(6, 2),
  cfrs2: ({ bits }) => FLOAT_REGISTER_NAMES[field(bits, 6, 2)],
  cshort1: shortRegister(7),
  cshort2: shortRegister(2),
  cfshort: ({ bits }) => FLOAT_REGISTER_NAMES[8 + field(bits, 4, 2)],
  cimm: decimal(signed({ 12: '5', 6: '4:0' })),
  // LUI's 20-bit operand, which is the sign-extended value of six bits in the encoding.
  cupper: ({ bits }) => hex(immediateOf(signed({ 12: '5', 6: '4:0' }), bits) & 0xfffff),
  cshamt: ({ bits }) => hex(immediateOf(unsigned({ 12: '5', 6: '4:0' }), bits)),
  cadjust: decimal(signed({ 12: '9', 6: '4|6|8:7|5' })),
  cabove: decimal(unsigned({ 12: '5:4|9:6|2|3' })),
  cwoffset: decimal(unsigned({ 12: '5:3', 6: '2|6' })),
  cdoffset: decimal(unsigned({ 12: '5:3', 6: '7:6' })),
  cwload: decimal(unsigned({ 12: '5', 6: '4:2|7:6' })),
  cdload: decimal(unsigned({ 12: '5', 6: '4:3|8:6' })),
  cwstore: decimal(unsigned({ 12: '5:2|7:6' })),
  cdstore: decimal(unsigned({ 12: '5:3|8:6' })),
  cjump: target(signed({ 12: '11|4|9:8|10|6|7|3:1|5' })),
  cbranch: target(signed({ 12: '8|4:3', 6: '7:6|2:1|5' })),
};
