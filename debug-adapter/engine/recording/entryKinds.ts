import type { LogEntryKind, PortEntry } from './logEntry.ts';

/** The code of each kind in the file. The codes are part of the format, so they are never changed or reused. */
export const KIND_CODES: Readonly<Record<LogEntryKind, number>> = {
  clockJump: 2,
  blockRequest: 3,
  blockCompletion: 4,
  digest: 5,
  snapshot: 6,
  reached: 7,
  end: 8,
  memoryWrite: 9,
  registerWrite: 10,
  input: 14,
  answer: 16,
};

/**
 * Codes that occur only in formats 2 to 5. Each of these codes identifies the traffic of one port. They are decoded as
 * the kinds that replace them in format 6 (see `portEntriesBefore6.ts`).
 */
export const CODES_BEFORE_6: Readonly<Record<number, PortEntry['kind']>> = {
  1: 'input',
  11: 'answer',
  12: 'answer',
  13: 'answer',
};

/** This value in a tag indicates that the code follows as a varint. Lower codes are stored in the tag itself. */
export const CODE_FOLLOWS = 15;
export const CODE_MAX = 255;

/** A set of kinds as an array that is indexed by code: 1 for the codes of these kinds, 0 for all other codes. */
export function codeSet(kinds: readonly LogEntryKind[]): Uint8Array {
  const set = new Uint8Array(CODE_MAX + 1);
  for (const kind of kinds) for (const code of codesOf(kind)) set[code] = 1;
  return set;
}

/**
 * Encodes a set of kinds as 32 bits. Each events chunk contains the set of kinds that occur in it, so that a search can
 * skip a chunk without reading its entries. Bit 31 represents all codes from 32 on.
 */
export function kindMask(kinds: readonly LogEntryKind[]): number {
  return kinds.flatMap(codesOf).reduce((mask, code) => mask | codeBit(code), 0);
}

export const codeBit = (code: number): number => 1 << (Math.min(code, 32) - 1);

function codesOf(kind: LogEntryKind): number[] {
  const before6 = Object.keys(CODES_BEFORE_6).map(Number);
  return [KIND_CODES[kind], ...before6.filter((code) => CODES_BEFORE_6[code] === kind)];
}
