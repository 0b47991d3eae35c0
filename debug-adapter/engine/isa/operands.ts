import { assert } from '../base/assert.ts';
import { INTEGER_REGISTER_NAMES } from '../base/registerNames.ts';
import { type BitField, consecutive, readField, signed, unsigned } from './bitFields.ts';
import { csrNumber } from './csrs.ts';

/** How an operand is written in assembly language. */
export type Notation =
  'integerRegister' | 'floatRegister' | 'decimal' | 'hexadecimal' | 'codeAddress' | 'csr' | 'fenceSet' | 'roundingMode';

/** The operand's role in the instruction; undefined for an operand that only affects ordering. */
export type Role = 'rd' | 'rs1' | 'rs2' | 'rs3' | 'immediate' | 'mode';

/** An operand that can occur in the instruction tables. */
export interface Operand {
  field: BitField;
  /**
   * The number to add to the field's value. It is nonzero only for the 3-bit register fields of compressed
   * instructions, which encode x8 to x15.
   */
  offset: number;
  notation: Notation;
  role: Role | undefined;
}

/** The operand with this name; an assertion fails if there is none. */
export function operandNamed(name: string): Operand {
  const known = made.get(name);
  if (known) return known;
  assert(!isLiteral(name), `unknown operand ${name}`);
  const operand = OPERANDS[name]();
  made.set(name, operand);
  return operand;
}

const made = new Map<string, Operand>();

/** The value of an operand: a register number, an immediate, or a CSR number. */
export const readOperand = ({ field, offset }: Operand, bits: number): number => offset + readField(field, bits);

/** The names in an operand template such as `rd,imm(rs1)`, in order. */
export const namesIn = (template: string): string[] => template.split(/[,()]/).filter((name) => name !== '');

/** The value of a literal in an operand template. A literal is the name of a register or a number. */
export function literalOperand(text: string, notation: Notation): number {
  const value = notation === 'csr' ? csrNumber(text) : INTEGER_REGISTER_NAMES.indexOf(text);
  return value < 0 ? numberIn(text) : value;
}

function numberIn(text: string): number {
  const value = Number(text);
  assert(!Number.isNaN(value), `unknown operand ${text}`);
  return value;
}

/** Whether a name in an operand template is a literal. */
export const isLiteral = (name: string): boolean => !Object.hasOwn(OPERANDS, name);

const operand = (notation: Notation, role: Role | undefined, field: BitField, offset = 0): Operand => ({
  field,
  offset,
  notation,
  role,
});
const x = (role: Role, highest: number): Operand => operand('integerRegister', role, consecutive(highest, highest - 4));
const f = (role: Role, highest: number): Operand => operand('floatRegister', role, consecutive(highest, highest - 4));
const decimal = (field: BitField): Operand => operand('decimal', 'immediate', field);
const hexadecimal = (field: BitField): Operand => operand('hexadecimal', 'immediate', field);
const codeAddress = (field: BitField): Operand => operand('codeAddress', 'immediate', field);

/**
 * All operands by name. Each operand is created when it is first needed. Names that begin with `c` occur only in
 * compressed instructions.
 */
const OPERANDS: Readonly<Record<string, () => Operand>> = {
  rd: () => x('rd', 11),
  rs1: () => x('rs1', 19),
  rs2: () => x('rs2', 24),
  frd: () => f('rd', 11),
  frs1: () => f('rs1', 19),
  frs2: () => f('rs2', 24),
  frs3: () => f('rs3', 31),
  rm: () => operand('roundingMode', 'mode', consecutive(14, 12)),
  imm: () => decimal(signed({ 31: '11:0' })),
  // The five bits below the offset specify the kind of prefetch.
  poffset: () => decimal(signed({ 31: '11:5' })),
  storeoffset: () => decimal(signed({ 31: '11:5', 11: '4:0' })),
  upper: () => hexadecimal(consecutive(31, 12)),
  shamt: () => hexadecimal(consecutive(25, 20)),
  shamtw: () => hexadecimal(consecutive(24, 20)),
  branch: () => codeAddress(signed({ 31: '12|10:5', 11: '4:1|11' })),
  jump: () => codeAddress(signed({ 31: '20|10:1|11|19:12' })),
  csr: () => operand('csr', 'immediate', consecutive(31, 20)),
  // The rs1 field contains the operand itself, not a register number.
  uimm: () => operand('decimal', 'rs1', consecutive(19, 15)),
  fm: () => operand('decimal', undefined, consecutive(31, 28)),
  pred: () => operand('fenceSet', undefined, consecutive(27, 24)),
  succ: () => operand('fenceSet', undefined, consecutive(23, 20)),

  crs2: () => x('rs2', 6),
  cfrs2: () => f('rs2', 6),
  cshort1: () => operand('integerRegister', 'rs1', consecutive(9, 7), 8),
  cshort2: () => operand('integerRegister', 'rs2', consecutive(4, 2), 8),
  cfshort: () => operand('floatRegister', 'rs2', consecutive(4, 2), 8),
  cimm: () => decimal(signed({ 12: '5', 6: '4:0' })),
  // The 20-bit operand of LUI, sign-extended from six bits in the encoding.
  cupper: () => hexadecimal(signed({ 12: '5', 6: '4:0' })),
  cshamt: () => hexadecimal(unsigned({ 12: '5', 6: '4:0' })),
  cadjust: () => decimal(signed({ 12: '9', 6: '4|6|8:7|5' })),
  cabove: () => decimal(unsigned({ 12: '5:4|9:6|2|3' })),
  cwoffset: () => decimal(unsigned({ 12: '5:3', 6: '2|6' })),
  cdoffset: () => decimal(unsigned({ 12: '5:3', 6: '7:6' })),
  cwload: () => decimal(unsigned({ 12: '5', 6: '4:2|7:6' })),
  cdload: () => decimal(unsigned({ 12: '5', 6: '4:3|8:6' })),
  cwstore: () => decimal(unsigned({ 12: '5:2|7:6' })),
  cdstore: () => decimal(unsigned({ 12: '5:3|8:6' })),
  cjump: () => codeAddress(signed({ 12: '11|4|9:8|10|6|7|3:1|5' })),
  cbranch: () => codeAddress(signed({ 12: '8|4:3', 6: '7:6|2:1|5' })),
};
