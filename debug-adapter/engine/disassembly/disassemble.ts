import { isCompressed } from '../isa/expansion.ts';
import { formOf } from '../isa/forms.ts';
import { formatOperands, mnemonicOf } from './operandText.ts';

/** One disassembled instruction, or data that is not a valid instruction. */
export interface Disassembled {
  /** The instruction in objdump's format: mnemonic, space, operands. If a pseudo-instruction matches, it is used. */
  text: string;
  lengthBytes: 2 | 4;
}

/** Returns the symbolic name for an address, such as `main+0x12`, or undefined if there is none. */
export type SymbolAt = (address: bigint) => string | undefined;

/**
 * Disassembles one instruction, using the tables in isa/. `word` is the 32-bit word at `pc`; if the instruction is
 * compressed, only the low half is used. An unknown encoding is shown as data, with `.2byte` or `.4byte`.
 */
export function disassembleOne(word: number, pc: bigint, symbolAt: SymbolAt = () => undefined): Disassembled {
  const lengthBytes = isCompressed(word) ? 2 : 4;
  const form = formOf(word);
  if (!form) {
    const bits = lengthBytes === 2 ? word & 0xffff : word >>> 0;
    return { text: `.${lengthBytes}byte 0x${bits.toString(16)}`, lengthBytes };
  }
  const mnemonic = mnemonicOf(form.mnemonic, form.bits);
  const operands = formatOperands(form.operands, { bits: form.bits, pc, symbolAt });
  return { text: operands ? `${mnemonic} ${operands}` : mnemonic, lengthBytes };
}
