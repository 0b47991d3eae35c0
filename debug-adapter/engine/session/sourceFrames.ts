import type { SourceFile, Symbols } from '../symbols/index.ts';
import { inlineContextAt } from './inlineFrames.ts';

/**
 * A stack frame as shown to the user. If functions are inlined, one machine frame is shown as several: each inlined
 * function has a separate frame, and its caller is the function that it is inlined into. The first instruction of an
 * inlined function belongs to the call site, as in line steps.
 */
export interface SourceFrame {
  /** The function's name. */
  name: string | undefined;
  at: { file: SourceFile; line: number; column: number | undefined } | undefined;
  /** The number of enclosing inlined functions: 0 for the function itself. */
  inlineDepth: number;
}

/**
 * The frames at `pc`, which is the `lookupPc` of a machine frame, innermost first. Returns at least one frame. `entered`
 * is the number of inlined functions that contain the breakpoint at which the machine stopped.
 */
export function sourceFramesAt(symbols: Symbols, pc: bigint, entered = 0): SourceFrame[] {
  const { inside, starting } = inlineContextAt(symbols, pc, entered);
  let at: SourceFrame['at'] = starting ? callSite(starting) : lineAt(symbols, pc);
  const frames: SourceFrame[] = [];
  for (let inlineDepth = inside.length; inlineDepth > 0; inlineDepth--) {
    const body = inside[inlineDepth - 1];
    frames.push({ name: body.frameName ?? body.name, at, inlineDepth });
    at = callSite(body);
  }
  const info = symbols.functionAt(pc);
  const name = info?.frameName ?? info?.name ?? symbols.symbolAt(pc)?.text;
  return [...frames, { name, at, inlineDepth: 0 }];
}

/** Line 0 means that the code does not belong to a source line (DWARF 5, section 6.2.2). */
function lineAt(symbols: Symbols, pc: bigint): SourceFrame['at'] {
  const location = symbols.lineAt(pc);
  return location?.line === 0 ? undefined : location;
}

function callSite({ callFile, callLine }: { callFile: SourceFile | undefined; callLine: number | undefined }) {
  return callFile && callLine ? { file: callFile, line: callLine, column: undefined } : undefined;
}
