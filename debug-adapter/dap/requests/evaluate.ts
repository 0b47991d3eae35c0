import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Value } from '../../engine/index.ts';
import { writingRefused } from '../../engine/errors/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { describe } from '../variableViews.ts';

/** Names, members and expressions, for hovers, watches and the console alike. Looking changes nothing in the guest. */
export function evaluate(debuggee: Debuggee, args: Arguments): DebugProtocol.EvaluateResponse['body'] {
  const value = valueOf(debuggee, args.text('expression'), args.optionalInteger('frameId'));
  const { value: result, ...rest } = describe(debuggee, value);
  return { result, ...rest };
}

/** In a frame; in the newest one without an id. Throws a UserError for what has no value. */
export function valueOf(debuggee: Debuggee, expression: string, frameId: number | undefined): Value {
  const { frame, symbols } = debuggee.frameWithSymbols(frameId);
  const evaluation = symbols.evaluate(expression, frame);
  if (evaluation.kind === 'assignment') throw writingRefused();
  return evaluation.value;
}
