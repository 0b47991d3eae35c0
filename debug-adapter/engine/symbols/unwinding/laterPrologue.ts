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
 * The prologue that holds at `end`, for functions whose compiler moved it behind a first test or two ("shrink-wrapping"):
 * when there is none at the function's start it is looked for on the way to `end`. A caller has called, so it has one.
 * The code that runs now (`isExact`) may be on a way out without one: only with no return in between is it sure. And a
 * caller has stored its return address, maybe among other instructions.
 */
export function prologueBefore(
  readCode: ReadCode,
  { start, end, isExact }: { start: bigint; end: bigint; isExact: boolean },
): Prologue {
  const first = scanPrologue(readCode, { start, end });
  const later = first.frameBytes > 0 ? undefined : laterPrologue(readCode, { start: first.end, end, isExact });
  const found = later === undefined ? first : scanPrologue(readCode, { start: later, end });
  return isExact || found.frameBytes === 0 || found.saved.has(RA) ? found : withReturnAddress(readCode, found, end);
}

/** The first store of `ra` behind the prologue, before sp moves again. */
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

/** The last place before `end` where the stack grows. */
function laterPrologue(
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

/** What takes the scratch register of traps stores registers of what it interrupted: that is no call of it. */
function isTrapEntry(instruction: Instruction): boolean {
  return instruction.kind === 'other' && (instruction.word & 0x7f) === SYSTEM && SCRATCH.has(instruction.word >>> 20);
}

/** RISC-V privileged ISA: the opcode of CSR instructions, sscratch and mscratch. */
const SYSTEM = 0x73;
const SCRATCH: ReadonlySet<number> = new Set([0x140, 0x340]);

// Some thousand instructions: a few milliseconds.
const REACH_BYTES = 8192n;
