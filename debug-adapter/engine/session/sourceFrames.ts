import type { SourceFile, Symbols } from '../symbols/index.ts';
import { inlineContextAt } from './inlineFrames.ts';

/**
 * A frame as shown to the user. One frame of the machine shows as several if functions are inlined: each inlined
 * function is a frame, called by the function that it is inlined into. As for line steps, the first instruction of an
 * inlined function belongs to its call site.
 */
export interface SourceFrame {
  /** The function's name. */
  name: string | undefined;
  at: { file: SourceFile; line: number; column: number | undefined } | undefined;
  /** The number of enclosing inlined functions: 0 for the function itself. */
  inlineDepth: number;
}

/** The frames at `pc`, which is a frame's `lookupPc`, innermost first. At least one. */
export function sourceFramesAt(symbols: Symbols, pc: bigint): SourceFrame[] {
  const { inside, starting } = inlineContextAt(symbols, pc);
  let at: SourceFrame['at'] = (starting && callSite(starting)) ?? symbols.lineAt(pc);
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
