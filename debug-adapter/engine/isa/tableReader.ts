import { assert } from '../base/assert.ts';
import { lazy } from '../base/once.ts';
import { encodeField } from './bitFields.ts';
import { operandNamed, readOperand } from './operands.ts';

/** Bits that belong to an encoding: those for which `bits & mask` equals `value`, as unsigned numbers. */
export interface Encoding {
  mask: number;
  value: number;
}

/** How an instruction is shown: under its own name or as a pseudo-instruction. */
export interface Form {
  /** `data` if the disassembly shows the instruction as data, although a hart executes it. */
  mnemonic: string;
  /** A template such as `rd,imm(rs1)`, which consists of operand names and literals. */
  operands: string;
}

/** One row of an instruction table. */
export interface Row extends Form, Encoding {
  /** The forms that are shown instead of the instruction itself; the first one with a matching condition is used. */
  forms: () => (Form & { matches: (bits: number) => boolean })[];
}

/**
 * Parses an instruction table. A row consists of the mnemonic, the operands (`.` for none), and the encoding in the
 * manual's notation, from the highest bit to the lowest. In the encoding, 0 and 1 are fixed bits, `-` matches either
 * value, and spaces only separate fields. Every encoding must be `widthBits` bits long.
 *
 * The indented rows that follow an instruction are the pseudo-instructions that abbreviate it. Such a row consists of
 * the mnemonic, the operands, and the conditions under which the pseudo-instruction is used, for example `rd=0` or
 * `frs2=frs1`.
 */
export function readTable(table: string, widthBits: 16 | 32): Row[] {
  const rows: { row: Omit<Row, 'forms'>; forms: string[] }[] = [];
  for (const line of table.split('\n')) {
    if (line.startsWith('  ')) rows[rows.length - 1].forms.push(line);
    else if (line !== '') rows.push({ row: readRow(line, widthBits), forms: [] });
  }
  return rows.map(({ row, forms }) => ({ ...row, forms: lazy(() => forms.map(readForm)) }));
}

function readRow(line: string, widthBits: number): Omit<Row, 'forms'> {
  const [, mnemonic, operands, fields] = /^(\S+) +(.*?) +([01-][01 -]*)$/.exec(line) ?? [];
  const encoding = fields?.replaceAll(' ', '') ?? '';
  assert(encoding.length === widthBits, `${line}: the encoding must have ${widthBits} bits`);
  return {
    mnemonic,
    operands: operands === '.' ? '' : operands,
    mask: parseInt(encoding.replaceAll('0', '1').replaceAll('-', '0'), 2),
    value: parseInt(encoding.replaceAll('-', '0'), 2),
  };
}

function readForm(line: string): Form & { matches: (bits: number) => boolean } {
  const [mnemonic, operands, ...conditions] = line.trim().split(/ +/);
  const tests = conditions.map(readCondition);
  return {
    mnemonic,
    operands: operands === '.' ? '' : operands,
    matches: (bits) => tests.every((test) => test(bits)),
  };
}

/** A condition `name=value`, in which the value is a number or the name of an operand. */
function readCondition(condition: string): (bits: number) => boolean {
  const [name, value] = condition.split('=');
  const operand = operandNamed(name);
  if (Number.isNaN(Number(value))) {
    const other = operandNamed(value);
    return (bits) => readOperand(operand, bits) === readOperand(other, bits);
  }
  const [mask, wanted] = [encodeField(operand.field, -1), encodeField(operand.field, Number(value))];
  return (bits) => (bits & mask) === wanted;
}
