import { readField } from '../../isa/bitFields.ts';
import { operandsOf } from '../../isa/decodeInstruction.ts';
import { expand, isCompressed } from '../../isa/expansion.ts';
import { type Instruction, instructionOf } from '../../isa/instructions.ts';
import type { Operand, Role } from '../../isa/operands.ts';
import type { Decoded } from './decoded.ts';
import { ALL_INSTRUCTIONS, type InstructionSet } from './extensions.ts';
import { HALF_SHIFT, roundingField } from './floatImmediate.ts';
import { HALF_NAMES } from './floatNames.ts';
import { FLOAT_0 } from './layout.ts';
import { OP, type OperationName } from './operations.ts';

/**
 * Decodes one instruction for the hart, from the tables in isa/. A compressed instruction decodes to its expansion.
 * Reserved encodings, and instructions from extensions that this machine lacks, decode to ILLEGAL. Branches decode to
 * their NEAR form; DecodeCache replaces it with the FAR form if the target is in another page.
 *
 * `raw` is the 32-bit word at the program counter; only its low half is used if the instruction is compressed.
 */
export function decode(raw: number, { missing }: InstructionSet = ALL_INSTRUCTIONS): Decoded {
  const lengthBytes = isCompressed(raw) ? 2 : 4;
  const word = lengthBytes === 2 ? expand(raw & 0xffff) : raw;
  const instruction = instructionOf(word);
  const decoded =
    instruction && !missing.has(instruction.extension)
      ? (decoders[instruction.index] ??= decoderFor(instruction))(word)
      : illegal();
  decoded.lengthBytes = lengthBytes;
  return decoded;
}

type Decoder = (word: number) => Decoded;

/** The decoders, indexed by instruction. A decoder is created when its instruction is first decoded. */
const decoders: Decoder[] = [];

function decoderFor(instruction: Instruction): Decoder {
  const name = operationOf(instruction.mnemonic);
  if (!name) return illegal;
  if (WITHOUT_OPERANDS.has(name)) return () => plain(OP[name], 0, 0, 0, 0);
  const decodeFields = fieldDecoder(instruction, name);
  if (name === 'ADDI') return (word) => simplifiedAddi(decodeFields(word));
  if (name === 'JAL_NEAR') return (word) => simplifiedJal(decodeFields(word));
  return decodeFields;
}

function fieldDecoder(instruction: Instruction, name: OperationName): Decoder {
  const operands: Partial<Record<Role, Operand>> = {};
  for (const operand of operandsOf(instruction)) if (operand.role) operands[operand.role] = operand;
  const [rd, rs1, rs2] = [operands.rd, operands.rs1, operands.rs2].map(registerField);
  const immediateOf = immediateDecoder(instruction, name, operands);
  const operation = OP[name];
  return (word) => {
    const immediate = immediateOf(word);
    return immediate === undefined
      ? illegal()
      : plain(operation, readRegister(rd, word), readRegister(rs1, word), readRegister(rs2, word), immediate);
  };
}

const plain = (operation: number, rd: number, rs1: number, rs2: number, immediate: number): Decoded => ({
  operation,
  rd,
  rs1,
  rs2,
  immediate,
  lengthBytes: 4,
});
const illegal = (): Decoded => plain(OP.ILLEGAL, 0, 0, 0, 0);

/**
 * The position of a register field in an instruction, and the number to add to the field's value. `mask` is 0 if there
 * is no register.
 */
interface RegisterField {
  from: number;
  mask: number;
  base: number;
}

function registerField(operand: Operand | undefined): RegisterField {
  if (!operand) return { from: 0, mask: 0, base: 0 };
  const [{ from, mask }] = operand.field.groups;
  return { from, mask, base: operand.notation === 'floatRegister' ? FLOAT_0 : 0 };
}

const readRegister = ({ from, mask, base }: RegisterField, word: number): number => base + ((word >>> from) & mask);

/**
 * Returns a function that computes the decoded immediate. The function returns undefined for a reserved rounding mode.
 */
function immediateDecoder(
  { value }: Instruction,
  name: OperationName,
  { mode, rs3, immediate }: Partial<Record<Role, Operand>>,
): (word: number) => number | undefined {
  // The immediate of an AMO stores funct5, which selects the operation.
  if (name === 'AMO_W' || name === 'AMO_D') return () => value >>> 27;
  if (name === 'LI' || name === 'AUIPC') return (word) => readField(immediate!.field, word) << 12;
  if (immediate) return (word) => readField(immediate.field, word);
  const half = (HALF_NAMES as readonly OperationName[]).indexOf(name);
  const thirdSource = registerField(rs3);
  return (word) => {
    const rounding = mode ? roundingField(readField(mode.field, word)) : 0;
    if (rounding === undefined) return undefined;
    const low = rounding | (readRegister(thirdSource, word) * 8);
    return half < 0 ? low : (low & 0xffff) | (half << HALF_SHIFT);
  };
}

/** NOP, LI and MV are encoded as ADDI, but have faster handlers. */
function simplifiedAddi(decoded: Decoded): Decoded {
  if (decoded.rs1 === 0) decoded.operation = decoded.rd === 0 ? OP.NOP : OP.LI;
  else if (decoded.immediate === 0) decoded.operation = OP.MV;
  if (decoded.operation === OP.NOP) decoded.immediate = 0;
  return decoded;
}

function simplifiedJal(decoded: Decoded): Decoded {
  if (decoded.rd === 0) decoded.operation = OP.J_NEAR;
  return decoded;
}

/**
 * The operation of an instruction; undefined if harts do not implement the instruction. The operation's name is the
 * mnemonic, except for the instructions that this function handles.
 */
function operationOf(mnemonic: string): OperationName | undefined {
  const name =
    OPERATIONS[mnemonic] ??
    mnemonic
      .replace(/^amo.*\./, 'amo.')
      .replace('*', '')
      .replaceAll('.', '_');
  const operation = name.toUpperCase() as OperationName;
  return OP[operation] === undefined ? undefined : operation;
}

/** FENCE and FENCE.I do nothing, because memory is coherent and stores drop the decoded code that they overwrite. */
const OPERATIONS: Partial<Record<string, OperationName>> = {
  lui: 'LI',
  jal: 'JAL_NEAR',
  beq: 'BEQ_NEAR',
  bne: 'BNE_NEAR',
  blt: 'BLT_NEAR',
  bge: 'BGE_NEAR',
  bltu: 'BLTU_NEAR',
  bgeu: 'BGEU_NEAR',
  fence: 'NOP',
  'fence.i': 'NOP',
  'cbo.inval': 'CBO',
  'cbo.clean': 'CBO',
  'cbo.flush': 'CBO',
  csrrw: 'CSR',
  csrrs: 'CSR',
  csrrc: 'CSR',
  csrrwi: 'CSR',
  csrrsi: 'CSR',
  csrrci: 'CSR',
  ecall: 'SYSTEM',
  ebreak: 'SYSTEM',
  mret: 'SYSTEM',
  sret: 'SYSTEM',
  wfi: 'SYSTEM',
  'sfence.vma': 'SYSTEM',
  'sinval.vma': 'SYSTEM',
  'sfence.w.inval': 'SYSTEM',
  'sfence.inval.ir': 'SYSTEM',
  'wrs.nto': 'WRS',
  'wrs.sto': 'WRS',
};
/** Operations that read their operands, if any, from the instruction itself. */
const WITHOUT_OPERANDS: ReadonlySet<OperationName> = new Set(['NOP', 'SYSTEM', 'WRS']);
