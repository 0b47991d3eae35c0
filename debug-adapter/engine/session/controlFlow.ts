import { type DecodedInstruction, decodeInstruction } from '../isa/decodeInstruction.ts';
import type { TrapMode } from '../isa/traps.ts';
import type { Inspector } from '../target/inspector.ts';

/**
 * An instruction's effect on the call stack, derived from its encoding: a jump that uses a link register, x1 or x5, is
 * a call or a return (ISA manual Volume I, "Return-address stack prediction hints"). This information allows line steps
 * to skip calls to functions that have no debug information.
 */
export type ControlFlow = 'call' | 'return' | 'trapReturn' | 'other';

export interface Instruction {
  flow: ControlFlow;
  lengthBytes: 2 | 4;
  /** For a `trapReturn`: the privilege mode of the trap handler that is returning. */
  returnsFrom?: TrapMode;
}

export function instructionAt(inspector: Inspector, pc: bigint): Instruction {
  const bytes = inspector.readMemory(pc, 4);
  const decoded = decodeInstruction(bytes.reduceRight((bits, byte) => (bits << 8) | byte, 0));
  const { mnemonic, lengthBytes } = decoded;
  if (mnemonic === 'mret') return { flow: 'trapReturn', lengthBytes, returnsFrom: 3 };
  if (mnemonic === 'sret') return { flow: 'trapReturn', lengthBytes, returnsFrom: 1 };
  return { flow: flowOf(decoded), lengthBytes };
}

function flowOf({ mnemonic, rd, rs1 }: DecodedInstruction): ControlFlow {
  if (mnemonic !== 'jal' && mnemonic !== 'jalr') return 'other';
  if (isLink(rd)) return 'call';
  return mnemonic === 'jalr' && isLink(rs1) ? 'return' : 'other';
}

const isLink = (register: number): boolean => register === 1 || register === 5;
