import { type Decoded, illegal, make, named } from './decoded.ts';
import { FLOAT_0 } from './layout.ts';
import type { OperationName } from './operations.ts';

/** Decodes a compressed instruction to its expansion (Volume I, chapter 27); reserved encodings are ILLEGAL. */
export function decodeCompressed(half: number): Decoded {
  const quadrant = half & 3;
  const expanded = quadrant === 0 ? quadrant0(half) : quadrant === 1 ? quadrant1(half) : quadrant2(half);
  expanded.lengthBytes = 2;
  return expanded;
}

/** Extracts `width` bits from `half`, starting at bit `from`, and shifts them to bit `to`. */
const bits = (half: number, from: number, width: number, to: number): number =>
  ((half >>> from) & ((1 << width) - 1)) << to;
const signed = (value: number, width: number): number => (value << (32 - width)) >> (32 - width);

const LW_OFFSET = (h: number): number => bits(h, 10, 3, 3) | bits(h, 6, 1, 2) | bits(h, 5, 1, 6);
const LD_OFFSET = (h: number): number => bits(h, 10, 3, 3) | bits(h, 5, 2, 6);
const LDSP_OFFSET = (h: number): number => bits(h, 12, 1, 5) | bits(h, 5, 2, 3) | bits(h, 2, 3, 6);
const SDSP_OFFSET = (h: number): number => bits(h, 10, 3, 3) | bits(h, 7, 3, 6);

function quadrant0(half: number): Decoded {
  const rdShort = 8 + bits(half, 2, 3, 0);
  const rs1Short = 8 + bits(half, 7, 3, 0);
  switch (half >>> 13) {
    case 0: {
      const immediate = bits(half, 11, 2, 4) | bits(half, 7, 4, 6) | bits(half, 6, 1, 2) | bits(half, 5, 1, 3);
      return immediate ? make('ADDI', rdShort, 2, 0, immediate) : illegal();
    }
    case 1:
      return make('FLD', FLOAT_0 + rdShort, rs1Short, 0, LD_OFFSET(half));
    case 2:
      return make('LW', rdShort, rs1Short, 0, LW_OFFSET(half));
    case 3:
      return make('LD', rdShort, rs1Short, 0, LD_OFFSET(half));
    case 5:
      return make('FSD', 0, rs1Short, FLOAT_0 + rdShort, LD_OFFSET(half));
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
    case 1:
      return make('FLD', FLOAT_0 + rd, 2, 0, LDSP_OFFSET(half));
    case 2:
      return rd ? make('LW', rd, 2, 0, bits(half, 12, 1, 5) | bits(half, 4, 3, 2) | bits(half, 2, 2, 6)) : illegal();
    case 3:
      return rd ? make('LD', rd, 2, 0, LDSP_OFFSET(half)) : illegal();
    case 4:
      return jumpMoveAdd(half, rd, rs2);
    case 5:
      return make('FSD', 0, 2, FLOAT_0 + rs2, SDSP_OFFSET(half));
    case 6:
      return make('SW', 0, 2, rs2, bits(half, 9, 4, 2) | bits(half, 7, 2, 6));
    case 7:
      return make('SD', 0, 2, rs2, SDSP_OFFSET(half));
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
