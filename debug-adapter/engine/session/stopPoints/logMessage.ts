import { logMessageIsInvalid, unclosedBrace } from '../../../messages/stopPoints.ts';
import { textFor, UserError } from '../../../messages/userError.ts';
import type { Trap } from '../../target/stopPoints.ts';
import { checkExpression, type ExpressionScope, valueOfExpression } from './expressionScope.ts';
import type { LogMessage } from './stopPoint.ts';

/**
 * A log message with C expressions in braces, as in VS Code: `count is {count}`. `\{` and `\}` are literal braces. An
 * expression ends at the brace that matches its opening brace. Throws a UserError if a brace is not closed, or if an
 * expression is invalid (see `conditionOf`).
 */
export function logMessageOf(scope: ExpressionScope, text: string): LogMessage {
  const parts = partsOf(text);
  for (const part of parts) {
    if (part.kind === 'text') continue;
    const { problem } = checkExpression(scope, part.text);
    if (problem) throw logMessageIsInvalid(text, part.column + problem.column - 1, problem.error);
  }
  const evaluate = (trap?: Trap): string =>
    parts.map((part) => (part.kind === 'text' ? part.text : valueText(scope, part.text, trap))).join('');
  return { text, evaluate };
}

/** A part of a log message. `column` is the column of the expression's first character. */
type Part = { kind: 'text'; text: string } | { kind: 'expression'; text: string; column: number };

function partsOf(message: string): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < message.length;) {
    if (message[at] === '{') {
      const end = closingBrace(message, at);
      if (end === undefined) throw logMessageIsInvalid(message, at + 1, unclosedBrace());
      parts.push({ kind: 'expression', text: message.slice(at + 1, end), column: at + 2 });
      at = end + 1;
    } else {
      const [raw] = /^(\\[{}]|[^{])(\\[{}]|[^{\\]|\\(?![{}]))*/.exec(message.slice(at))!;
      parts.push({ kind: 'text', text: raw.replace(/\\([{}])/g, '$1') });
      at += raw.length;
    }
  }
  return parts;
}

/** The index of the brace that closes the one at `start`. Braces in character constants are ignored. */
function closingBrace(message: string, start: number): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of message.slice(start).matchAll(/'(\\.|[^'\\])'|[{}]/g)) {
    if (token === '{') depth++;
    else if (token === '}' && --depth === 0) return start + index;
  }
  return undefined;
}

function valueText(scope: ExpressionScope, expression: string, trap?: Trap): string {
  try {
    return valueOfExpression(scope, expression, trap).text;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `<${textFor({ problem: error.problem, remedy: '' }, 'editor')}>`;
  }
}
