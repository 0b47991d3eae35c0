import type { Inspector } from '../machine/inspector.ts';
import type { TrapMode } from './traps.ts';

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

const MRET = 0x30200073;
const SRET = 0x10200073;
const isLink = (register: number): boolean => register === 1 || register === 5;

export function instructionAt(inspector: Inspector, pc: bigint): Instruction {
  const bytes = inspector.readMemory(pc, 4);
  const low = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  if ((low & 3) !== 3) return { flow: compressedFlow(low), lengthBytes: 2 };
  const raw = low | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 24);
  if (raw === MRET) return { flow: 'trapReturn', lengthBytes: 4, returnsFrom: 3 };
  if (raw === SRET) return { flow: 'trapReturn', lengthBytes: 4, returnsFrom: 1 };
  return { flow: fullFlow(raw), lengthBytes: 4 };
}

function fullFlow(raw: number): ControlFlow {
  const opcode = raw & 0x7f;
  const rd = (raw >>> 7) & 31;
  if (opcode === 0x6f || opcode === 0x67) {
    if (isLink(rd)) return 'call';
    return opcode === 0x67 && isLink((raw >>> 15) & 31) ? 'return' : 'other';
  }
  return 'other';
}

/** C.JALR is encoded as 1001 rs1 00000 10, C.JR as 1000 rs1 00000 10. */
function compressedFlow(low: number): ControlFlow {
  const rs1 = (low >> 7) & 31;
  if ((low & 0xf07f) === 0x9002 && rs1 !== 0) return 'call';
  if ((low & 0xf07f) === 0x8002 && isLink(rs1)) return 'return';
  return 'other';
}
