import type { Predicate } from '../engine/index.ts';
import { anyOf, translateAgentExpression } from './agentExpression.ts';
import { bytesOfHex, parseHexUpTo } from './hex.ts';
import { PACKET_BYTES_MAX } from './packets.ts';

/** The conditions of one breakpoint. */
export interface BreakpointConditions {
  /**
   * A predicate that holds if at least one of the conditions holds. It is undefined if there are no conditions, or if
   * the server cannot evaluate one of them. The breakpoint then always stops the machine, and gdb, which checks the
   * conditions at each stop anyway, resumes the machine if none holds (gdbserver works the same way).
   */
  predicate: Predicate | undefined;
}

/**
 * Parses the options after the address in a `Z` packet (gdb manual, "Packets"): a condition list is a series of
 * expressions `Xlen,bytes` without separators. Command lists are rejected, because the server does not announce them.
 */
export function breakpointConditions(options: readonly string[]): BreakpointConditions | 'malformed' {
  const expressions = options.map(expressionsIn);
  if (expressions.includes(undefined)) return 'malformed';
  const translated = expressions.flatMap((list) => list!.map(translateAgentExpression));
  if (translated.some(({ kind }) => kind === 'malformed')) return 'malformed';
  const predicates = translated.flatMap((one) => (one.kind === 'predicate' ? [one.predicate] : []));
  const isComplete = predicates.length > 0 && predicates.length === translated.length;
  return { predicate: isComplete ? anyOf(predicates) : undefined };
}

/** The bytecode of each expression in a list; undefined if the list is malformed. */
function expressionsIn(list: string): Uint8Array[] | undefined {
  const expressions: Uint8Array[] = [];
  for (let rest = list; rest !== '';) {
    const header = /^X([0-9a-fA-F]+),/.exec(rest);
    const lengthBytes = parseHexUpTo(header?.[1], PACKET_BYTES_MAX / 2);
    if (!header || !lengthBytes) return undefined;
    const end = header[0].length + 2 * lengthBytes;
    const bytecode = end <= rest.length ? bytesOfHex(rest.slice(header[0].length, end)) : undefined;
    if (!bytecode) return undefined;
    expressions.push(bytecode);
    rest = rest.slice(end);
  }
  return expressions.length > 0 ? expressions : undefined;
}
