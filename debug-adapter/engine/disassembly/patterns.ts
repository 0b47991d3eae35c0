import { assert } from '../base/assert.ts';

/**
 * One line of an instruction table. A line consists of the mnemonic, the operands (`.` for none), and the encoding in
 * the manual's notation, from the highest bit to the lowest. In the encoding, 0 and 1 are fixed bits, `-` matches
 * either value, and spaces only separate fields. The first matching line is used, so a pseudo-instruction must precede
 * the instruction that it abbreviates. The mnemonic `reserved` marks reserved encodings, which are not disassembled.
 */
export interface InstructionPattern {
  mnemonic: string;
  operands: string;
  mask: number;
  value: number;
}

/** Parses an instruction table. Every encoding must be `widthBits` bits long. */
export function readPatterns(table: string, widthBits: 16 | 32): InstructionPattern[] {
  return table
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => readPattern(line, widthBits));
}

/** Returns the first pattern that matches `bits`, or undefined if none matches or the encoding is reserved. */
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
  assert(encoding.length === widthBits, `${line}: the encoding must have ${widthBits} bits`);
  return {
    mnemonic,
    operands: operands === '.' ? '' : operands,
    mask: parseInt(encoding.replaceAll('0', '1').replaceAll('-', '0'), 2),
    value: parseInt(encoding.replaceAll('-', '0'), 2),
  };
}

/**
 * Whether both source registers are the same. Instructions with the operand `fsame` (fmv, fneg and fabs) match only in
 * this case.
 */
const sourcesAreEqual = (bits: number): boolean => ((bits >>> 15) & 31) === ((bits >>> 20) & 31);
