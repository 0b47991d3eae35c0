import { type DecodedInstruction, decodeInstruction } from '../../isa/decodeInstruction.ts';
import { isCompressed } from '../../isa/expansion.ts';
import { RA, SP } from './registers.ts';

/** The effect of a function's prologue on the stack. */
export interface Prologue {
  /** The first address after the prologue. */
  end: bigint;
  /** The number of bytes that the prologue has subtracted from sp so far: CFA = sp + frameBytes. */
  frameBytes: number;
  /** CFA = s0 + framePointerOffset, once s0 is set up. */
  framePointerOffset: number | undefined;
  /** The registers saved so far, with their offsets from the CFA. */
  saved: Map<number, number>;
}

/** Reads code from guest memory; returns undefined if the memory is unreadable. */
export type ReadCode = (address: bigint, lengthBytes: number) => Uint8Array | undefined;

/**
 * Determines what a function's first instructions do to the stack, for functions that have neither line nor call frame
 * information. Recognizes the instructions that compilers and programmers use in prologues: adjusting sp, storing
 * registers on the stack, setting up s0, loading constants. Any other instruction ends the prologue (gdb:
 * riscv_scan_prologue). Scans from `start` to `end`, but at most 100 bytes.
 */
export function scanPrologue(readCode: ReadCode, { start, end }: { start: bigint; end: bigint }): Prologue {
  const prologue: Prologue = { end: start, frameBytes: 0, framePointerOffset: undefined, saved: new Map() };
  const limit = end < start + SCAN_BYTES ? end : start + SCAN_BYTES;
  while (prologue.end < limit) {
    const instruction = readInstruction(readCode, prologue.end);
    if (!instruction || !follow(prologue, instruction)) break;
    prologue.end += BigInt(instruction.lengthBytes);
  }
  return prologue;
}

function follow(prologue: Prologue, instruction: DecodedInstruction): boolean {
  const { mnemonic, rd, rs1, rs2, immediate } = instruction;
  if (mnemonic === 'addi') {
    if (adjustsStack(instruction)) prologue.frameBytes -= immediate;
    else if (rd === SP) return false;
    else if (rd === FP && rs1 === SP) prologue.framePointerOffset = prologue.frameBytes - immediate;
    return true;
  }
  if (isStore(instruction)) {
    const base = rs1 === SP ? prologue.frameBytes : rs1 === FP ? prologue.framePointerOffset : undefined;
    if (base === undefined) return false;
    if (!prologue.saved.has(rs2)) prologue.saved.set(rs2, immediate - base);
    return true;
  }
  return mnemonic === 'lui' || mnemonic === 'auipc';
}

/** Whether an instruction adds a constant to sp. */
export const adjustsStack = ({ mnemonic, rd, rs1 }: DecodedInstruction): boolean =>
  mnemonic === 'addi' && rd === SP && rs1 === SP;

/** Whether an instruction can store a register in a stack frame. */
export const isStore = ({ mnemonic }: DecodedInstruction): boolean => mnemonic === 'sd' || mnemonic === 'sw';

/** Whether an instruction is `ret`. */
export const isReturn = ({ mnemonic, rd, rs1, immediate }: DecodedInstruction): boolean =>
  mnemonic === 'jalr' && rd === 0 && rs1 === RA && immediate === 0;

/** Decodes the instruction at an address; undefined if the memory is unreadable. */
export function readInstruction(readCode: ReadCode, address: bigint): DecodedInstruction | undefined {
  const low = readCode(address, 2);
  if (!low) return undefined;
  const half = low[0] | (low[1] << 8);
  if (isCompressed(half)) return decodeInstruction(half);
  const high = readCode(address + 2n, 2);
  return high && decodeInstruction(half | (high[0] << 16) | (high[1] << 24));
}

const FP = 8;

/** The maximum length of a prologue, as in gdb. Compilers do not generate longer prologues. */
const SCAN_BYTES = 100n;
