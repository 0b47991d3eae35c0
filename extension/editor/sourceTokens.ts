/** A token of C, C++ or Rust, and where it is. Comments, strings and preprocessor directives have no tokens. */
export interface SourceToken {
  kind: 'name' | 'number' | 'operator';
  text: string;
  line: number;
  /** The columns of the token's first character and of the character after the token, counted from 0. */
  start: number;
  end: number;
}

/** A line of a document. */
export type Lines = (line: number) => string;

/**
 * At most this many lines before a position are read, and at most this many characters of each line, so that the time
 * to answer does not depend on the size of the file.
 */
export const LINES_MAX = 2000;
const COLUMNS_MAX = 500;

/**
 * Splits lines `first` to `last` into tokens. The result is meant for finding expressions, not for compiling: a macro is
 * a name like any other, and if line `first` is inside a comment, the rest of the comment counts as code.
 */
export function sourceTokens(lines: Lines, { first, last }: { first: number; last: number }): SourceToken[] {
  const tokens: SourceToken[] = [];
  let isInComment = false;
  let isDirective = false;
  for (let line = first; line <= last; line++) {
    const text = lines(line).slice(0, COLUMNS_MAX);
    isDirective = isDirective || (!isInComment && DIRECTIVE.test(text));
    let at = 0;
    while (at < text.length) {
      if (isInComment) {
        const end = text.indexOf('*/', at);
        isInComment = end < 0;
        at = isInComment ? text.length : end + 2;
        continue;
      }
      const { kind, length } = tokenAt(text, at);
      if (kind === 'comment') isInComment = true;
      else if (kind !== 'none' && !isDirective) {
        tokens.push({ kind, text: text.slice(at, at + length), line, start: at, end: at + length });
      }
      at += length;
    }
    isDirective = isDirective && text.endsWith('\\');
  }
  return tokens;
}

/** A preprocessor directive. Rust's attributes, such as `#[repr(C)]`, do not match. */
const DIRECTIVE = /^\s*#\s*[a-z]/;

type Lexeme = SourceToken['kind'] | 'comment' | 'none';

function tokenAt(text: string, at: number): { kind: Lexeme; length: number } {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) return { kind, length: match[0].length };
  }
  return { kind: 'operator', length: 1 };
}

/** A Rust lifetime, such as `'a`, has no closing quote and is skipped like a string. */
const PATTERNS: [Lexeme, RegExp][] = [
  ['none', /\s+|\/\/.*/y],
  ['comment', /\/\*/y],
  ['none', /(?:[LuU]|u8|b|c)?"(?:\\.|[^"\\])*"?|[bc]?r#*"[^"]*"?#*/y],
  ['none', /[LuUb]?'(?:\\[^']+|\\'|[^'\\])'|'\w+/y],
  ['name', /[A-Za-z_]\w*/y],
  ['number', /0[xXbo][\da-fA-F_]+\w*|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][-+]?\d+)?\w*/y],
  ['operator', /->|::|\+\+|--|<<=?|>>=?|[-+*/%&|^=!<>]=|&&|\|\|/y],
];
