import type { InlinedCall, Symbols } from '../symbols/index.ts';
import type { Session } from './session.ts';

/** The inlined functions at a pc. */
export interface InlineContext {
  /** The inlined functions that contain the pc, outermost first. */
  inside: readonly InlinedCall[];
  /** The outermost inlined function that starts at the pc. */
  starting: InlinedCall | undefined;
}

/**
 * Finds the inlined functions at a pc. Line steps treat an inlined function as a frame, as gdb does (inline-frame.c): a
 * step over a line steps over the functions inlined in it. At the first instruction of an inlined function, the pc is
 * still considered to be at the call site in the caller. However, if the machine stopped at a breakpoint inside inlined
 * functions, at least the `enteredMin` outermost functions count as entered.
 */
export function inlineContextAt(symbols: Symbols, pc: bigint, enteredMin = 0): InlineContext {
  // Innermost first.
  const calls = symbols.inlinedAt(pc);
  const depth = calls.findIndex(({ entry, range }) => entry !== pc && range.start !== pc);
  const starting = Math.min(depth < 0 ? calls.length : depth, Math.max(0, calls.length - enteredMin));
  return { inside: calls.slice(starting).reverse(), starting: starting > 0 ? calls[starting - 1] : undefined };
}

/**
 * The number of inlined functions that contain the breakpoint at which the session stopped (gdb:
 * stopped_by_user_bp_inline_frame).
 */
export function enteredAtStop({ reason, inspector, stopPoints }: Session): number {
  if (reason.kind !== 'breakpoint' || reason.pc !== inspector.pc) return 0;
  return Math.max(0, ...reason.ids.map((id) => stopPoints.table.get(id)?.point.inlineDepth ?? 0));
}

/**
 * Compares the inlined functions at two pcs to determine whether `to` is in the same frame as `from`, in an inner
 * frame or in a different frame.
 */
export function inlineDepth(from: readonly InlinedCall[], to: readonly InlinedCall[]): 'same' | 'inner' | 'other' {
  const isWithin = from.every(({ entry, name }, i) => to[i]?.entry === entry && to[i].name === name);
  if (!isWithin) return 'other';
  return to.length === from.length ? 'same' : 'inner';
}
