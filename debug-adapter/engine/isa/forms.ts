import { encodeField } from './bitFields.ts';
import { compressedInstructionOf, expand, isCompressed } from './expansion.ts';
import { instructionOf } from './instructions.ts';
import { operandNamed, readOperand } from './operands.ts';
import { type Form, operandsIn, type Row } from './tableReader.ts';

/**
 * A form, and the bits from which its operands are read: the instruction itself or, for a compressed instruction, its
 * expansion.
 */
export interface ShownForm extends Form {
  bits: number;
}

/** The form in which a 32-bit or compressed instruction is shown; undefined if the bits are shown as data. */
export function formOf(bits: number): ShownForm | undefined {
  if (!isCompressed(bits)) return wordForm(bits);
  const half = bits & 0xffff;
  return specialForm(compressedInstructionOf(half), half) ?? wordForm(expand(half));
}

function wordForm(word: number): ShownForm | undefined {
  const instruction = instructionOf(word);
  if (!instruction) return undefined;
  const { mnemonic, operands } = specialForm(instruction, word) ?? instruction;
  return mnemonic === 'data' ? undefined : { mnemonic, operands, bits: word };
}

/** The row's first form whose conditions all hold. */
function specialForm<E extends string>(row: Row<E> | undefined, bits: number): ShownForm | undefined {
  if (!row || row.forms.length === 0) return undefined;
  let forms = parsed.get(row.forms);
  if (!forms) parsed.set(row.forms, (forms = row.forms.map(readForm)));
  const form = forms.find(({ conditions }) => conditions.every((holds) => holds(bits)));
  return form && { mnemonic: form.mnemonic, operands: form.operands, bits };
}

type Condition = (bits: number) => boolean;

const parsed = new Map<string[], (Form & { conditions: Condition[] })[]>();

function readForm(line: string): Form & { conditions: Condition[] } {
  const [mnemonic, operands, ...conditions] = line.trim().split(/ +/);
  return { mnemonic, operands: operandsIn(operands), conditions: conditions.map(readCondition) };
}

/** A condition `name=value`, in which the value is a number or the name of an operand. */
function readCondition(condition: string): Condition {
  const [name, value] = condition.split('=');
  const operand = operandNamed(name);
  if (Number.isNaN(Number(value))) {
    const other = operandNamed(value);
    return (bits) => readOperand(operand, bits) === readOperand(other, bits);
  }
  const [mask, wanted] = [encodeField(operand.field, -1), encodeField(operand.field, Number(value))];
  return (bits) => (bits & mask) === wanted;
}
