import type { InlinedCall, Symbols } from '../symbols/index.ts';

/** The inlined functions at a pc. */
export interface InlineContext {
  /** The inlined functions that contain the pc, outermost first. */
  inside: readonly InlinedCall[];
  /** The outermost inlined function that starts at the pc. */
  starting: InlinedCall | undefined;
}

/**
 * Finds the inlined functions at a pc. Line steps treat an inlined function as a frame, as gdb does (inline-frame.c): a
 * step over a line steps over the functions inlined in it. At the first instruction of an inlined function, the pc still
 * counts as the call site in the caller.
 */
export function inlineContextAt(symbols: Symbols, pc: bigint): InlineContext {
  // Innermost first.
  const calls = symbols.inlinedAt(pc);
  const depth = calls.findIndex(({ entry, range }) => entry !== pc && range.start !== pc);
  const entered = depth < 0 ? calls.length : depth;
  return { inside: calls.slice(entered).reverse(), starting: entered > 0 ? calls[entered - 1] : undefined };
}

/**
 * Compares the inlined functions at two pcs: whether `to` is in the same frame as `from`, in an inner frame or in a
 * different frame.
 */
export function inlineDepth(from: readonly InlinedCall[], to: readonly InlinedCall[]): 'same' | 'inner' | 'other' {
  const isWithin = from.every(({ entry, name }, i) => to[i]?.entry === entry && to[i].name === name);
  if (!isWithin) return 'other';
  return to.length === from.length ? 'same' : 'inner';
}
