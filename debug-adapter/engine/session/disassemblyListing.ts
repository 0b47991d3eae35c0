import type { SymbolAt } from '../disassembly/disassemble.ts';
import { disassembleOne } from '../disassembly/disassemble.ts';
import type { Inspector } from '../target/inspector.ts';

/** A row of a disassembly listing. */
export interface DisassemblyRow {
  address: bigint;
  /** Undefined if the memory is unreadable. */
  instruction: { text: string; bytes: Uint8Array } | undefined;
}

export interface DisassemblyContext {
  inspector: Inspector;
  /** The start address of the function that contains an address, if known. */
  functionStart: (address: bigint) => bigint | undefined;
  symbolAt: SymbolAt;
}

/**
 * Disassembles the instructions around an address, using the current contents of guest memory. Returns `count` rows.
 * The first row returned is `first` rows after the row at `base`; a negative `first` counts rows before `base`.
 * Instructions are 2 or 4 bytes long, so they cannot be decoded backward. For rows before `base`, decoding begins at
 * the start of the function or, if that is unknown, at a guessed address from which it arrives exactly at `base`.
 */
export function disassembleAround(
  context: DisassemblyContext,
  { base, first, count }: { base: bigint; first: number; count: number },
): DisassemblyRow[] {
  const start = base & ~1n;
  const before = first < 0 ? rowsBefore(context, start, -first).slice(0, count) : [];
  const skipped = Math.max(0, first);
  const after = rowsFrom(context, start, skipped + count - before.length).slice(skipped);
  return [...before, ...after];
}

function rowsFrom(context: DisassemblyContext, start: bigint, count: number): DisassemblyRow[] {
  const rows: DisassemblyRow[] = [];
  for (let address = start; rows.length < count; address = endOf(rows.at(-1)!)) rows.push(rowAt(context, address));
  return rows;
}

// If the function's start is farther away than this, decoding starts at a guessed address near `end` instead.
const FUNCTION_BYTES_MAX = 1n << 16n;

function rowsBefore(context: DisassemblyContext, end: bigint, count: number): DisassemblyRow[] {
  let rows: DisassemblyRow[] = [];
  for (let to = end; rows.length < count; to = rows[0].address) {
    const start = context.functionStart(wrapped(to - 2n));
    const isNear = start !== undefined && start < to && to - start <= FUNCTION_BYTES_MAX;
    const earlier = isNear ? rowsBetween(context, start, to) : undefined;
    rows = [...(earlier ?? decodedFromGuess(context, to, count - rows.length)), ...rows];
  }
  return rows.slice(-count);
}

/** Undefined if decoding from `start` does not arrive exactly at `end`. */
function rowsBetween(context: DisassemblyContext, start: bigint, end: bigint): DisassemblyRow[] | undefined {
  const rows: DisassemblyRow[] = [];
  let address = start;
  for (; address < end; address = endOf(rows.at(-1)!)) rows.push(rowAt(context, address));
  return address === end ? rows : undefined;
}

// Decoding from a wrong start address usually reaches the real instruction boundaries after a few instructions.
const RUN_UP_BYTES = 64n;

/**
 * Decodes from several guessed start addresses. Of the results that arrive exactly at `end`, returns the one with the
 * fewest invalid instructions. Returns at least one row.
 */
function decodedFromGuess(context: DisassemblyContext, end: bigint, count: number): DisassemblyRow[] {
  const from = end - 4n * BigInt(count) - RUN_UP_BYTES;
  const candidates = [from & ~3n, (from & ~3n) + 2n].flatMap((start) => {
    const rows = rowsBetween(context, start, end);
    return rows ? [rows] : [];
  });
  const [best] = candidates.sort((a, b) => invalidInstructionCount(a) - invalidInstructionCount(b));
  if (best) return best.slice(-count);
  return [rowAt(context, end - 2n, 2)];
}

const invalidInstructionCount = (rows: readonly DisassemblyRow[]): number =>
  rows.filter(({ instruction }) => !instruction || instruction.text.startsWith('.')).length;

/**
 * The address after a row. Unreadable memory is listed in rows of 4 bytes; the first row is 2 bytes long if alignment
 * requires it.
 */
function endOf({ address, instruction }: DisassemblyRow): bigint {
  return address + BigInt(instruction?.bytes.length ?? 4 - Number(address & 3n));
}

function rowAt({ inspector, symbolAt }: DisassemblyContext, at: bigint, lengthMax: 2 | 4 = 4): DisassemblyRow {
  const address = wrapped(at);
  const bytes = inspector.readMemory(address, lengthMax);
  const word = bytes.reduceRight((number, byte) => (number << 8) | byte, 0);
  const { text, lengthBytes } = disassembleOne(word, address, symbolAt);
  if (bytes.length >= lengthBytes) return { address: at, instruction: { text, bytes: bytes.slice(0, lengthBytes) } };
  if (bytes.length < 2) return { address: at, instruction: undefined };
  // Readable memory ends in the middle of this instruction.
  const half = `.2byte 0x${(word & 0xffff).toString(16)}`;
  return { address: at, instruction: { text: half, bytes: bytes.slice(0, 2) } };
}

const wrapped = (address: bigint): bigint => BigInt.asUintN(64, address);
