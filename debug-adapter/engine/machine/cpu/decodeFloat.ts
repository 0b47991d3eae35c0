import { type Decoded, illegal, make } from './decoded.ts';
import { FLAG, ROUNDING } from './floatFormat.ts';
import { type Format, HALF_NAMES, INTEGERS } from './floatNames.ts';
import { FLOAT_0 } from './layout.ts';
import { OP, type OperationName } from './operations.ts';

/** The fields of a floating-point immediate; see `decodeFloat`. */
export const MODE_MASK = 7;
export const THIRD_SOURCE_MASK = 0xfff8;
export const FAST_SHIFT = 16;
export const HALF_SHIFT = 16;

/** The fcsr bits that must match before the host's instruction may be used: the rounding mode and the inexact flag. */
const FAST_WHEN_DYNAMIC = 0xe0 | FLAG.INEXACT;
/** A bit that is never set in fcsr, so the condition for using the host's instruction is never met. */
const NEVER_FAST = 0x100;

/** The immediate bits for a rounding mode; undefined for a reserved mode. */
function roundingField(mode: number): number | undefined {
  if (mode === ROUNDING.DYNAMIC) return mode | (FAST_WHEN_DYNAMIC << FAST_SHIFT);
  if (mode > ROUNDING.NEAREST_AWAY) return undefined;
  return mode | ((mode === ROUNDING.NEAREST ? FLAG.INEXACT : NEVER_FAST) << FAST_SHIFT);
}

const FORMATS: (Format | undefined)[] = ['S', 'D', 'H', undefined];
const formatOf = (raw: number): Format | undefined => FORMATS[(raw >>> 25) & 3];

/** The register files of the destination and the first source: floating-point or integer. */
interface Shape {
  to: 'f' | 'x';
  from: 'f' | 'x';
}

interface Fields {
  rd: number;
  rs1: number;
  rs2: number;
  mode: number;
  raw: number;
}

const fieldsOf = (raw: number): Fields => ({
  rd: (raw >>> 7) & 31,
  rs1: (raw >>> 15) & 31,
  rs2: (raw >>> 20) & 31,
  mode: (raw >>> 12) & 7,
  raw,
});

const FUSED: Record<number, string> = { 0x43: 'FMADD', 0x47: 'FMSUB', 0x4b: 'FNMSUB', 0x4f: 'FNMADD' };

/** Decodes FMADD, FMSUB, FNMSUB and FNMADD; the immediate has the same fields as in `decodeFloat`. */
export function decodeFusedFloat(raw: number): Decoded {
  const { rd, rs1, rs2, mode } = fieldsOf(raw);
  const format = formatOf(raw);
  const rounding = roundingField(mode);
  if (!format || rounding === undefined) return illegal();
  const name = `${FUSED[raw & 0x7f]}_${format}` as OperationName;
  const third = (FLOAT_0 + (raw >>> 27)) * 8;
  return withHalfIndex(make(name, FLOAT_0 + rd, FLOAT_0 + rs1, FLOAT_0 + rs2, rounding | third));
}

const ARITHMETIC: Record<number, string> = { 0: 'FADD', 1: 'FSUB', 2: 'FMUL', 3: 'FDIV' };
/** The operations distinguished by funct3, indexed by funct5, then by funct3. */
const BY_FUNCT3: Record<number, { names: (string | undefined)[]; to: 'f' | 'x' }> = {
  4: { names: ['FSGNJ', 'FSGNJN', 'FSGNJX'], to: 'f' },
  5: { names: ['FMIN', 'FMAX'], to: 'f' },
  20: { names: ['FLE', 'FLT', 'FEQ'], to: 'x' },
};

/**
 * Decodes the computational instructions in F, D and Zfh (Volume I, chapters 21, 22 and 24), except the fused
 * instructions. Floating-point registers are numbered from FLOAT_0. The immediate stores the rounding mode in bits 0-2,
 * eight times the number of the third source in bits 3-15, and a mask in bits 16 and up. The host's own instruction may
 * be used if fcsr, masked with these bits, equals the inexact flag: the rounding mode is then round-to-nearest, and
 * since the inexact flag is already set, it does not matter whether the result is exact. The immediate of a
 * half-precision operation stores the operation's index in HALF_NAMES instead of the mask.
 */
export const decodeFloat = (raw: number): Decoded => withHalfIndex(decodeComputing(raw));

function withHalfIndex(decoded: Decoded): Decoded {
  const index = decoded.operation - OP[HALF_NAMES[0]];
  return index < 0 ? decoded : { ...decoded, immediate: (decoded.immediate & 0xffff) | (index << HALF_SHIFT) };
}

function decodeComputing(raw: number): Decoded {
  const fields = fieldsOf(raw);
  const { rd, rs1, rs2, mode } = fields;
  const funct5 = raw >>> 27;
  const format = formatOf(raw);
  if (!format) return illegal();
  if (ARITHMETIC[funct5]) return rounded(`${ARITHMETIC[funct5]}_${format}`, fields, BOTH, FLOAT_0 + rs2);
  const ordered = BY_FUNCT3[funct5];
  if (ordered) {
    const name = ordered.names[mode];
    const to = ordered.to === 'f' ? FLOAT_0 + rd : rd;
    return name ? make(`${name}_${format}` as OperationName, to, FLOAT_0 + rs1, FLOAT_0 + rs2, 0) : illegal();
  }
  switch (funct5) {
    case 8:
      if (!FORMATS[rs2] || FORMATS[rs2] === format) return illegal();
      return rounded(`FCVT_${format}_${FORMATS[rs2]}`, fields, BOTH);
    case 11:
      return rs2 === 0 ? rounded(`FSQRT_${format}`, fields, BOTH) : illegal();
    case 24:
      return rs2 < 4 ? rounded(`FCVT_${INTEGERS[rs2]}_${format}`, fields, { to: 'x', from: 'f' }) : illegal();
    case 26:
      return rs2 < 4 ? rounded(`FCVT_${format}_${INTEGERS[rs2]}`, fields, { to: 'f', from: 'x' }) : illegal();
    case 28:
      return moveOrClass(fields, format);
    case 30:
      if (rs2 !== 0 || mode !== 0) return illegal();
      return make(`FMV_${BITS[format]}_X` as const, FLOAT_0 + rd, rs1, 0, 0);
    default:
      return illegal();
  }
}

/** The format names used in the move instructions. */
const BITS = { H: 'H', S: 'W', D: 'D' } as const;

const BOTH: Shape = { to: 'f', from: 'f' };

function rounded(name: string, { rd, rs1, mode }: Fields, { to, from }: Shape, rs2 = 0): Decoded {
  const rounding = roundingField(mode);
  if (rounding === undefined) return illegal();
  const number = (kind: 'f' | 'x', register: number): number => (kind === 'f' ? FLOAT_0 + register : register);
  return make(name as OperationName, number(to, rd), number(from, rs1), rs2, rounding);
}

function moveOrClass({ rd, rs1, rs2, mode }: Fields, format: Format): Decoded {
  if (rs2 !== 0 || mode > 1) return illegal();
  const move = `FMV_X_${BITS[format]}` as const;
  return make(mode === 0 ? move : `FCLASS_${format}`, rd, FLOAT_0 + rs1, 0, 0);
}
