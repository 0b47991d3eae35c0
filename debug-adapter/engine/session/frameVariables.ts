import type { Scope, Symbols, Value } from '../symbols/index.ts';
import type { StackFrame } from './callStack.ts';

type FrameWithSymbols = StackFrame & { symbols: Symbols };

/** The visible arguments and locals, innermost block first. Shadowed variables are left out. */
export function localsOf({ frame, symbols, source }: FrameWithSymbols): Value[] {
  const names = new Set<string>();
  const values: Value[] = [];
  for (const scope of scopesOf(symbols.scopesAt(frame.lookupPc), source.inlineDepth).toReversed()) {
    const visible = scope.variables.filter(({ name, kind }) => kind !== 'global' && !names.has(name));
    for (const { name } of scope.variables) names.add(name);
    values.push(...visible.map((variable) => symbols.read(variable, frame)));
  }
  return values;
}

/**
 * Selects the scopes of one function. `scopes` are the scopes of a function and of the functions inlined in it,
 * outermost first.
 */
function scopesOf(scopes: readonly Scope[], inlineDepth: number): Scope[] {
  const begins = [0, ...scopes.flatMap(({ kind }, i) => (kind === 'inlined' ? [i] : []))];
  return inlineDepth < begins.length ? scopes.slice(begins[inlineDepth], begins[inlineDepth + 1]) : [];
}

/** The global variables of the frame's source file; if none are known, those of all files. */
export function globalsOf({ frame, symbols }: FrameWithSymbols): Value[] {
  const own = symbols.globals(frame.lookupPc);
  const variables = own.length > 0 ? own : symbols.globals();
  return variables.map((variable) => symbols.read(variable, frame));
}
