/** The effect of a function's prologue on the stack. */
export interface Prologue {
  /** The first address after the prologue. */
  end: bigint;
  /** The number of bytes subtracted from sp so far: CFA = sp + frameBytes. */
  frameBytes: number;
  /** CFA = s0 + framePointerOffset, once s0 is set up. */
  framePointerOffset: number | undefined;
  /** The registers saved so far, with their offsets from the CFA. */
  saved: Map<number, number>;
}

/** Reads code from guest memory; returns undefined if the memory is unreadable. */
export type ReadCode = (address: bigint, lengthBytes: number) => Uint8Array | undefined;

/**
 * Determines what a function's first instructions do to the stack, for functions without line or call frame
 * information. Recognizes the instructions that compilers and programmers use in prologues: adjusting sp, storing
 * registers on the stack, setting up s0, loading constants. Any other instruction ends the prologue (gdb:
 * riscv_scan_prologue). Scans from `start` to at most `end` or 100 bytes.
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

function follow(prologue: Prologue, instruction: Instruction): boolean {
  if (instruction.kind === 'addi') {
    const { rd, rs1, immediate } = instruction;
    if (rd === SP && rs1 === SP) prologue.frameBytes -= immediate;
    else if (rd === SP) return false;
    else if (rd === FP && rs1 === SP) prologue.framePointerOffset = prologue.frameBytes - immediate;
    return true;
  }
  if (instruction.kind === 'store') {
    const { rs1, rs2, immediate } = instruction;
    const base = rs1 === SP ? prologue.frameBytes : rs1 === FP ? prologue.framePointerOffset : undefined;
    if (base === undefined) return false;
    if (!prologue.saved.has(rs2)) prologue.saved.set(rs2, immediate - base);
    return true;
  }
  return instruction.kind === 'constant';
}

export type Instruction = { lengthBytes: number } & (
  | { kind: 'addi'; rd: number; rs1: number; immediate: number }
  | { kind: 'store'; rs1: number; rs2: number; immediate: number }
  | { kind: 'constant' }
  | { kind: 'other'; word: number }
);

export function readInstruction(readCode: ReadCode, address: bigint): Instruction | undefined {
  const low = readCode(address, 2);
  if (!low) return undefined;
  const half = low[0] | (low[1] << 8);
  if ((half & 3) !== 3) return decodeCompressed(half);
  const high = readCode(address + 2n, 2);
  return high && decode(half | (high[0] << 16) | (high[1] << 24));
}

/** RISC-V unprivileged ISA, "Instruction Formats": I, S and U types. */
function decode(word: number): Instruction {
  const lengthBytes = 4;
  const opcode = word & 0x7f;
  const rd = (word >>> 7) & 31;
  const funct3 = (word >>> 12) & 7;
  const rs1 = (word >>> 15) & 31;
  if (opcode === 0x13 && funct3 === 0) return { kind: 'addi', lengthBytes, rd, rs1, immediate: word >> 20 };
  if (opcode === 0x23 && (funct3 === 2 || funct3 === 3)) {
    const immediate = ((word >> 25) << 5) | rd;
    return { kind: 'store', lengthBytes, rs1, rs2: (word >>> 20) & 31, immediate };
  }
  if (opcode === 0x37 || opcode === 0x17) return { kind: 'constant', lengthBytes };
  return { kind: 'other', lengthBytes, word };
}

/** RISC-V unprivileged ISA, "RVC Instruction Set Listings". */
function decodeCompressed(half: number): Instruction {
  const lengthBytes = 2;
  const funct3 = half >>> 13;
  const rd = (half >>> 7) & 31;
  const bits = (from: number, count: number, to: number) => ((half >>> from) & ((1 << count) - 1)) << to;
  const sign = (half >>> 12) & 1;
  if ((half & 3) === 1 && funct3 === 0) {
    return { kind: 'addi', lengthBytes, rd, rs1: rd, immediate: bits(2, 5, 0) - sign * 32 };
  }
  if ((half & 3) === 1 && funct3 === 3 && rd === SP) {
    const immediate = (bits(6, 1, 4) | bits(2, 1, 5) | bits(5, 1, 6) | bits(3, 2, 7)) - sign * 512;
    return { kind: 'addi', lengthBytes, rd: SP, rs1: SP, immediate };
  }
  if ((half & 3) === 1 && funct3 === 3) return { kind: 'constant', lengthBytes };
  if ((half & 3) === 0 && funct3 === 0 && half !== 0) {
    const immediate = bits(6, 1, 2) | bits(5, 1, 3) | bits(11, 2, 4) | bits(7, 4, 6);
    return { kind: 'addi', lengthBytes, rd: 8 + ((half >>> 2) & 7), rs1: SP, immediate };
  }
  if ((half & 3) === 2 && funct3 === 7) {
    return { kind: 'store', lengthBytes, rs1: SP, rs2: (half >>> 2) & 31, immediate: bits(10, 3, 3) | bits(7, 3, 6) };
  }
  if ((half & 3) === 2 && funct3 === 6) {
    return { kind: 'store', lengthBytes, rs1: SP, rs2: (half >>> 2) & 31, immediate: bits(9, 4, 2) | bits(7, 2, 6) };
  }
  return { kind: 'other', lengthBytes, word: half };
}

/** The encodings of `ret`: c.jr ra and jalr zero, 0(ra). */
export const RETURNS: ReadonlySet<number> = new Set([0x8082, 0x8067]);

export const SP = 2;
const FP = 8;

/** The maximum length of a prologue, as in gdb. Compilers do not generate longer prologues. */
const SCAN_BYTES = 100n;
