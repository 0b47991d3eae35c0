import { expressionHasBadText } from '../../../messages/symbols.ts';
import { InvalidExpression } from './invalidExpression.ts';

/** A token of an expression. */
export interface Token {
  kind: 'number' | 'character' | 'name' | 'register' | 'operator' | 'end';
  /** The text of a character constant includes the quotes; that of a register does not include the `$`. */
  text: string;
  /** The token's offset in the expression. */
  at: number;
}

/** Splits an expression into tokens. */
export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let rest = expression.trimStart();
  while (rest !== '') {
    const token = tupleMember(tokens, rest) ?? nextToken(rest);
    const at = expression.length - rest.length;
    if (!token) throw new InvalidExpression(expressionHasBadText(rest.slice(0, 20)), at);
    const { length, ...what } = token;
    tokens.push({ ...what, at });
    rest = rest.slice(length).trimStart();
  }
  tokens.push({ kind: 'end', text: 'the end', at: expression.length });
  return tokens;
}

/** In `pair.0.1`, `0` and `1` are two members, not the number 0.1. */
function tupleMember(before: Token[], rest: string): (Omit<Token, 'at'> & { length: number }) | undefined {
  const [last, previous] = [before.at(-1), before.at(-2)];
  if (last?.text === '.' && /^\d/.test(rest)) {
    const text = /^\d+/.exec(rest)?.[0] ?? '';
    return { kind: 'number', text, length: text.length };
  }
  const endsOperand = last?.kind === 'name' || last?.text === ')' || last?.text === ']' || previous?.text === '.';
  return endsOperand && /^\.\d/.test(rest) ? { kind: 'operator', text: '.', length: 1 } : undefined;
}

function nextToken(rest: string): (Omit<Token, 'at'> & { length: number }) | undefined {
  for (const [kind, pattern] of PATTERNS) {
    const [text] = pattern.exec(rest) ?? [];
    if (text === undefined) continue;
    return { kind, text: kind === 'register' ? text.slice(1) : text, length: text.length };
  }
  return undefined;
}

const PATTERNS: [Token['kind'], RegExp][] = [
  ['name', /^[A-Za-z_]\w*/],
  ['register', /^\$[A-Za-z_]\w*/],
  // Rust numbers can contain underscores, and their suffixes differ from those in C.
  ['number', /^(0x[\da-fA-F_]+|0o[0-7_]+|0b[01_]+|\d[\d_]*)([iu](8|16|32|64|128|size))(?!\w)/],
  ['number', /^\d[\d_]*(\.\d[\d_]*)?([eE][-+]?\d+)?_?f(32|64)(?!\w)/],
  ['number', /^(0x[\da-fA-F]*_[\da-fA-F_]+|0b[01]*_[01_]+|0o[0-7_]+|\d+_[\d_]+)(?!\w)/],
  [
    'number',
    /^(0[xX][\da-fA-F]+|0[bB][01]+|\d+\.(?!\.)\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+)[uUlLfF]*/,
  ],
  ['character', /^'(\\([0-7]{1,3}|x[\da-fA-F]{1,2}|.)|[^'\\])'/],
  [
    'operator',
    /^(<<=|>>=|->\*|->|\.\*|\.\.=|\.\.|::|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:()[\].,@])/,
  ],
];
