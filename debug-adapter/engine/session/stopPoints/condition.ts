import { conditionIsInvalid } from '../../../messages/stopPoints.ts';
import { checkExpression, type ExpressionScope, isExpressionTrue } from './expressionScope.ts';
import type { Condition } from './stopPoint.ts';

/**
 * Creates a condition that holds if the value of a C expression is not 0. Throws a UserError if the text is not an
 * expression, or uses names or types that are not valid where it is evaluated.
 */
export function conditionOf(scope: ExpressionScope, text: string): Condition {
  const { problem, predicate } = checkExpression(scope, text);
  if (problem) throw conditionIsInvalid(text, problem.column, problem.error);
  return { text, holds: (trap) => isExpressionTrue(scope, text, trap), ...(predicate && { predicate }) };
}
