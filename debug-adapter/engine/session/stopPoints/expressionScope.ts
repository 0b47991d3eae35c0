import type { UserError } from '../../../messages/userError.ts';
import {
  type ExpressionSymbols,
  type Frame,
  type FrameView,
  InvalidExpression,
  NO_SYMBOLS,
  type Value,
} from '../../symbols/index.ts';
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
  /**
   * The only address at which the expressions are evaluated. If undefined, names are resolved wherever the machine
   * stops.
   */
  at?: BreakpointAddress;
}

/** A problem in an expression, and the column at which the problem begins. Columns start at 1. */
export interface ExpressionProblem {
  column: number;
  error: UserError;
}

/**
 * Checks the syntax, names and types of an expression. If the machine can evaluate the expression, also compiles a
 * predicate that holds if its value is not 0. Without an address, names are resolved wherever the machine stops, so
 * unknown names are not an error yet.
 */
export function checkExpression(
  { inspector, symbols, at }: ExpressionScope,
  text: string,
): { problem?: ExpressionProblem; predicate?: Predicate } {
  const view = { ...withTrap(frameViewOf(inspector), at ? undefined : ANY_TRAP), ...(at && { pc: at.address }) };
  const file = symbols.currentAt(view.pc, at?.group) ?? NO_SYMBOLS;
  try {
    const predicate = file.check(text, file.innermostFrame(view));
    return at && predicate ? { predicate } : {};
  } catch (error) {
    if (!(error instanceof InvalidExpression)) throw error;
    if (!at && DEPENDS_ON_ADDRESS.has(error.error.code)) return {};
    return { problem: { column: error.at + 1, error: error.error } };
  }
}

/**
 * Evaluates an expression in the innermost frame of the machine's current state. A trap's expressions can use $cause,
 * $tval and $epc: the values that the trap writes to mcause, mtval and mepc. Throws a UserError if the expression has
 * no value.
 */
export function valueOfExpression(scope: ExpressionScope, text: string, trap?: Trap): Value {
  const { file, frame } = frameOf(scope, trap);
  return file.evaluate(text, frame).value;
}

/** Whether an expression's value is nonzero. See `valueOfExpression`. */
export function isExpressionTrue(scope: ExpressionScope, text: string, trap?: Trap): boolean {
  const { file, frame } = frameOf(scope, trap);
  return file.isTrue(text, frame);
}

function frameOf({ inspector, symbols, at }: ExpressionScope, trap?: Trap): { file: ExpressionSymbols; frame: Frame } {
  const view = withTrap(frameViewOf(inspector), trap);
  const file = symbols.currentAt(view.pc, at?.group) ?? NO_SYMBOLS;
  return { file, frame: file.innermostFrame(view) };
}

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

/** Errors that depend on the address: the same expression may be valid at other addresses. */
const DEPENDS_ON_ADDRESS = new Set([
  ...['expression-unknown-name', 'expression-unknown-register', 'expression-unknown-type'],
  'expression-optimized-out',
]);

/** A placeholder trap, used to check the expressions of trap points. */
const ANY_TRAP: Trap = {
  ...{ kind: 'exception', cause: 0, tval: 0n, pc: 0n },
  ...{ privilege: 0, handlerPrivilege: 0, handler: 0n, hart: 0 },
};
