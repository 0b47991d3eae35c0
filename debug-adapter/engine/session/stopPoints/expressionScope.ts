import { UserError } from '../../../messages/userError.ts';
import { noSymbols } from '../../../messages/dap.ts';
import type { Frame, FrameView, Symbols } from '../../symbols/index.ts';
import type { Inspector } from '../../target/inspector.ts';
import type { Predicate } from '../../target/predicate.ts';
import type { Trap } from '../../target/stopPoints.ts';
import { frameViewOf } from '../frameView.ts';
import type { LoadedSymbols } from '../loadedSymbols.ts';
import type { BreakpointAddress } from '../resolvedBreakpoint.ts';

/** Where the expressions of a stop point are evaluated. */
export interface ExpressionScope {
  inspector: Inspector;
  symbols: LoadedSymbols;
  /** The only address at which they are evaluated. If undefined, names are resolved wherever the machine stops. */
  at?: BreakpointAddress;
}

/** What is wrong with an expression, and from which column on. Columns start at 1. */
export interface ExpressionProblem {
  column: number;
  error: UserError;
}

/**
 * Checks an expression without its value: its syntax, names and types. Without an address, names of local variables
 * are not known yet, so only its syntax is checked.
 */
export function checkExpression(
  scope: ExpressionScope,
  text: string,
): { problem?: ExpressionProblem; predicate?: Predicate } {
  try {
    evaluateExpression(scope, text);
    return {};
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return NOT_STATIC.has(error.code) ? {} : { problem: { column: 1, error } };
  }
}

/**
 * Evaluates an expression in the innermost frame of the machine's current state. A trap's expressions can use $cause,
 * $tval and $epc: the values that the trap writes to mcause, mtval and mepc. Throws a UserError if the expression has
 * no value.
 */
export function evaluateExpression(
  { inspector, symbols, at }: ExpressionScope,
  text: string,
  trap?: Trap,
): { isTrue: boolean; text: string } {
  const view = withTrap(frameViewOf(inspector), trap);
  const file = symbols.currentAt(view.pc, at?.group);
  if (!file) throw noSymbols();
  const evaluation = file.evaluate(text, frameOf(file, view));
  const { value } = evaluation;
  return { isTrue: value.integer() !== 0n, text: value.text };
}

const frameOf = (file: Symbols, view: FrameView): Frame => file.innermostFrame(view);

function withTrap(view: FrameView, trap: Trap | undefined): FrameView {
  if (!trap) return view;
  const interruptBit = trap.kind === 'interrupt' ? 1n << 63n : 0n;
  const values: Record<string, bigint | undefined> = {
    cause: BigInt(trap.cause) | interruptBit,
    tval: trap.tval,
    epc: trap.pc,
  };
  return { ...view, registerNamed: (name) => values[name] ?? view.registerNamed?.(name) };
}

/** Errors that depend on the values at the time of evaluation. */
const NOT_STATIC = new Set(['expression-unreadable', 'expression-optimized-out', 'expression-division-by-zero']);
