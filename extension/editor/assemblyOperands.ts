import type { ExpressionAt } from './expressionAt.ts';

const COLUMNS_MAX = 500;

/**
 * The operand at a column of a line of RISC-V assembly, as an expression for the debugger: `(void *)$a0` for an
 * integer register or the CSR of a `csr...` instruction, `$fa0` for a floating-point register, and the name itself for a
 * symbol. Undefined elsewhere.
 */
export function operandAt(text: string, at: { line: number; column: number }): ExpressionAt | undefined {
  const found = operandsIn(text).find(({ start, end }) => start <= at.column && at.column < end);
  return found && { expression: found.expression, line: at.line, start: found.start, end: found.end };
}

export interface Operand {
  kind: 'register' | 'csr' | 'symbol';
  /** The name in the source. */
  name: string;
  expression: string;
  start: number;
  end: number;
}

/** The operands of the instructions in a line, in order. Directives, labels and comments have none. */
export function operandsIn(line: string): Operand[] {
  const code = withoutComments(line.slice(0, COLUMNS_MAX));
  const operands: Operand[] = [];
  let mnemonic: string | undefined;
  for (const { 0: word, index: start } of code.matchAll(WORD)) {
    if (word === ';') mnemonic = undefined;
    else if (mnemonic !== undefined) {
      if (/^[A-Za-z_.$]/.test(word)) operands.push(operand(mnemonic, word, start));
    } else if (!/^\s*:/.test(code.slice(start + word.length))) mnemonic = word.toLowerCase();
  }
  return operands;
}

/** A mnemonic, an operand, a relocation operator such as `%lo`, a number, or the separator of two instructions. */
const WORD = /;|[%\\]?[A-Za-z_.$\d][\w.$]*/g;

function operand(mnemonic: string, name: string, start: number): Operand {
  const end = start + name.length;
  if (FLOAT_REGISTER.test(name)) return { kind: 'register', name, expression: `$${name}`, start, end };
  const isRegister = INTEGER_REGISTER.test(name);
  if (!isRegister && !/^csr/.test(mnemonic)) return { kind: 'symbol', name, expression: name, start, end };
  // As a pointer, the value is shown in hexadecimal, and with the symbol at that address.
  return { kind: isRegister ? 'register' : 'csr', name, expression: `(void *)$${name}`, start, end };
}

/** The ABI names and the numbered names of the registers. */
const INTEGER_REGISTER = /^(zero|ra|sp|gp|tp|fp|pc|a[0-7]|s(\d|1[01])|t[0-6]|x([12]?\d|3[01]))$/;
const FLOAT_REGISTER = /^f(([12]?\d|3[01])|a[0-7]|[st](\d|1[01]))$/;

/** Replaces comments, strings, and assembler and preprocessor directives with spaces, so that columns do not change. */
function withoutComments(line: string): string {
  const blank = (text: string) => ' '.repeat(text.length);
  const code = line.replace(/"(?:\\.|[^"\\])*"?|\/\*.*?(?:\*\/|$)|(?:#|\/\/).*/g, blank);
  return code.replace(/(^|[:;])\s*\.[^;]*/g, blank);
}
