import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Value } from '../../engine/index.ts';
import { writingNotByLooking } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { presentation } from '../variableViews.ts';
import { assign } from './writing.ts';

/**
 * Evaluates a name, member or expression, for hovers, watches and the debug console. An assignment modifies the guest
 * only if the user types it in the debug console.
 */
export function evaluate(debuggee: Debuggee, args: Arguments): DebugProtocol.EvaluateResponse['body'] {
  const shown = debuggee.frameWithSymbols(args.optionalInteger('frameId'));
  const evaluation = shown.symbols.evaluate(args.text('expression'), shown.frame);
  const isConsole = args.optionalText('context') === 'repl';
  if (evaluation.kind === 'assignment' && !isConsole) throw writingNotByLooking();
  const { value: result, ...rest } =
    evaluation.kind === 'assignment'
      ? assign(debuggee, shown, evaluation)
      : presentation(debuggee, shown, evaluation.value);
  return { result, ...rest };
}

/**
 * Evaluates an expression in a frame; without a frame ID, in the innermost frame. Throws a UserError if the expression
 * has no value.
 */
export function valueOf(debuggee: Debuggee, expression: string, frameId: number | undefined): Value {
  const { frame, symbols } = debuggee.frameWithSymbols(frameId);
  const evaluation = symbols.evaluate(expression, frame);
  if (evaluation.kind === 'assignment') throw writingNotByLooking();
  return evaluation.value;
}
