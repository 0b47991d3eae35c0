/**
 * The operations that decoding sorts RV64IMAC instructions into: one number for each handler of the interpreter.
 * Names are the ISA manual's mnemonics; NEAR and FAR tell whether a jump stays inside its 4 KiB page, because a decoded
 * entry addresses its neighbours directly only there.
 */
const NAMES = [
  // UNDECODED must be 0: a cleared decode page is a page of these.
  'UNDECODED',
  'PAGE_END',
  'STRADDLE',
  'BREAK',
  'REGION',
  'ILLEGAL',
  'NOP',
  'LI',
  'AUIPC',
  'JAL_NEAR',
  'J_NEAR',
  'JAL_FAR',
  'JALR',
  'JALR_FAR',
  'BEQ_NEAR',
  'BNE_NEAR',
  'BLT_NEAR',
  'BGE_NEAR',
  'BLTU_NEAR',
  'BGEU_NEAR',
  'BEQ_FAR',
  'BNE_FAR',
  'BLT_FAR',
  'BGE_FAR',
  'BLTU_FAR',
  'BGEU_FAR',
  'LB',
  'LH',
  'LW',
  'LD',
  'LBU',
  'LHU',
  'LWU',
  'SB',
  'SH',
  'SW',
  'SD',
  'ADDI',
  'SLTI',
  'SLTIU',
  'XORI',
  'ORI',
  'ANDI',
  'SLLI',
  'SRLI',
  'SRAI',
  'ADDIW',
  'SLLIW',
  'SRLIW',
  'SRAIW',
  'ADD',
  'SUB',
  'SLL',
  'SLT',
  'SLTU',
  'XOR',
  'SRL',
  'SRA',
  'OR',
  'AND',
  'ADDW',
  'SUBW',
  'SLLW',
  'SRLW',
  'SRAW',
  'MUL',
  'MULH',
  'MULHSU',
  'MULHU',
  'DIV',
  'DIVU',
  'REM',
  'REMU',
  'MULW',
  'DIVW',
  'DIVUW',
  'REMW',
  'REMUW',
  'MV',
  'AMO',
  'CSR',
  'SYSTEM',
] as const;

export type OperationName = (typeof NAMES)[number];

export const OPERATION_NAMES: readonly OperationName[] = NAMES;

/**
 * Operations that also come as compressed instructions have a second handler for those: the length is then a constant
 * in both, and finding the next entry waits for no load.
 */
export const COMPRESSIBLE: readonly OperationName[] = [
  'NOP',
  'LI',
  'MV',
  'J_NEAR',
  'JALR',
  'JALR_FAR',
  'BEQ_NEAR',
  'BNE_NEAR',
  'BEQ_FAR',
  'BNE_FAR',
  'LW',
  'LD',
  'SW',
  'SD',
  'ADDI',
  'ANDI',
  'SLLI',
  'SRLI',
  'SRAI',
  'ADDIW',
  'ADD',
  'SUB',
  'XOR',
  'OR',
  'AND',
  'ADDW',
  'SUBW',
];

/** What a decode entry holds for an operation of a length. */
export function handlerIndex(operation: number, lengthBytes: 2 | 4): number {
  return lengthBytes === 2 ? (COMPRESSED_HANDLERS.get(operation) ?? operation) : operation;
}

export const OP = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Record<OperationName, number>;

const COMPRESSED_HANDLERS = new Map(COMPRESSIBLE.map((name, i) => [OP[name], NAMES.length + i]));
