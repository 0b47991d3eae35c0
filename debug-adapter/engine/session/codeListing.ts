import type { SymbolAt } from '../disassembly/disassemble.ts';
import { disassembleOne } from '../disassembly/disassemble.ts';
import type { Inspector } from '../machine/inspector.ts';

/** A row of a disassembly listing. */
export interface CodeRow {
  address: bigint;
  /** Undefined if memory is unreadable. */
  instruction: { text: string; bytes: Uint8Array } | undefined;
}

export interface CodeQuestions {
  inspector: Inspector;
  /** The start address of the function that contains an address, if known. */
  functionStart: (address: bigint) => bigint | undefined;
  symbolAt: SymbolAt;
}

/**
 * Disassembles the instructions around an address in guest memory, as it is now. Returns `count` rows, starting `first`
 * rows after the one at `base`; a negative `first` starts before it. Instructions are 2 or 4 bytes long, so they cannot
 * be decoded backwards. Rows before `base` are decoded from the start of the function, or else from a guessed start
 * address that leads to `base`.
 */
export function listCode(
  questions: CodeQuestions,
  { base, first, count }: { base: bigint; first: number; count: number },
): CodeRow[] {
  const start = base & ~1n;
  const before = first < 0 ? rowsBefore(questions, start, -first).slice(0, count) : [];
  const skipped = Math.max(0, first);
  const after = rowsFrom(questions, start, skipped + count - before.length).slice(skipped);
  return [...before, ...after];
}

function rowsFrom(questions: CodeQuestions, start: bigint, count: number): CodeRow[] {
  const rows: CodeRow[] = [];
  for (let address = start; rows.length < count; address = endOf(rows.at(-1)!)) rows.push(rowAt(questions, address));
  return rows;
}

// In a longer function, guess a start address near `end`: the function start is too far away.
const FUNCTION_BYTES_MAX = 1n << 16n;

function rowsBefore(questions: CodeQuestions, end: bigint, count: number): CodeRow[] {
  let rows: CodeRow[] = [];
  for (let to = end; rows.length < count; to = rows[0].address) {
    const start = questions.functionStart(wrapped(to - 2n));
    const isNear = start !== undefined && start < to && to - start <= FUNCTION_BYTES_MAX;
    const earlier = isNear ? rowsBetween(questions, start, to) : undefined;
    rows = [...(earlier ?? guessedBefore(questions, to, count - rows.length)), ...rows];
  }
  return rows.slice(-count);
}

/** Undefined if decoding from `start` does not arrive exactly at `end`. */
function rowsBetween(questions: CodeQuestions, start: bigint, end: bigint): CodeRow[] | undefined {
  const rows: CodeRow[] = [];
  let address = start;
  for (; address < end; address = endOf(rows.at(-1)!)) rows.push(rowAt(questions, address));
  return address === end ? rows : undefined;
}

// Decoding from a wrong start address synchronizes with the real instructions after a few of them.
const RUN_UP_BYTES = 64n;

/**
 * Of the guesses that arrive at `end`, takes the one with the fewest invalid instructions. Returns at least one row.
 */
function guessedBefore(questions: CodeQuestions, end: bigint, count: number): CodeRow[] {
  const from = end - 4n * BigInt(count) - RUN_UP_BYTES;
  const walks = [from & ~3n, (from & ~3n) + 2n].flatMap((start) => {
    const rows = rowsBetween(questions, start, end);
    return rows ? [rows] : [];
  });
  const [best] = walks.sort((a, b) => strangeWords(a) - strangeWords(b));
  if (best) return best.slice(-count);
  return [rowAt(questions, end - 2n, 2)];
}

const strangeWords = (rows: readonly CodeRow[]): number =>
  rows.filter(({ instruction }) => !instruction || instruction.text.startsWith('.')).length;

/** Unreadable memory is listed in units of 4 bytes, after a first unit of 2 bytes if alignment requires it. */
function endOf({ address, instruction }: CodeRow): bigint {
  return address + BigInt(instruction?.bytes.length ?? 4 - Number(address & 3n));
}

function rowAt({ inspector, symbolAt }: CodeQuestions, at: bigint, lengthMax: 2 | 4 = 4): CodeRow {
  const address = wrapped(at);
  const bytes = inspector.readMemory(address, lengthMax);
  const word = bytes.reduceRight((number, byte) => (number << 8) | byte, 0);
  const { text, lengthBytes } = disassembleOne(word, address, symbolAt);
  if (bytes.length >= lengthBytes) return { address: at, instruction: { text, bytes: bytes.slice(0, lengthBytes) } };
  if (bytes.length < 2) return { address: at, instruction: undefined };
  // The first half of an instruction at the end of readable memory.
  const half = `.2byte 0x${(word & 0xffff).toString(16)}`;
  return { address: at, instruction: { text: half, bytes: bytes.slice(0, 2) } };
}

const wrapped = (address: bigint): bigint => BigInt.asUintN(64, address);
