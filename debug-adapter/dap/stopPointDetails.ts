import {
  type BreakpointAddress,
  conditionOf,
  type ExpressionScope,
  logMessageOf,
  parseHitCondition,
  type StopPoint,
} from '../engine/index.ts';
import type { Arguments } from './arguments.ts';
import type { Debuggee } from './debuggee.ts';

/** A breakpoint's details as entered by the user: when it stops, and which message it prints instead of stopping. */
export interface DetailTexts {
  condition?: string;
  hitCondition?: string;
  logMessage?: string;
}

export type StopPointDetails = Pick<StopPoint, 'condition' | 'hitCondition' | 'logMessage'>;

/**
 * Reads the details from a breakpoint's arguments. Editors send an empty string for a field that the user has cleared.
 */
export function detailTexts(one: Arguments): DetailTexts {
  return {
    condition: one.optionalText('condition') || undefined,
    hitCondition: one.optionalText('hitCondition') || undefined,
    logMessage: one.optionalText('logMessage') || undefined,
  };
}

/**
 * The details of a stop point. Expressions are evaluated in the scope of the address `at`; if it is omitted, in the
 * scope of the address at which the machine stops. If one of the details is invalid, throws a UserError that contains
 * the column of the error.
 */
export function detailsOf(
  { session, symbols }: Debuggee,
  { condition, hitCondition, logMessage }: DetailTexts,
  at?: BreakpointAddress,
): StopPointDetails {
  const scope: ExpressionScope = { inspector: session.inspector, symbols, at };
  return {
    ...(condition !== undefined && { condition: conditionOf(scope, condition) }),
    ...(hitCondition !== undefined && { hitCondition: parseHitCondition(hitCondition) }),
    ...(logMessage !== undefined && { logMessage: logMessageOf(scope, logMessage) }),
  };
}
