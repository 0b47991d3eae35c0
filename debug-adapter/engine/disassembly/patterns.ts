import { assert } from '../base/assert.ts';

/**
 * One line of an instruction table, in the manual's notation: mnemonic, operands (`.` for none), then the encoding from
 * the highest bit down, where 0 and 1 are fixed and `-` matches either; spaces only separate fields. The first matching
 * line wins, so a pseudo-instruction precedes the instruction it stands for. The mnemonic `reserved` excludes reserved
 * encodings.
 */
export interface InstructionPattern {
  mnemonic: string;
  operands: string;
  mask: number;
  value: number;
}

/** Parses a table. Every encoding must have `widthBits` bits. */
export function readPatterns(table: string, widthBits: 16 | 32): InstructionPattern[] {
  return table
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => readPattern(line, widthBits));
}

/** The first of `patterns` that matches `bits`; undefined if none does or the encoding is reserved. */
export function matchingPattern(patterns: readonly InstructionPattern[], bits: number): InstructionPattern | undefined {
  const pattern = patterns.find(
    ({ mask, value, operands }) =>
      (bits & mask) >>> 0 === value && (!operands.includes('fsame') || sourcesAreEqual(bits)),
  );
  return pattern?.mnemonic === 'reserved' ? undefined : pattern;
}

function readPattern(line: string, widthBits: number): InstructionPattern {
  const [mnemonic, operands, ...fields] = line.trim().split(/ +/);
  const encoding = fields.join('');
  assert(encoding.length === widthBits, `${line}: the encoding has ${widthBits} bits`);
  return {
    mnemonic,
    operands: operands === '.' ? '' : operands,
    mask: parseInt(encoding.replaceAll('0', '1').replaceAll('-', '0'), 2),
    value: parseInt(encoding.replaceAll('-', '0'), 2),
  };
}

/** The condition for the operand `fsame` of fmv, fneg and fabs: both sources are the same register. */
const sourcesAreEqual = (bits: number): boolean => ((bits >>> 15) & 31) === ((bits >>> 20) & 31);
