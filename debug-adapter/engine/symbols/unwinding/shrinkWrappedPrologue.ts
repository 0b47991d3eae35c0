import { RA } from './registers.ts';
import {
  type Instruction,
  readInstruction,
  RETURNS,
  scanPrologue,
  SP,
  type Prologue,
  type ReadCode,
} from './prologueScan.ts';

/**
 * Finds the prologue that applies at `end`, even if the compiler moved it behind an early exit test (shrink-wrapping).
 * Without a prologue at the function's start, it searches forward to `end`. A caller must have a prologue, because it
 * has made a call, and must have stored its return address, possibly between other instructions. The innermost frame
 * (`isExact`) may be on a path without a prologue; the prologue counts only if no return lies in between.
 */
export function prologueBefore(
  readCode: ReadCode,
  { start, end, isExact }: { start: bigint; end: bigint; isExact: boolean },
): Prologue {
  const first = scanPrologue(readCode, { start, end });
  const later = first.frameBytes > 0 ? undefined : shrinkWrappedPrologue(readCode, { start: first.end, end, isExact });
  const found = later === undefined ? first : scanPrologue(readCode, { start: later, end });
  return isExact || found.frameBytes === 0 || found.saved.has(RA) ? found : withReturnAddress(readCode, found, end);
}

/** The first store of `ra` after the prologue and before sp changes again. */
function withReturnAddress(readCode: ReadCode, prologue: Prologue, end: bigint): Prologue {
  for (let at = prologue.end; at < end;) {
    const instruction = readInstruction(readCode, at);
    if (!instruction || (instruction.kind === 'addi' && instruction.rd === SP)) return prologue;
    if (instruction.kind === 'store' && instruction.rs1 === SP && instruction.rs2 === RA) {
      const saved = new Map(prologue.saved).set(RA, instruction.immediate - prologue.frameBytes);
      return { ...prologue, saved };
    }
    at += BigInt(instruction.lengthBytes);
  }
  return prologue;
}

/** The last prologue before `end`: the last point where the stack grows. */
function shrinkWrappedPrologue(
  readCode: ReadCode,
  { start, end, isExact }: { start: bigint; end: bigint; isExact: boolean },
): bigint | undefined {
  if (end - start > REACH_BYTES) return undefined;
  let found: bigint | undefined;
  for (let at = start; at < end;) {
    const instruction = readInstruction(readCode, at);
    if (!instruction || isTrapEntry(instruction)) return undefined;
    const { kind } = instruction;
    if (kind === 'addi' && instruction.rd === SP && instruction.rs1 === SP && instruction.immediate < 0) found = at;
    if (kind === 'other' && isExact && RETURNS.has(instruction.word)) found = undefined;
    at += BigInt(instruction.lengthBytes);
  }
  return found;
}

/**
 * Code that uses the scratch register of traps saves the registers of the interrupted code, so its stores are not a
 * prologue.
 */
function isTrapEntry(instruction: Instruction): boolean {
  return instruction.kind === 'other' && (instruction.word & 0x7f) === SYSTEM && SCRATCH.has(instruction.word >>> 20);
}

/** RISC-V privileged ISA: the opcode of CSR instructions, and the numbers of sscratch and mscratch. */
const SYSTEM = 0x73;
const SCRATCH: ReadonlySet<number> = new Set([0x140, 0x340]);

// About two thousand instructions, which take a few milliseconds.
const REACH_BYTES = 8192n;
