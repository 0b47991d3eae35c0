import { expand, isCompressed } from './expansion.ts';
import { type Instruction, instructionOf } from './instructions.ts';
import { namesIn, type Operand, operandNamed, readOperand, type Role } from './operands.ts';

/** An instruction with the values of its operands. An operand that the instruction does not have is 0. */
export interface DecodedInstruction {
  /**
   * The name of the 32-bit instruction, or of the expansion if the instruction is compressed; undefined if the bits are
   * not an instruction.
   */
  mnemonic: string | undefined;
  lengthBytes: 2 | 4;
  rd: number;
  rs1: number;
  rs2: number;
  /** The immediate as written in assembly language; for a CSR instruction, the number of the CSR. */
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
  for (const operand of instruction ? operandsOf(instruction) : []) {
    if (operand.role) decoded[operand.role] = readOperand(operand, word);
  }
  return decoded;
}

/** The operands of an instruction, in the order in which the table lists them. */
export const operandsOf = ({ index, operands }: Instruction): readonly Operand[] =>
  (operandLists[index] ??= namesIn(operands).map(operandNamed));

/** The operands of each instruction, indexed by instruction. A list is created when it is first needed. */
const operandLists: Operand[][] = [];
