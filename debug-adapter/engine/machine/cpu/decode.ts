import { COMBINE, FUNCT5 } from './atomicSemantics.ts';
import { decodeCompressed } from './decodeCompressed.ts';
import { decodeFloat, decodeFusedFloat } from './decodeFloat.ts';
import { type Decoded, illegal, make, named } from './decoded.ts';
import { ALL_INSTRUCTIONS, type InstructionSet } from './extensions.ts';
import { FLOAT_0 } from './layout.ts';
import type { OperationName } from './operations.ts';

/**
 * Decodes one instruction (Volume I, chapters 2-8, 14, 27 and the opcode tables of chapter 34). A compressed
 * instruction decodes to its expansion. Reserved encodings, and instructions from extensions that this machine lacks,
 * are ILLEGAL. Branches decode to their NEAR form; DecodeCache replaces it with the FAR form if the target is in
 * another page.
 *
 * `raw` is the 32-bit word at the program counter; only its low half is used if the instruction is compressed.
 */
export function decode(raw: number, { isMissing }: InstructionSet = ALL_INSTRUCTIONS): Decoded {
  const decoded = (raw & 3) === 3 ? decodeWord(raw) : decodeCompressed(raw & 0xffff);
  return isMissing[decoded.operation] ? { ...illegal(), lengthBytes: decoded.lengthBytes } : decoded;
}

const BRANCHES: (OperationName | undefined)[] = [
  'BEQ_NEAR',
  'BNE_NEAR',
  undefined,
  undefined,
  'BLT_NEAR',
  'BGE_NEAR',
  'BLTU_NEAR',
  'BGEU_NEAR',
];
const LOADS: (OperationName | undefined)[] = ['LB', 'LH', 'LW', 'LD', 'LBU', 'LHU', 'LWU', undefined];
const STORES: (OperationName | undefined)[] = ['SB', 'SH', 'SW', 'SD'];
const FLOAT_LOADS: (OperationName | undefined)[] = [undefined, 'FLH', 'FLW', 'FLD'];
const FLOAT_STORES: (OperationName | undefined)[] = [undefined, 'FSH', 'FSW', 'FSD'];
const OP_IMM: (OperationName | undefined)[] = ['ADDI', undefined, 'SLTI', 'SLTIU', 'XORI', undefined, 'ORI', 'ANDI'];

/** OP and OP-32, indexed by funct7, then by funct3. */
type ByFunct3 = Partial<Record<number, OperationName>>;
const REGISTER: Record<number, ByFunct3> = {
  0x00: { 0: 'ADD', 1: 'SLL', 2: 'SLT', 3: 'SLTU', 4: 'XOR', 5: 'SRL', 6: 'OR', 7: 'AND' },
  0x01: { 0: 'MUL', 1: 'MULH', 2: 'MULHSU', 3: 'MULHU', 4: 'DIV', 5: 'DIVU', 6: 'REM', 7: 'REMU' },
  0x05: { 1: 'CLMUL', 2: 'CLMULR', 3: 'CLMULH', 4: 'MIN', 5: 'MINU', 6: 'MAX', 7: 'MAXU' },
  0x07: { 5: 'CZERO_EQZ', 7: 'CZERO_NEZ' },
  0x10: { 2: 'SH1ADD', 4: 'SH2ADD', 6: 'SH3ADD' },
  0x14: { 1: 'BSET' },
  0x20: { 0: 'SUB', 4: 'XNOR', 5: 'SRA', 6: 'ORN', 7: 'ANDN' },
  0x24: { 1: 'BCLR', 5: 'BEXT' },
  0x30: { 1: 'ROL', 5: 'ROR' },
  0x34: { 1: 'BINV' },
};
const REGISTER32: Record<number, ByFunct3> = {
  0x00: { 0: 'ADDW', 1: 'SLLW', 5: 'SRLW' },
  0x01: { 0: 'MULW', 4: 'DIVW', 5: 'DIVUW', 6: 'REMW', 7: 'REMUW' },
  0x04: { 0: 'ADD_UW' },
  0x10: { 2: 'SH1ADD_UW', 4: 'SH2ADD_UW', 6: 'SH3ADD_UW' },
  0x20: { 0: 'SUBW', 5: 'SRAW' },
  0x30: { 1: 'ROLW', 5: 'RORW' },
};
/** Shifts by an immediate, indexed by funct3 and the bits above the shift amount. */
const SHIFT: Record<number, ByFunct3> = {
  1: { 0x00: 'SLLI', 0x0a: 'BSETI', 0x12: 'BCLRI', 0x1a: 'BINVI' },
  5: { 0x00: 'SRLI', 0x10: 'SRAI', 0x12: 'BEXTI', 0x18: 'RORI' },
};
const SHIFT32: Record<number, ByFunct3> = { 1: { 0x00: 'SLLIW' }, 5: { 0x00: 'SRLIW', 0x20: 'SRAIW', 0x30: 'RORIW' } };
/**
 * Operations with one operand, which are encoded like shifts with a fixed shift amount. Indexed by funct3 and the upper
 * 12 bits.
 */
const UNARY: Record<number, ByFunct3> = {
  1: { 0x600: 'CLZ', 0x601: 'CTZ', 0x602: 'CPOP', 0x604: 'SEXT_B', 0x605: 'SEXT_H' },
  5: { 0x287: 'ORC_B', 0x6b8: 'REV8' },
};
const UNARY32: Record<number, ByFunct3> = { 1: { 0x600: 'CLZW', 0x601: 'CTZW', 0x602: 'CPOPW' } };

function decodeWord(raw: number): Decoded {
  const rd = (raw >>> 7) & 31;
  const funct3 = (raw >>> 12) & 7;
  const rs1 = (raw >>> 15) & 31;
  const rs2 = (raw >>> 20) & 31;
  const immediateI = raw >> 20;
  switch (raw & 0x7f) {
    case 0x37:
      return make('LI', rd, 0, 0, raw & ~0xfff);
    case 0x17:
      return make('AUIPC', rd, 0, 0, raw & ~0xfff);
    case 0x6f:
      return make(rd ? 'JAL_NEAR' : 'J_NEAR', rd, 0, 0, immediateJ(raw));
    case 0x67:
      return funct3 === 0 ? make('JALR', rd, rs1, 0, immediateI) : illegal();
    case 0x63:
      return named(BRANCHES[funct3], 0, rs1, rs2, immediateB(raw));
    case 0x03:
      return named(LOADS[funct3], rd, rs1, 0, immediateI);
    case 0x23:
      return named(STORES[funct3], 0, rs1, rs2, ((raw >> 25) << 5) | rd);
    case 0x13:
      return decodeImmediate(raw, rd, funct3, rs1);
    case 0x1b:
      return decodeImmediate32(raw, rd, funct3, rs1);
    case 0x33:
      return decodeRegister(raw, rd, funct3, rs1, rs2);
    case 0x3b:
      return decodeRegister32(raw, rd, funct3, rs1, rs2);
    case 0x0f:
      // FENCE and FENCE.I do nothing, because memory is coherent and stores drop the decoded code that they overwrite.
      return funct3 <= 1 ? make('NOP', 0, 0, 0, 0) : decodeCacheBlock(raw, rd, funct3, rs1);
    case 0x07:
      return named(FLOAT_LOADS[funct3], FLOAT_0 + rd, rs1, 0, immediateI);
    case 0x27:
      return named(FLOAT_STORES[funct3], 0, rs1, FLOAT_0 + rs2, ((raw >> 25) << 5) | rd);
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
      return decodeFusedFloat(raw);
    case 0x53:
      return decodeFloat(raw);
    case 0x2f:
      return decodeAtomic(raw, rd, funct3, rs1, rs2);
    case 0x73:
      return decodeSystem(raw, rd, funct3, rs1);
    default:
      return illegal();
  }
}

const immediateJ = (raw: number): number =>
  ((raw >> 31) << 20) | (raw & 0xff000) | ((raw >>> 9) & 0x800) | ((raw >>> 20) & 0x7fe);

const immediateB = (raw: number): number =>
  ((raw >> 31) << 12) | ((raw << 4) & 0x800) | ((raw >>> 20) & 0x7e0) | ((raw >>> 7) & 0x1e);

function decodeImmediate(raw: number, rd: number, funct3: number, rs1: number): Decoded {
  const unary = UNARY[funct3]?.[raw >>> 20];
  if (unary) return make(unary, rd, rs1, 0, 0);
  if (SHIFT[funct3]) return named(SHIFT[funct3][raw >>> 26], rd, rs1, 0, (raw >>> 20) & 63);
  if (funct3 === 0 && raw >> 20 === 0) return make('MV', rd, rs1, 0, 0);
  return named(OP_IMM[funct3], rd, rs1, 0, raw >> 20);
}

function decodeImmediate32(raw: number, rd: number, funct3: number, rs1: number): Decoded {
  const unary = UNARY32[funct3]?.[raw >>> 20];
  if (unary) return make(unary, rd, rs1, 0, 0);
  if (funct3 === 0) return make('ADDIW', rd, rs1, 0, raw >> 20);
  // The shift amount of SLLI.UW is one bit wider than that of the other word shifts.
  if (funct3 === 1 && raw >>> 26 === 2) return make('SLLI_UW', rd, rs1, 0, (raw >>> 20) & 63);
  return named(SHIFT32[funct3]?.[raw >>> 25], rd, rs1, 0, (raw >>> 20) & 31);
}

function decodeRegister(raw: number, rd: number, funct3: number, rs1: number, rs2: number): Decoded {
  return named(REGISTER[raw >>> 25]?.[funct3], rd, rs1, rs2, 0);
}

function decodeRegister32(raw: number, rd: number, funct3: number, rs1: number, rs2: number): Decoded {
  const funct7 = raw >>> 25;
  if (funct7 === 4 && funct3 === 4) return rs2 === 0 ? make('ZEXT_H', rd, rs1, 0, 0) : illegal();
  return named(REGISTER32[funct7]?.[funct3], rd, rs1, rs2, 0);
}

/** The immediate of an AMO stores the bits that select the operation; LR requires rs2 = 0. */
function decodeAtomic(raw: number, rd: number, funct3: number, rs1: number, rs2: number): Decoded {
  if (funct3 !== 2 && funct3 !== 3) return illegal();
  const isDouble = funct3 === 3;
  const funct5 = raw >>> 27;
  if (funct5 === FUNCT5.LR) return rs2 === 0 ? make(isDouble ? 'LR_D' : 'LR_W', rd, rs1, 0, 0) : illegal();
  if (funct5 === FUNCT5.SC) return make(isDouble ? 'SC_D' : 'SC_W', rd, rs1, rs2, 0);
  return COMBINE[funct5] ? make(isDouble ? 'AMO_D' : 'AMO_W', rd, rs1, rs2, funct5) : illegal();
}

/** Indexed by the 12-bit immediate: cbo.inval, cbo.clean, cbo.flush, cbo.zero. */
const CACHE_BLOCKS: (OperationName | undefined)[] = ['CBO', 'CBO', 'CBO', undefined, 'CBO_ZERO'];

function decodeCacheBlock(raw: number, rd: number, funct3: number, rs1: number): Decoded {
  return funct3 === 2 && rd === 0 ? named(CACHE_BLOCKS[raw >>> 20], 0, rs1, 0, 0) : illegal();
}

/**
 * ECALL, EBREAK, SRET, MRET, WFI, SFENCE.W.INVAL, SFENCE.INVAL.IR. (SFENCE.VMA and SINVAL.VMA have register operands.)
 */
const SYSTEM_WORDS = new Set([0x00000073, 0x00100073, 0x10200073, 0x30200073, 0x10500073, 0x18000073, 0x18100073]);
/** WRS.NTO, WRS.STO. */
const WRS_WORDS = new Set([0x00d00073, 0x01d00073]);
const FENCES = new Set([0x09, 0x0b]);

function decodeSystem(raw: number, rd: number, funct3: number, rs1: number): Decoded {
  if (funct3 === 4) return illegal();
  if (funct3 !== 0) return make('CSR', rd, rs1, 0, raw >>> 20);
  if (WRS_WORDS.has(raw)) return make('WRS', 0, 0, 0, 0);
  const isSfence = FENCES.has(raw >>> 25) && rd === 0;
  return SYSTEM_WORDS.has(raw >>> 0) || isSfence ? make('SYSTEM', 0, 0, 0, 0) : illegal();
}
