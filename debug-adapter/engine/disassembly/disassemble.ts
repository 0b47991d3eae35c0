import { lazy } from '../base/once.ts';
import { COMPRESSED } from './compressed.ts';
import { FLOATING_POINT } from './floatingPoint.ts';
import { INTEGER } from './integer.ts';
import { matchingPattern, readPatterns } from './patterns.ts';
import { formatOperands, mnemonicOf } from './operands.ts';
import { SYSTEM } from './system.ts';

/** One disassembled instruction, or data that is not an instruction. */
export interface Disassembled {
  /** The text as objdump writes it: mnemonic, space, operands. Uses the pseudo-instruction where there is one. */
  text: string;
  lengthBytes: 2 | 4;
}

/** The symbolic name of an address, such as `main+0x12`, or undefined if it has none. */
export type SymbolAt = (address: bigint) => string | undefined;

/**
 * Disassembles one instruction of RV64GC with Zicsr, Zifencei, Zba, Zbb, Zbs, Zicbom, Zicbop, Zicboz, Zihintpause,
 * Zawrs, Svinval and the privileged instructions. Guest code may contain more extensions than this machine executes.
 * `word` is the 32-bit word at `pc`; only its low half is used if the instruction is compressed. An unknown encoding is
 * shown as data, `.2byte` or `.4byte`.
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
 * Parsed on first use: most runs disassemble nothing, and parsing the tables takes longer than running a small guest.
 */
const words = lazy(() => readPatterns(SYSTEM + INTEGER + FLOATING_POINT, 32));
const halves = lazy(() => readPatterns(COMPRESSED, 16));
