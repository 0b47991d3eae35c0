import { assert } from '../base/assert.ts';
import { lazy } from '../base/once.ts';
import { type BitField, encodeField } from './bitFields.ts';
import { COMPRESSED } from './compressed.ts';
import { type Instruction, instructionNamed } from './instructions.ts';
import { isLiteral, literalOperand, namesIn, type Operand, operandNamed, readOperand } from './operands.ts';
import { readTables, type Row } from './tableReader.ts';

/** Whether the low half of these bits is a compressed instruction. */
export const isCompressed = (bits: number): boolean => (bits & 3) !== 3;

/**
 * The 32-bit instruction that a compressed instruction expands to (Volume I, chapter 27); 0 if the encoding is
 * reserved.
 */
export const expand = (half: number): number => expansions[half] || (expansions[half] = expansionOf(half));

/** The expansions, indexed by compressed instruction. An expansion is 0 until it is first needed. */
const expansions = new Int32Array(0x1_0000);

function expansionOf(half: number): number {
  const instruction = compressedInstructionOf(half);
  if (!instruction?.operands) return 0;
  return fill((templates[instruction.index] ??= templateOf(instruction.operands)), half);
}

/** A compressed instruction. `operands` is the instruction to which it expands; empty if the encoding is reserved. */
export type CompressedInstruction = Row<'c'>;

/** The first row that matches a compressed instruction. */
export const compressedInstructionOf = (half: number): CompressedInstruction | undefined =>
  byOpcode()[opcodeOf(half)].find(({ mask, value }) => (half & mask) === value);

/** The bits of the two fields that every compressed instruction has: the quadrant and funct3. */
const opcodeOf = (half: number): number => (half & 3) | ((half >>> 11) & 0x1c);

const byOpcode = lazy(() => {
  const lists: CompressedInstruction[][] = Array.from({ length: 32 }, () => []);
  for (const row of readTables(COMPRESSED, 16)) lists[opcodeOf(row.value)].push(row);
  return lists;
});

/**
 * The encoding of a 32-bit instruction. `text` is the mnemonic, a space and the operands in the order of the table.
 * Each operand is the name of a register or a number.
 */
export const encode = (text: string): number => fill(templateOf(text), 0);

/** An instruction and the values for its fields. */
interface Template {
  instruction: Instruction;
  /** What each field is filled with: a constant, or an operand of the compressed instruction. */
  contents: { field: BitField; from: Operand | number }[];
}

/**
 * The templates, indexed by row of the table of compressed instructions. A template is created when it is first needed.
 */
const templates: Template[] = [];

function templateOf(text: string): Template {
  const [mnemonic, operands = ''] = text.split(' ');
  const instruction = instructionNamed(mnemonic);
  const fields = namesIn(instruction.operands).map(operandNamed);
  const values = namesIn(operands);
  assert(values.length === fields.length, `${text}: ${fields.length} operands are expected`);
  return {
    instruction,
    contents: fields.map(({ field, notation }, i) => ({
      field,
      from: isLiteral(values[i]) ? literalOperand(values[i], notation) : operandNamed(values[i]),
    })),
  };
}

function fill({ instruction, contents }: Template, half: number): number {
  let word = instruction.value;
  for (let i = 0; i < contents.length; i++) {
    const { field, from } = contents[i];
    word |= encodeField(field, typeof from === 'number' ? from : readOperand(from, half));
  }
  return word;
}
