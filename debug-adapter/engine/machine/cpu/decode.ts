import { OP, type OperationName } from './operations.ts';

/**
 * Decodes one RV64IMAC instruction (The RISC-V Instruction Set Manual Volume I, chapters 2-8, 14, 27 and the opcode
 * tables of chapter 34). Compressed instructions decode to what they expand to. Anything reserved, or of an extension
 * this machine does not have, is ILLEGAL. Branches come out as their NEAR form: who places them in a page knows better.
 */
export interface Decoded {
  operation: number;
  rd: number;
  rs1: number;
  rs2: number;
  /** Sign-extended; already shifted for LI and AUIPC. */
  immediate: number;
  lengthBytes: 2 | 4;
}

/** `raw` is the 32-bit word at the program counter; only its low half counts when the instruction is compressed. */
export function decode(raw: number): Decoded {
  return (raw & 3) === 3 ? decodeWord(raw) : decodeCompressed(raw & 0xffff);
}

const make = (operation: OperationName, rd: number, rs1: number, rs2: number, immediate: number): Decoded => ({
  operation: OP[operation],
  rd,
  rs1,
  rs2,
  immediate,
  lengthBytes: 4,
});

const illegal = (): Decoded => make('ILLEGAL', 0, 0, 0, 0);

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
const OP_IMM: (OperationName | undefined)[] = ['ADDI', undefined, 'SLTI', 'SLTIU', 'XORI', undefined, 'ORI', 'ANDI'];
const OP_BASE: (OperationName | undefined)[] = ['ADD', 'SLL', 'SLT', 'SLTU', 'XOR', 'SRL', 'OR', 'AND'];
const OP_M: (OperationName | undefined)[] = ['MUL', 'MULH', 'MULHSU', 'MULHU', 'DIV', 'DIVU', 'REM', 'REMU'];
const OP32_BASE: (OperationName | undefined)[] = ['ADDW', 'SLLW', undefined, undefined, undefined, 'SRLW'];
const OP32_M: (OperationName | undefined)[] = [
  'MULW',
  undefined,
  undefined,
  undefined,
  'DIVW',
  'DIVUW',
  'REMW',
  'REMUW',
];

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
      // FENCE and FENCE.I: the machine is coherent (stores drop decoded code), so both do nothing.
      return funct3 <= 1 ? make('NOP', 0, 0, 0, 0) : illegal();
    case 0x2f:
      return decodeAtomic(raw, rd, funct3, rs1, rs2);
    case 0x73:
      return decodeSystem(raw, rd, funct3, rs1);
    default:
      return illegal();
  }
}

const named = (name: OperationName | undefined, rd: number, rs1: number, rs2: number, immediate: number): Decoded =>
  name ? make(name, rd, rs1, rs2, immediate) : illegal();

const immediateJ = (raw: number): number =>
  ((raw >> 31) << 20) | (raw & 0xff000) | ((raw >>> 9) & 0x800) | ((raw >>> 20) & 0x7fe);

const immediateB = (raw: number): number =>
  ((raw >> 31) << 12) | ((raw << 4) & 0x800) | ((raw >>> 20) & 0x7e0) | ((raw >>> 7) & 0x1e);

function decodeImmediate(raw: number, rd: number, funct3: number, rs1: number): Decoded {
  const funct6 = raw >>> 26;
  const shift = (raw >>> 20) & 63;
  if (funct3 === 1) return named(funct6 === 0 ? 'SLLI' : undefined, rd, rs1, 0, shift);
  if (funct3 === 5) return named(funct6 === 0 ? 'SRLI' : funct6 === 0x10 ? 'SRAI' : undefined, rd, rs1, 0, shift);
  if (funct3 === 0 && raw >> 20 === 0) return make('MV', rd, rs1, 0, 0);
  return named(OP_IMM[funct3], rd, rs1, 0, raw >> 20);
}

function decodeImmediate32(raw: number, rd: number, funct3: number, rs1: number): Decoded {
  const funct7 = raw >>> 25;
  const shift = (raw >>> 20) & 31;
  if (funct3 === 0) return make('ADDIW', rd, rs1, 0, raw >> 20);
  if (funct3 === 1) return named(funct7 === 0 ? 'SLLIW' : undefined, rd, rs1, 0, shift);
  if (funct3 === 5) return named(funct7 === 0 ? 'SRLIW' : funct7 === 0x20 ? 'SRAIW' : undefined, rd, rs1, 0, shift);
  return illegal();
}

function decodeRegister(raw: number, rd: number, funct3: number, rs1: number, rs2: number): Decoded {
  const funct7 = raw >>> 25;
  if (funct7 === 0) return named(OP_BASE[funct3], rd, rs1, rs2, 0);
  if (funct7 === 1) return named(OP_M[funct3], rd, rs1, rs2, 0);
  if (funct7 === 0x20) return named(funct3 === 0 ? 'SUB' : funct3 === 5 ? 'SRA' : undefined, rd, rs1, rs2, 0);
  return illegal();
}

function decodeRegister32(raw: number, rd: number, funct3: number, rs1: number, rs2: number): Decoded {
  const funct7 = raw >>> 25;
  if (funct7 === 0) return named(OP32_BASE[funct3], rd, rs1, rs2, 0);
  if (funct7 === 1) return named(OP32_M[funct3], rd, rs1, rs2, 0);
  if (funct7 === 0x20) return named(funct3 === 0 ? 'SUBW' : funct3 === 5 ? 'SRAW' : undefined, rd, rs1, rs2, 0);
  return illegal();
}

/** The funct5 values of the A extension; LR (2) also needs rs2 = 0. */
const ATOMICS = new Set([0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28]);

function decodeAtomic(raw: number, rd: number, funct3: number, rs1: number, rs2: number): Decoded {
  const funct5 = raw >>> 27;
  const known = (funct3 === 2 || funct3 === 3) && ATOMICS.has(funct5) && (funct5 !== 2 || rs2 === 0);
  return known ? make('AMO', rd, rs1, rs2, 0) : illegal();
}

const SYSTEM_WORDS = new Set([0x00000073, 0x00100073, 0x10200073, 0x30200073, 0x10500073]);
/** ECALL, EBREAK, SRET, MRET, WFI; SFENCE.VMA has registers in it. */
function decodeSystem(raw: number, rd: number, funct3: number, rs1: number): Decoded {
  if (funct3 === 4) return illegal();
  if (funct3 !== 0) return make('CSR', rd, rs1, 0, raw >>> 20);
  const isSfence = raw >>> 25 === 9 && rd === 0;
  return SYSTEM_WORDS.has(raw >>> 0) || isSfence ? make('SYSTEM', 0, 0, 0, 0) : illegal();
}

// --- compressed (chapter 27) ---------------------------------------------------------------------------------------

function decodeCompressed(half: number): Decoded {
  const quadrant = half & 3;
  const expanded = quadrant === 0 ? quadrant0(half) : quadrant === 1 ? quadrant1(half) : quadrant2(half);
  expanded.lengthBytes = 2;
  return expanded;
}

/** A field of `half`, its bits `from`.. moved to `to`: `width` of them. */
const bits = (half: number, from: number, width: number, to: number): number =>
  ((half >>> from) & ((1 << width) - 1)) << to;
const signed = (value: number, width: number): number => (value << (32 - width)) >> (32 - width);

const LW_OFFSET = (h: number): number => bits(h, 10, 3, 3) | bits(h, 6, 1, 2) | bits(h, 5, 1, 6);
const LD_OFFSET = (h: number): number => bits(h, 10, 3, 3) | bits(h, 5, 2, 6);

function quadrant0(half: number): Decoded {
  const rdShort = 8 + bits(half, 2, 3, 0);
  const rs1Short = 8 + bits(half, 7, 3, 0);
  switch (half >>> 13) {
    case 0: {
      const immediate = bits(half, 11, 2, 4) | bits(half, 7, 4, 6) | bits(half, 6, 1, 2) | bits(half, 5, 1, 3);
      return immediate ? make('ADDI', rdShort, 2, 0, immediate) : illegal();
    }
    case 2:
      return make('LW', rdShort, rs1Short, 0, LW_OFFSET(half));
    case 3:
      return make('LD', rdShort, rs1Short, 0, LD_OFFSET(half));
    case 6:
      return make('SW', 0, rs1Short, rdShort, LW_OFFSET(half));
    case 7:
      return make('SD', 0, rs1Short, rdShort, LD_OFFSET(half));
    default:
      return illegal();
  }
}

function quadrant1(half: number): Decoded {
  const rd = bits(half, 7, 5, 0);
  const rs1Short = 8 + bits(half, 7, 3, 0);
  const immediate = signed(bits(half, 12, 1, 5) | bits(half, 2, 5, 0), 6);
  switch (half >>> 13) {
    case 0:
      return rd ? make('ADDI', rd, rd, 0, immediate) : make('NOP', 0, 0, 0, 0);
    case 1:
      return rd ? make('ADDIW', rd, rd, 0, immediate) : illegal();
    case 2:
      return make('LI', rd, 0, 0, immediate);
    case 3:
      return rd === 2 ? addi16sp(half) : immediate ? make('LI', rd, 0, 0, immediate << 12) : illegal();
    case 4:
      return compressedArithmetic(half, rs1Short, immediate);
    case 5:
      return make('J_NEAR', 0, 0, 0, jumpOffset(half));
    case 6:
      return make('BEQ_NEAR', 0, rs1Short, 0, branchOffset(half));
    default:
      return make('BNE_NEAR', 0, rs1Short, 0, branchOffset(half));
  }
}

function addi16sp(half: number): Decoded {
  const immediate = signed(
    bits(half, 12, 1, 9) | bits(half, 6, 1, 4) | bits(half, 5, 1, 6) | bits(half, 3, 2, 7) | bits(half, 2, 1, 5),
    10,
  );
  return immediate ? make('ADDI', 2, 2, 0, immediate) : illegal();
}

const jumpOffset = (h: number): number =>
  signed(
    bits(h, 12, 1, 11) |
      bits(h, 11, 1, 4) |
      bits(h, 9, 2, 8) |
      bits(h, 8, 1, 10) |
      bits(h, 7, 1, 6) |
      bits(h, 6, 1, 7) |
      bits(h, 3, 3, 1) |
      bits(h, 2, 1, 5),
    12,
  );

const branchOffset = (h: number): number =>
  signed(bits(h, 12, 1, 8) | bits(h, 10, 2, 3) | bits(h, 5, 2, 6) | bits(h, 3, 2, 1) | bits(h, 2, 1, 5), 9);

function compressedArithmetic(half: number, rd: number, immediate: number): Decoded {
  const rs2 = 8 + bits(half, 2, 3, 0);
  switch (bits(half, 10, 2, 0)) {
    case 0:
      return make('SRLI', rd, rd, 0, immediate & 63);
    case 1:
      return make('SRAI', rd, rd, 0, immediate & 63);
    case 2:
      return make('ANDI', rd, rd, 0, immediate);
    default: {
      const names: (OperationName | undefined)[] = ['SUB', 'XOR', 'OR', 'AND', 'SUBW', 'ADDW', undefined, undefined];
      return named(names[bits(half, 12, 1, 2) | bits(half, 5, 2, 0)], rd, rd, rs2, 0);
    }
  }
}

function quadrant2(half: number): Decoded {
  const rd = bits(half, 7, 5, 0);
  const rs2 = bits(half, 2, 5, 0);
  switch (half >>> 13) {
    case 0:
      return make('SLLI', rd, rd, 0, bits(half, 12, 1, 5) | rs2);
    case 2:
      return rd ? make('LW', rd, 2, 0, bits(half, 12, 1, 5) | bits(half, 4, 3, 2) | bits(half, 2, 2, 6)) : illegal();
    case 3:
      return rd ? make('LD', rd, 2, 0, bits(half, 12, 1, 5) | bits(half, 5, 2, 3) | bits(half, 2, 3, 6)) : illegal();
    case 4:
      return jumpMoveAdd(half, rd, rs2);
    case 6:
      return make('SW', 0, 2, rs2, bits(half, 9, 4, 2) | bits(half, 7, 2, 6));
    case 7:
      return make('SD', 0, 2, rs2, bits(half, 10, 3, 3) | bits(half, 7, 3, 6));
    default:
      return illegal();
  }
}

function jumpMoveAdd(half: number, rd: number, rs2: number): Decoded {
  if (half & 0x1000) {
    if (rs2) return make('ADD', rd, rd, rs2, 0);
    return rd ? make('JALR', 1, rd, 0, 0) : make('SYSTEM', 0, 0, 0, 0); // C.JALR, C.EBREAK
  }
  if (rs2) return make('MV', rd, rs2, 0, 0);
  return rd ? make('JALR', 0, rd, 0, 0) : illegal();
}
