import type { InlinedCall, Symbols } from '../symbols/index.ts';

/**
 * Bodies of inlined functions are frames of their own for steps over lines, as in gdb (inline-frame.c): over a line means
 * over the bodies in it. At the very beginning of a body one still stands before the call, in the caller.
 */
export interface InlineStand {
  /** The bodies one is in, outermost first. */
  inside: readonly InlinedCall[];
  /** The body that is about to be entered; of several the outermost. */
  ahead: InlinedCall | undefined;
}

export function inlineStandAt(symbols: Symbols, pc: bigint): InlineStand {
  // Innermost first.
  const calls = symbols.inlinedAt(pc);
  const depth = calls.findIndex(({ entry, range }) => entry !== pc && range.start !== pc);
  const begun = depth < 0 ? calls.length : depth;
  return { inside: calls.slice(begun).reverse(), ahead: begun > 0 ? calls[begun - 1] : undefined };
}

/** Where some bodies are, seen from others: the same, further in, or elsewhere. */
export function inlineDepth(from: readonly InlinedCall[], to: readonly InlinedCall[]): 'same' | 'inner' | 'other' {
  const isWithin = from.every(({ entry, name }, i) => to[i]?.entry === entry && to[i].name === name);
  if (!isWithin) return 'other';
  return to.length === from.length ? 'same' : 'inner';
}
