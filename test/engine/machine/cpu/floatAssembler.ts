import { iType, rType, sType } from './assembler.ts';

/**
 * The instructions of F, D and Zfh from the manual's tables (Volume I, "RV32/64G Instruction Set Listings"), with their
 * encodings, operands and results.
 */
export type Format = 's' | 'd' | 'h';
export type IntegerKind = 'w' | 'wu' | 'l' | 'lu';

export interface FloatOperation {
  encode(fields: Partial<FloatFields>): number;
  /** The bits that are fixed in the encoding, except for the rounding mode. */
  mask: number;
  operands: 1 | 2 | 3;
  hasMode: boolean;
  /** Whether rd is a floating-point register. `fromFloat` is the same for rs1. */
  toFloat: boolean;
  fromFloat: boolean;
  /** The format of the operands, or of the result for conversions from integers. */
  format: Format;
}

export interface FloatFields {
  rd: number;
  rs1: number;
  rs2: number;
  rs3: number;
  mode: number;
}

export const DYNAMIC = 7;
export const MODES = [0, 1, 2, 3, 4];
export const INTEGER_KINDS: IntegerKind[] = ['w', 'wu', 'l', 'lu'];
export const FORMATS: Format[] = ['s', 'd', 'h'];
const code = (format: Format): number => FORMATS.indexOf(format);

const NOTHING: FloatFields = { rd: 0, rs1: 0, rs2: 0, rs3: 0, mode: DYNAMIC };

interface Shape {
  format: Format;
  operands: 1 | 2;
  /** funct3 for instructions without a rounding mode. */
  funct3?: number;
  /** The value of the rs2 field for instructions with one operand. */
  rs2?: number;
  toFloat?: boolean;
  fromFloat?: boolean;
}

function operation(funct5: number, shape: Shape): FloatOperation {
  const { format, operands, funct3, rs2: fixed = 0, toFloat = true, fromFloat = true } = shape;
  const hasMode = funct3 === undefined;
  return {
    encode: (fields) => {
      const { rd, rs1, rs2, mode } = { ...NOTHING, ...fields };
      const funct7 = (funct5 << 2) | code(format);
      return rType(0x53, funct3 ?? mode, funct7, rd, rs1, operands === 1 ? fixed : rs2);
    },
    mask: (0xfe00_007f | (hasMode ? 0 : 0x7000) | (operands === 1 ? 0x01f0_0000 : 0)) >>> 0,
    ...{ operands, hasMode, toFloat, fromFloat, format },
  };
}

function fused(opcode: number, format: Format): FloatOperation {
  return {
    encode: (fields) => {
      const { rd, rs1, rs2, rs3, mode } = { ...NOTHING, ...fields };
      return rType(opcode, mode, (rs3 << 2) | code(format), rd, rs1, rs2);
    },
    mask: 0x0600_007f,
    ...{ operands: 3, hasMode: true, toFloat: true, fromFloat: true, format },
  };
}

function inFormat(format: Format): Record<string, FloatOperation> {
  const two = (funct5: number, funct3?: number, toFloat = true) =>
    operation(funct5, { format, operands: 2, funct3, toFloat });
  const one = (funct5: number, shape: Omit<Shape, 'format' | 'operands'>) =>
    operation(funct5, { format, operands: 1, ...shape });
  const integers = INTEGER_KINDS.flatMap((kind, rs2) => [
    [`fcvt.${kind}.${format}`, one(24, { rs2, toFloat: false })],
    [`fcvt.${format}.${kind}`, one(26, { rs2, fromFloat: false })],
  ]);
  const conversions = FORMATS.filter((other) => other !== format).map((other) => [
    `fcvt.${format}.${other}`,
    one(8, { rs2: code(other) }),
  ]);
  const name = format === 's' ? 'w' : format;
  return {
    [`fadd.${format}`]: two(0),
    [`fsub.${format}`]: two(1),
    [`fmul.${format}`]: two(2),
    [`fdiv.${format}`]: two(3),
    [`fsqrt.${format}`]: one(11, {}),
    [`fmadd.${format}`]: fused(0x43, format),
    [`fmsub.${format}`]: fused(0x47, format),
    [`fnmsub.${format}`]: fused(0x4b, format),
    [`fnmadd.${format}`]: fused(0x4f, format),
    [`fsgnj.${format}`]: two(4, 0),
    [`fsgnjn.${format}`]: two(4, 1),
    [`fsgnjx.${format}`]: two(4, 2),
    [`fmin.${format}`]: two(5, 0),
    [`fmax.${format}`]: two(5, 1),
    [`fle.${format}`]: two(20, 0, false),
    [`flt.${format}`]: two(20, 1, false),
    [`feq.${format}`]: two(20, 2, false),
    [`fclass.${format}`]: one(28, { funct3: 1, toFloat: false }),
    [`fmv.x.${name}`]: one(28, { funct3: 0, toFloat: false }),
    [`fmv.${name}.x`]: one(30, { funct3: 0, fromFloat: false }),
    ...(Object.fromEntries([...conversions, ...integers]) as Record<string, FloatOperation>),
  };
}

export const FLOAT_OPERATIONS: Record<string, FloatOperation> = {
  ...inFormat('s'),
  ...inFormat('d'),
  ...inFormat('h'),
};

type Access = (register: number, offset: number, base: number) => number;
export const FLOAT_LOADS: Record<string, Access> = {
  flh: (rd, offset, rs1) => iType(0x07, 1, rd, rs1, offset),
  flw: (rd, offset, rs1) => iType(0x07, 2, rd, rs1, offset),
  fld: (rd, offset, rs1) => iType(0x07, 3, rd, rs1, offset),
};
export const FLOAT_STORES: Record<string, Access> = {
  fsh: (rs2, offset, rs1) => sType(0x27, 1, rs1, rs2, offset),
  fsw: (rs2, offset, rs1) => sType(0x27, 2, rs1, rs2, offset),
  fsd: (rs2, offset, rs1) => sType(0x27, 3, rs1, rs2, offset),
};
