import { FLOAT_REGISTER_NAMES, INTEGER_REGISTER_NAMES } from '../base/registerNames.ts';
import { csrName } from '../isa/csrs.ts';
import { isLiteral, type Notation, operandNamed, readOperand } from '../isa/operands.ts';

/** One instruction and the context needed to format its operands. `bits` is the unsigned value of its 16 or 32 bits. */
export interface Instruction {
  bits: number;
  pc: bigint;
  symbolAt: (address: bigint) => string | undefined;
}

/** Replaces each operand name in `template`, such as `rd,imm(rs1)`, with the operand's value in the instruction. */
export const formatOperands = (template: string, instruction: Instruction): string =>
  template.replace(/(,?)([a-z]\w*)/g, (_, comma: string, name: string) => {
    const text = format(name, instruction);
    // objdump omits the dynamic rounding mode.
    return text === 'dyn' ? '' : comma + text;
  });

/** Replaces the `*` in an atomic instruction's mnemonic with its ordering suffix (`.aq`, `.rl`, `.aqrl` or none). */
export const mnemonicOf = (mnemonic: string, bits: number): string =>
  mnemonic.replace('*', ['', '.rl', '.aq', '.aqrl'][(bits >>> 25) & 3]);

function format(name: string, instruction: Instruction): string {
  if (isLiteral(name)) return name;
  const operand = operandNamed(name);
  return NOTATIONS[operand.notation](readOperand(operand, instruction.bits), instruction);
}

const NOTATIONS: Record<Notation, (value: number, instruction: Instruction) => string> = {
  integerRegister: (number) => INTEGER_REGISTER_NAMES[number],
  floatRegister: (number) => FLOAT_REGISTER_NAMES[number],
  decimal: (value) => String(value),
  // Operands shown in hexadecimal have at most 20 bits. Only C.LUI's operand is sign-extended; the mask undoes that.
  hexadecimal: (value) => `0x${(value & 0xfffff).toString(16)}`,
  codeAddress,
  csr: csrName,
  // A fence's predecessor or successor set, as letters. Assembly syntax cannot express an empty set.
  fenceSet: (set) => [...'iorw'].filter((_, i) => set & (8 >> i)).join('') || 'unknown',
  roundingMode: (mode) => ROUNDING_MODES[mode],
};

const ROUNDING_MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', 'unknown', 'unknown', 'dyn'];

function codeAddress(offset: number, { pc, symbolAt }: Instruction): string {
  const address = BigInt.asUintN(64, pc + BigInt(offset));
  const symbol = symbolAt(address);
  return symbol === undefined ? `0x${address.toString(16)}` : `${address.toString(16)} <${symbol}>`;
}
