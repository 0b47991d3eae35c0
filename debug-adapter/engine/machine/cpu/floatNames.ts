const FORMATS = ['S', 'D'] as const;
const PER_FORMAT = [
  'FADD',
  'FSUB',
  'FMUL',
  'FDIV',
  'FSQRT',
  'FMADD',
  'FMSUB',
  'FNMSUB',
  'FNMADD',
  'FSGNJ',
  'FSGNJN',
  'FSGNJX',
  'FMIN',
  'FMAX',
  'FEQ',
  'FLT',
  'FLE',
  'FCLASS',
] as const;
/** The integer types for conversions: 32 and 64 bits, signed and unsigned. */
export const INTEGERS = ['W', 'WU', 'L', 'LU'] as const;

export type Format = (typeof FORMATS)[number] | 'H';
export type Integer = (typeof INTEGERS)[number];
type PerFormat = `${(typeof PER_FORMAT)[number]}_${Format}` | `FCVT_${Format}_${Integer}` | `FCVT_${Integer}_${Format}`;

const inFormat = (format: Format): PerFormat[] => [
  ...PER_FORMAT.map((name) => `${name}_${format}` as const),
  ...INTEGERS.map((integer) => `FCVT_${format}_${integer}` as const),
  ...INTEGERS.map((integer) => `FCVT_${integer}_${format}` as const),
];

/** The operations in F and D. Each name ends with its format. */
export const FLOAT_NAMES = [
  'FLW',
  'FLD',
  'FSW',
  'FSD',
  'FMV_X_W',
  'FMV_X_D',
  'FMV_W_X',
  'FMV_D_X',
  'FCVT_S_D',
  'FCVT_D_S',
  ...FORMATS.flatMap(inFormat),
] as const;

/**
 * The computational operations in Zfh. The interpreter has one handler for all of them, which selects the operation by
 * its index in this list.
 */
export const HALF_NAMES = [
  'FMV_X_H',
  'FMV_H_X',
  'FCVT_S_H',
  'FCVT_H_S',
  'FCVT_D_H',
  'FCVT_H_D',
  ...inFormat('H'),
] as const;

export type FloatName = (typeof FLOAT_NAMES)[number] | (typeof HALF_NAMES)[number];
