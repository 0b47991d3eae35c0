import { isKeyword } from './keywords.ts';
import { LINES_MAX, type Lines, sourceTokens, type SourceToken } from './sourceTokens.ts';

/** An expression in a line of source, and its columns, counted from 0. */
export interface ExpressionAt {
  expression: string;
  line: number;
  start: number;
  end: number;
}

/**
 * The expression that ends at a position in C, C++ or Rust: for a position in `next` of `p->next->x`, it is `p->next`.
 * A Rust or C++ path such as `config::LIMIT` is always returned as a whole. Undefined if there is no expression, or if
 * its evaluation would need a call or would change a variable.
 */
export function expressionAt(lines: Lines, at: { line: number; column: number }): ExpressionAt | undefined {
  const tokens = sourceTokens(lines, { first: Math.max(0, at.line - LINES_MAX), last: at.line });
  const index = tokens.findIndex(({ line, start, end }) => line === at.line && start <= at.column && at.column < end);
  const token = tokens[index];
  if (!token || !isOperandName(tokens, index)) return undefined;
  const last = endOfPath(tokens, index);
  const first = startOfOperand(tokens, last);
  if (first === undefined || tokens[last + 1]?.text === '!') return undefined;
  const used = tokens.slice(first, last + 1);
  if (used[0].line !== token.line) return undefined;
  const { start } = used[0];
  const { end } = used[used.length - 1];
  return { expression: lines(token.line).slice(start, end), line: token.line, start, end };
}

/** A name, or the number of a tuple field, as in `pair.0`. */
function isOperandName(tokens: readonly SourceToken[], index: number): boolean {
  const { kind, text } = tokens[index];
  if (kind === 'number') return tokens[index - 1]?.text === '.';
  return kind === 'name' && !isKeyword(text);
}

function endOfPath(tokens: readonly SourceToken[], index: number): number {
  let last = index;
  while (tokens[last + 1]?.text === '::' && tokens[last + 2]?.kind === 'name') last += 2;
  return last;
}

/**
 * The index of the first token of the operand that ends with the token at `last`. Undefined if the operand contains
 * something that cannot be evaluated.
 */
function startOfOperand(tokens: readonly SourceToken[], last: number): number | undefined {
  let first = startOfPrimary(tokens, last);
  while (first !== undefined && isMemberOperator(tokens[first - 1]?.text)) {
    const before = tokens[first - 2];
    if (tokens[first - 1].text === '::' && !isPathPart(before)) {
      // `crate::x` is the same as `x`; `Name::<T>::x` cannot be evaluated; any other `::` means the global scope.
      if (before?.kind === 'name') return first;
      return before?.text === '>' && before.end === tokens[first - 1].start ? undefined : first - 1;
    }
    first = startOfPrimary(tokens, first - 2);
  }
  return first;
}

const isMemberOperator = (text: string | undefined) => text === '.' || text === '->' || text === '::';

/** A name that is not a keyword. */
const isPathPart = (token: SourceToken | undefined) => token?.kind === 'name' && !isKeyword(token.text);

/** The start of a name, of a name with subscripts, or of an expression in parentheses. */
function startOfPrimary(tokens: readonly SourceToken[], last: number): number | undefined {
  let at = last;
  while (tokens[at]?.text === ']') {
    const open = opening(tokens, at);
    if (open === undefined) return undefined;
    at = open - 1;
  }
  if (tokens[at]?.text === ')') {
    const open = opening(tokens, at);
    const isCall = open === undefined || isPathPart(tokens[open - 1]) || tokens[open - 1]?.text === ']';
    return isCall ? undefined : open;
  }
  return tokens[at] && isOperandName(tokens, at) ? at : undefined;
}

/** The bracket that matches the closing bracket at `close`; undefined if there is a call or an assignment in between. */
function opening(tokens: readonly SourceToken[], close: number): number | undefined {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    const { text } = tokens[at];
    if (CHANGES.test(text)) return undefined;
    if (text === ']' || text === ')') depth++;
    if (text !== '[' && text !== '(') continue;
    if (--depth === 0) return at;
    if (text === '(' && isPathPart(tokens[at - 1])) return undefined;
  }
  return undefined;
}

const CHANGES = /^(\+\+|--|;|\{|\}|=|[-+*/%&|^]=|<<=|>>=)$/;
