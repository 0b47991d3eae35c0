import { assert } from '../base/assert.ts';
import { lazy } from '../base/once.ts';
import { encodeField } from './bitFields.ts';
import { COMPRESSED } from './compressed.ts';
import { FLOATING_POINT } from './floatingPoint.ts';
import { INTEGER } from './integer.ts';
import { isLiteral, literalOperand, namesIn, type Operand, operandNamed, readOperand, type Role } from './operands.ts';
import { type Encoding, type Form, readTable, type Row } from './tableReader.ts';
import { SYSTEM } from './system.ts';

/** An extension in the tables. `n` was removed from the manual; `debug` is the debug specification. */
export type Extension = keyof typeof INTEGER | keyof typeof FLOATING_POINT | keyof typeof SYSTEM;

/** A 32-bit instruction. */
export interface Instruction extends Row {
  /** The position in the list of all instructions. */
  index: number;
  extension: Extension;
  /** The operands that have a role. */
  parts: () => (Operand & { role: Role })[];
}

/**
 * The 32-bit instructions of RV64GC, of the extensions in the tables, and of the privileged architecture. The list
 * includes extensions that this machine does not implement, because guest code may still contain their instructions.
 * The tables are parsed on first use, so that they do not delay startup. No two encodings overlap.
 */
export const instructions = lazy((): readonly Instruction[] =>
  [INTEGER, FLOATING_POINT, SYSTEM]
    .flatMap((tables) => Object.entries(tables) as [Extension, string][])
    .flatMap(([extension, table]) => readTable(table, 32).map((row) => ({ ...row, extension })))
    .map((row, index) => ({ ...row, index, parts: lazy(() => partsOf(row)) })),
);

const partsOf = ({ operands }: Row): (Operand & { role: Role })[] =>
  namesIn(operands)
    .map(operandNamed)
    .filter((operand) => operand.role !== undefined) as (Operand & { role: Role })[];

/** The compressed instructions; the first one that matches applies. */
const compressed = lazy(() => readTable(COMPRESSED, 16));

/** Whether these bits, of which only the low half is used in this case, are a compressed instruction. */
export const isCompressed = (bits: number): boolean => (bits & 3) !== 3;

/** The instruction that a 32-bit word encodes; undefined if the encoding is reserved or unknown. */
export function instructionOf(word: number): Instruction | undefined {
  // The opcode, funct3 and funct7 fields; bits 0 and 1 are always set.
  const key = ((word >>> 2) & 0x1f) | ((word >>> 7) & 0xe0) | ((word >>> 17) & 0x7f00);
  const candidates = (byFields()[key] ??= instructions().filter(
    ({ mask, value }) => ((value ^ word) & mask & FIELDS) === 0,
  ));
  for (const candidate of candidates) if ((word & candidate.mask) >>> 0 === candidate.value) return candidate;
  return undefined;
}

const FIELDS = 0xfe00_707c;
/** Indexed by opcode, funct3 and funct7: the instructions that have these fields. The lists are made when needed. */
const byFields = lazy(() => new Array<Instruction[] | undefined>(1 << 15));

/**
 * The 32-bit instruction that a compressed instruction expands to (Volume I, chapter 27), as an unsigned number; 0 if
 * the encoding is reserved.
 */
export function expand(half: number): number {
  const words = expansions();
  if (words[half] === UNKNOWN) words[half] = expansionOf(half);
  return words[half];
}

/** Indexed by compressed instruction: its expansion. UNKNOWN is the value before the first use. */
const expansions = lazy(() => new Uint32Array(0x1_0000).fill(UNKNOWN));
const UNKNOWN = 1;

function expansionOf(half: number): number {
  const expansion = matching(compressed(), half)?.operands;
  if (!expansion) return 0;
  const [mnemonic, operands] = expansion.split(' ');
  return encode(mnemonic, operands, half);
}

const matching = <R extends Encoding>(rows: readonly R[], bits: number): R | undefined =>
  rows.find(({ mask, value }) => (bits & mask) >>> 0 === value);

/**
 * The word of an instruction, as an unsigned number. `operands` has the same order as the operands in the table. They
 * are register names and numbers; a name from the table of operands stands for its value in `from`.
 */
export function encode(mnemonic: string, operands = '', from = 0): number {
  const instruction = instructions().find((known) => known.mnemonic === mnemonic);
  assert(instruction !== undefined, `unknown instruction ${mnemonic}`);
  const fields = namesIn(instruction.operands);
  const values = namesIn(operands);
  assert(values.length === fields.length, `${mnemonic} ${operands}: ${fields.length} operands are expected`);
  return fields.reduce((word, field, i) => {
    const value = isLiteral(values[i]) ? literalOperand(values[i]) : readOperand(operandNamed(values[i]), from);
    return (word | encodeField(operandNamed(field).field, value)) >>> 0;
  }, instruction.value);
}

/** An instruction with the values of its operands. An operand that the instruction does not have is 0. */
export interface DecodedInstruction {
  /** The name of the 32-bit instruction, even if it was compressed; undefined if the bits are not an instruction. */
  mnemonic: string | undefined;
  lengthBytes: 2 | 4;
  rd: number;
  rs1: number;
  rs2: number;
  /** The immediate as in assembly language; the number of the CSR in CSR instructions. */
  immediate: number;
}

/** Decodes a 32-bit or compressed instruction. */
export function decodeInstruction(bits: number): DecodedInstruction {
  const lengthBytes = isCompressed(bits) ? 2 : 4;
  const word = lengthBytes === 2 ? expand(bits & 0xffff) : bits;
  const instruction = instructionOf(word);
  const decoded: DecodedInstruction & Partial<Record<Role, number>> = {
    ...{ mnemonic: instruction?.mnemonic, lengthBytes, rd: 0, rs1: 0, rs2: 0, immediate: 0 },
  };
  for (const operand of instruction?.parts() ?? []) decoded[operand.role] = readOperand(operand, word);
  return decoded;
}

/**
 * The form in which an instruction is shown, with the bits that contain its operands: those of the compressed
 * instruction or of its expansion. Undefined if the bits are shown as data.
 */
export function formOf(bits: number): (Form & { bits: number }) | undefined {
  if (!isCompressed(bits)) return shownForm(instructionOf(bits), bits >>> 0);
  const half = bits & 0xffff;
  const form = matching(compressed(), half)
    ?.forms()
    .find(({ matches }) => matches(half));
  if (form) return { ...form, bits: half };
  const word = expand(half);
  return shownForm(instructionOf(word), word);
}

function shownForm(instruction: Instruction | undefined, bits: number): (Form & { bits: number }) | undefined {
  if (!instruction) return undefined;
  const form = instruction.forms().find(({ matches }) => matches(bits)) ?? instruction;
  return form.mnemonic === 'data' ? undefined : { mnemonic: form.mnemonic, operands: form.operands, bits };
}
