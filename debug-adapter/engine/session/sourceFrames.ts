import type { SourceFile, Symbols } from '../symbols/index.ts';
import { inlineStandAt } from './inlineFrames.ts';

/**
 * The frames that one frame of the machine shows as: a body that was inlined is one, and who it was inlined into is its
 * caller. They agree with steps over lines: at the very beginning of a body one still stands at its call.
 */
export interface SourceFrame {
  /** Of the function. */
  name: string | undefined;
  at: { file: SourceFile; line: number; column: number | undefined } | undefined;
  /** How many inlined bodies it is in: 0 for the function itself. */
  inlineDepth: number;
}

/** Innermost first; `pc` is a frame's `lookupPc`. At least one. */
export function sourceFramesAt(symbols: Symbols, pc: bigint): SourceFrame[] {
  const { inside, ahead } = inlineStandAt(symbols, pc);
  let at: SourceFrame['at'] = (ahead && callSite(ahead)) ?? symbols.lineAt(pc);
  const frames: SourceFrame[] = [];
  for (let inlineDepth = inside.length; inlineDepth > 0; inlineDepth--) {
    const body = inside[inlineDepth - 1];
    frames.push({ name: body.name, at, inlineDepth });
    at = callSite(body) ?? at;
  }
  const name = symbols.functionAt(pc)?.name ?? symbols.symbolAt(pc)?.text;
  return [...frames, { name, at, inlineDepth: 0 }];
}

function callSite({ callFile, callLine }: { callFile: SourceFile | undefined; callLine: number | undefined }) {
  return callFile && callLine !== undefined ? { file: callFile, line: callLine, column: undefined } : undefined;
}
