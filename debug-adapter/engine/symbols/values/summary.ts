import { valueTexts } from '../../../messages/symbols.ts';
import type { ReadResult } from './storage.ts';

/** The number of characters that are left for a summary, and the current nesting depth. */
export interface Budget {
  characters: number;
  depth: number;
  /** The virtual bases of the object that have already been shown. As in gdb, each virtual base is shown only once. */
  virtualBases: Set<string>;
}

export const newBudget = (characters: number, depth: number): Budget => ({
  characters,
  depth,
  virtualBases: new Set(),
});

export function unreadableText(result: ReadResult): string {
  if (result.kind === 'unreadable') return valueTexts.unreadable(`0x${result.address.toString(16)}`);
  return result.kind === 'syntheticPointer' ? '<synthetic pointer>' : '<optimized out>';
}

export interface SummaryParts {
  count: number;
  /** Whether there are more than `count` parts. */
  isCut: boolean;
  repeatsMin: number;
  brackets?: [open: string, close: string];
}

/**
 * Formats parts as `{a, b <repeats 12 times>, …}` as long as they fit on the line. Deeper levels are shown in less
 * detail, and runs of equal parts are combined.
 */
export function formatParts(
  room: Budget,
  { count, isCut, repeatsMin, brackets: [open, close] = ['{', '}'] }: SummaryParts,
  part: (index: number, inner: Budget) => string,
): string {
  if (room.depth >= DEPTH_MAX || room.characters <= 0) return open + (count > 0 ? '…' : '') + close;
  const parts: string[] = [];
  let next = 0;
  while (next < count && room.characters > 0) {
    const make = (index: number) => part(index, newBudget(room.characters, room.depth + 1));
    const text = make(next);
    const repeats = repeatsMin === Infinity ? 1 : countEqual(make, { text, from: next, count });
    const isRepeated = repeats >= repeatsMin;
    parts.push(isRepeated ? `${text} <repeats ${repeats} times>` : text);
    room.characters -= parts[parts.length - 1].length + 2;
    next += isRepeated ? repeats : 1;
  }
  if (next < count || isCut) parts.push('…');
  return open + parts.join(', ') + close;
}

function countEqual(
  make: (index: number) => string,
  { text, from, count }: { text: string; from: number; count: number },
): number {
  let end = from + 1;
  while (end < count && make(end) === text) end++;
  return end - from;
}

const DEPTH_MAX = 3;
/** gdb's defaults for `set print elements` and `set print repeats`. */
export const ELEMENTS_MAX = 200;
export const REPEATS_MIN = 10;
