import { check } from './expressions/check.ts';
import { Environment, type EnvironmentParts } from './expressions/environment.ts';
import { evaluate, evaluateTruth } from './expressions/evaluate.ts';
import type { Symbols } from './symbols.ts';
import type { Frame, FrameView } from './unwinding/frame.ts';

/** The queries that evaluate expressions. */
export type ExpressionSymbols = Pick<Symbols, 'evaluate' | 'isTrue' | 'check' | 'innermostFrame'>;

const NO_NAMES = {
  variables: { scopesAt: () => [], globalsNamed: () => [] },
  functions: { withName: () => [], withFullName: () => [] },
  index: { at: () => undefined },
  names: { find: () => [] },
  symbolTable: { withName: () => [] },
  codeUnits: { at: () => undefined },
  shown: { symbolAt: () => undefined, report: () => {} },
} as unknown as EnvironmentParts;

/** Evaluates expressions in code without symbols: they can use registers, numbers and the basic types. */
export const NO_SYMBOLS: ExpressionSymbols = {
  innermostFrame,
  evaluate: (text, frame) => evaluate(text, new Environment(NO_NAMES, frame)),
  isTrue: (text, frame) => evaluateTruth(text, new Environment(NO_NAMES, frame)),
  check: (text, frame) => check(text, frame, { parts: NO_NAMES, innermostFrame }),
};

function innermostFrame(view: FrameView): Frame {
  const { pc } = view;
  const register = (number: number) => view.readRegister(number);
  return { pc, lookupPc: pc, depth: 0, cfa: undefined, isSignalFrame: false, register, view };
}
