import { lazy } from '../../base/once.ts';
import { csrNumber } from '../../isa/csrs.ts';
import type { DecodedInstruction } from '../../isa/decodeInstruction.ts';
import {
  adjustsStack,
  isReturn,
  isStore,
  type Prologue,
  readInstruction,
  type ReadCode,
  scanPrologue,
} from './prologueScan.ts';
import { RA, SP } from './registers.ts';

/**
 * Finds the prologue that is in effect at `end`, even if the compiler moved it after an early-exit test
 * (shrink-wrapping). If the function does not start with a prologue, the search continues forward to `end`. A function
 * that has made a call must have a prologue that stored its return address. Other instructions may precede the store.
 * The innermost function (`isExact`) may be on a path without a prologue, so a prologue is accepted only if no return
 * instruction follows it before `end`. In the epilogue, sp may already have its original value.
 */
export function prologueBefore(
  readCode: ReadCode,
  { start, end, isExact }: { start: bigint; end: bigint; isExact: boolean },
): Prologue {
  if (isExact && isStackReleased(readCode, end)) return scanPrologue(readCode, { start, end: start });
  const first = scanPrologue(readCode, { start, end });
  const later = first.frameBytes > 0 ? undefined : shrinkWrappedPrologue(readCode, { start: first.end, end, isExact });
  const found = later === undefined ? first : scanPrologue(readCode, { start: later, end });
  return isExact || found.frameBytes === 0 || found.saved.has(RA) ? found : withReturnAddress(readCode, found, end);
}

/** Whether the function returns from here without changing sp again. If so, the epilogue has already restored sp. */
function isStackReleased(readCode: ReadCode, pc: bigint): boolean {
  let at = pc;
  for (let count = 0; count < EPILOGUE_INSTRUCTIONS; count++) {
    const instruction = readInstruction(readCode, at);
    if (!instruction) return false;
    if (isReturn(instruction)) return true;
    if (!isRestoreOrResult(instruction) || instruction.rd === SP) return false;
    at += BigInt(instruction.lengthBytes);
  }
  return false;
}

/**
 * Whether an instruction may appear between the release of a stack frame and the return, that is, whether it restores a
 * register or sets the return value.
 */
const isRestoreOrResult = ({ mnemonic }: DecodedInstruction): boolean =>
  mnemonic === 'addi' || mnemonic === 'add' || mnemonic === 'ld' || mnemonic === 'lw';

/** The maximum number of instructions to check. An epilogue restores at most twelve registers and sets a result. */
const EPILOGUE_INSTRUCTIONS = 16;

/** Adds the first store of `ra` after the prologue, if it precedes the next change to sp. */
function withReturnAddress(readCode: ReadCode, prologue: Prologue, end: bigint): Prologue {
  for (let at = prologue.end; at < end;) {
    const instruction = readInstruction(readCode, at);
    if (!instruction || (instruction.mnemonic === 'addi' && instruction.rd === SP)) return prologue;
    if (isStore(instruction) && instruction.rs1 === SP && instruction.rs2 === RA) {
      const saved = new Map(prologue.saved).set(RA, instruction.immediate - prologue.frameBytes);
      return { ...prologue, saved };
    }
    at += BigInt(instruction.lengthBytes);
  }
  return prologue;
}

/** The start of the last prologue before `end`: the last instruction that extends the stack. */
function shrinkWrappedPrologue(
  readCode: ReadCode,
  { start, end, isExact }: { start: bigint; end: bigint; isExact: boolean },
): bigint | undefined {
  if (end - start > REACH_BYTES) return undefined;
  let found: bigint | undefined;
  for (let at = start; at < end;) {
    const instruction = readInstruction(readCode, at);
    if (!instruction || isTrapEntry(instruction)) return undefined;
    if (adjustsStack(instruction) && instruction.immediate < 0) found = at;
    if (isExact && isReturn(instruction)) found = undefined;
    at += BigInt(instruction.lengthBytes);
  }
  return found;
}

/**
 * Whether an instruction accesses sscratch or mscratch. Such code is a trap handler: its stores save the registers of
 * the interrupted code and are not a prologue.
 */
const isTrapEntry = ({ mnemonic, immediate }: DecodedInstruction): boolean =>
  mnemonic?.startsWith('csrr') === true && SCRATCH().has(immediate);

const SCRATCH = lazy(() => new Set(['sscratch', 'mscratch'].map(csrNumber)));

// The maximum search distance: about two thousand instructions, which take a few milliseconds to scan.
const REACH_BYTES = 8192n;
