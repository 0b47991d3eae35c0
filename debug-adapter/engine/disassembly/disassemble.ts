import { lazy } from '../base/once.ts';
import { COMPRESSED } from './compressed.ts';
import { FLOATING_POINT } from './floatingPoint.ts';
import { INTEGER } from './integer.ts';
import { matchingPattern, readPatterns } from './patterns.ts';
import { formatOperands, mnemonicOf } from './operands.ts';
import { SYSTEM } from './system.ts';

/** One disassembled instruction, or data that is not a valid instruction. */
export interface Disassembled {
  /** The text in objdump's format: mnemonic, space, operands. If there is a matching pseudo-instruction, it is used. */
  text: string;
  lengthBytes: 2 | 4;
}

/** Returns the symbolic name for an address, such as `main+0x12`, or undefined if there is none. */
export type SymbolAt = (address: bigint) => string | undefined;

/**
 * Disassembles one instruction from RV64GC, from the extensions Zicsr, Zifencei, Zba, Zbb, Zbs, Zicbom, Zicbop, Zicboz,
 * Zihintpause, Zawrs and Svinval, or from the privileged instructions. The list includes extensions that this machine
 * does not implement, because guest code may still contain their instructions. `word` is the 32-bit word at `pc`; if
 * the instruction is compressed, only the low half is used. An unknown encoding is shown as data, with `.2byte` or
 * `.4byte`.
 */
export function disassembleOne(word: number, pc: bigint, symbolAt: SymbolAt = () => undefined): Disassembled {
  const isCompressed = (word & 3) !== 3;
  const bits = isCompressed ? word & 0xffff : word >>> 0;
  const lengthBytes = isCompressed ? 2 : 4;
  const pattern = matchingPattern(isCompressed ? halves() : words(), bits);
  if (!pattern) return { text: `.${lengthBytes}byte 0x${bits.toString(16)}`, lengthBytes };
  const mnemonic = mnemonicOf(pattern.mnemonic, bits);
  const operands = formatOperands(pattern.operands, { bits, pc, symbolAt });
  return { text: operands ? `${mnemonic} ${operands}` : mnemonic, lengthBytes };
}

/**
 * The tables are parsed on first use. Most runs disassemble nothing, and parsing the tables takes longer than running a
 * small guest.
 */
const words = lazy(() => readPatterns(SYSTEM + INTEGER + FLOATING_POINT, 32));
const halves = lazy(() => readPatterns(COMPRESSED, 16));
