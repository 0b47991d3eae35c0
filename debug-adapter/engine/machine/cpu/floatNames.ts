/** The operations of the F and D extensions, by format (single and double) where they come in both. */
export const FORMATS = ['S', 'D'] as const;
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
export const INTEGERS = ['W', 'WU', 'L', 'LU'] as const;

export type Format = (typeof FORMATS)[number];
export type Integer = (typeof INTEGERS)[number];
type PerFormat = `${(typeof PER_FORMAT)[number]}_${Format}` | `FCVT_${Format}_${Integer}` | `FCVT_${Integer}_${Format}`;

const perFormat = FORMATS.flatMap((format): PerFormat[] => [
  ...PER_FORMAT.map((name) => `${name}_${format}` as const),
  ...INTEGERS.map((integer) => `FCVT_${format}_${integer}` as const),
  ...INTEGERS.map((integer) => `FCVT_${integer}_${format}` as const),
]);

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
  ...perFormat,
] as const;

export type FloatName = (typeof FLOAT_NAMES)[number];
