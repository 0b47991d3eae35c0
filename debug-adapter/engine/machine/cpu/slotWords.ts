import { SLOT } from './layout.ts';

/** The offsets, in 32-bit words, of the slots that are accessed between runs. They are computed only once. */
export const WORD = {
  ACCESSES_WATCHED: SLOT.ACCESSES_WATCHED >> 2,
  ATTENTION: SLOT.ATTENTION >> 2,
  BUDGET: SLOT.BUDGET >> 2,
  CLOCK_OFFSET: SLOT.CLOCK_OFFSET >> 2,
  EXTENSIONS: SLOT.EXTENSIONS >> 2,
  FAULT: SLOT.FAULT >> 2,
  FETCH_CONTEXT: SLOT.FETCH_CONTEXT >> 2,
  FLUSH_COUNT: SLOT.FLUSH_COUNT >> 2,
  HAS_SV48: SLOT.HAS_SV48 >> 2,
  MARKED_POSITION: SLOT.MARKED_POSITION >> 2,
  MIE: SLOT.MIE >> 2,
  MIP_LINES: SLOT.MIP_LINES >> 2,
  MIP_SOFTWARE: SLOT.MIP_SOFTWARE >> 2,
  NOT_RETIRED: SLOT.NOT_RETIRED >> 2,
  RAM_BYTES: SLOT.RAM_BYTES >> 2,
  RAM_START: SLOT.RAM_START >> 2,
  REGISTERS_WATCHED: SLOT.REGISTERS_WATCHED >> 2,
  STEPS_END: SLOT.STEPS_END >> 2,
  TICK_DELTA: SLOT.TICK_DELTA >> 2,
  WAITING: SLOT.WAITING >> 2,
  WATCHED_BYTES: SLOT.WATCHED_BYTES >> 2,
  WATCHED_START: SLOT.WATCHED_START >> 2,
};

/** Reads a slot as a number, which is exact below 2^53 and, unlike a BigInt, requires no allocation. */
export function readNumber(words: Int32Array, at: number): number {
  return (words[at] >>> 0) + words[at + 1] * 0x1_0000_0000;
}

/** Writes a number to a slot, as two halves. */
export function writeNumber(words: Int32Array, at: number, value: number): void {
  words[at] = value;
  words[at + 1] = Math.floor(value / 0x1_0000_0000);
}
