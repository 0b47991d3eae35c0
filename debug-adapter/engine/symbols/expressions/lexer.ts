import { expressionHasBadText } from '../../../messages/symbols.ts';

/** A token of an expression. */
export type Token =
  | { kind: 'number'; text: string }
  /** The text includes the quotes. */
  | { kind: 'character'; text: string }
  | { kind: 'name'; text: string }
  /** The text does not include the `$`. */
  | { kind: 'register'; text: string }
  | { kind: 'operator'; text: string }
  | { kind: 'end'; text: string };

/** Splits an expression into tokens. */
export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let rest = expression.trimStart();
  while (rest !== '') {
    const token = nextToken(rest);
    if (!token) throw expressionHasBadText(rest.slice(0, 20));
    const { length, ...what } = token;
    tokens.push(what);
    rest = rest.slice(length).trimStart();
  }
  tokens.push({ kind: 'end', text: 'the end' });
  return tokens;
}

function nextToken(rest: string): (Token & { length: number }) | undefined {
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
  [
    'number',
    /^(0[xX][\da-fA-F]+|0[bB][01]+|\d+\.\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+)[uUlLfF]*/,
  ],
  ['character', /^'(\\([0-7]{1,3}|x[\da-fA-F]{1,2}|.)|[^'\\])'/],
  ['operator', /^(<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:()[\].,@])/],
];
