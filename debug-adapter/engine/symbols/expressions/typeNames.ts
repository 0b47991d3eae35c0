import type { Token } from './lexer.ts';
import { BUILT_IN } from './builtInTypes.ts';
import { qualifiedNameAt } from './qualifiedNames.ts';
import { expressionExpected, typeIsUnknown, expressionParts } from '../../../messages/symbols.ts';
import type { Type } from '../types/type.ts';

/**
 * Looks up type names in debug information. Basic types are built in, so the debug information need not contain them.
 */
export interface TypeNames {
  /** Finds a type by its name in the debug information: `struct node`, `uint32_t`. */
  find(key: string): Type | undefined;
}

/** The tokens that the parser has not consumed yet. */
export interface TokenSource {
  peek(ahead?: number): Token;
  next(): Token;
}

/** Whether a type name starts at the next token. */
export function beginsType(tokens: TokenSource, types: TypeNames): boolean {
  const { kind, text } = tokens.peek();
  if (kind === 'register') return types.find(`$${text}`) !== undefined;
  if (kind === 'name' && (BASIC_TYPE_KEYWORDS.has(text) || QUALIFIERS.has(text) || TAGS.has(text))) return true;
  const found = typeNameAt(tokens, types);
  return found !== undefined && types.find(found.name) !== undefined;
}

function typeNameAt(tokens: TokenSource, types: TypeNames): { name: string; tokens: number } | undefined {
  return qualifiedNameAt(
    (ahead) => tokens.peek(ahead),
    (name) => types.find(name) !== undefined,
  );
}

/** Consumes the tokens of a type's name, with its scope. */
function takeTypeName(tokens: TokenSource, types: TypeNames): string {
  const found = typeNameAt(tokens, types);
  for (let i = found?.tokens ?? 1; i > 1; i--) tokens.next();
  const { text } = tokens.next();
  return found?.name ?? text;
}

/** Parses a type name: `struct node`, `uint32_t` or `unsigned long`, with optional `const`, `*` and `[n]`. */
export function parseType(tokens: TokenSource, types: TypeNames): Type {
  let type = parseSpecifiers(tokens, types);
  for (;;) {
    const { text } = tokens.peek();
    if (text === '*') {
      tokens.next();
      const target = type;
      type = { kind: 'pointer', sizeBytes: 8, target: () => target };
    } else if (QUALIFIERS.has(text)) tokens.next();
    else break;
  }
  return parseDimensions(tokens, type);
}

function parseDimensions(tokens: TokenSource, element: Type): Type {
  const counts: number[] = [];
  while (tokens.peek().text === '[') {
    tokens.next();
    const count = tokens.next();
    if (count.kind !== 'number') throw expressionExpected(expressionParts.count(), expressionParts.text(count.text));
    counts.push(Number.parseInt(count.text));
    const close = tokens.next();
    if (close.text !== ']') throw expressionExpected(expressionParts.text(']'), expressionParts.text(close.text));
  }
  return counts.reduceRight<Type>((type, count) => ({ kind: 'array', element: () => type, count }), element);
}

function parseSpecifiers(tokens: TokenSource, types: TypeNames): Type {
  const keywords: string[] = [];
  let named: Type | undefined;
  for (;;) {
    const { kind, text } = tokens.peek();
    if (kind === 'register' && !named && keywords.length === 0) {
      named = types.find(`$${text}`);
      if (!named) throw typeIsUnknown(`$${text}`);
      tokens.next();
      continue;
    }
    if (kind !== 'name' && !(!named && keywords.length === 0 && typeNameAt(tokens, types))) break;
    if (TAGS.has(text)) named = parseTag(tokens, types);
    else if (QUALIFIERS.has(text)) tokens.next();
    else if (BASIC_TYPE_KEYWORDS.has(text)) keywords.push(tokens.next().text);
    else if (!named && keywords.length === 0) {
      const name = takeTypeName(tokens, types);
      named = types.find(name);
      if (!named) throw typeIsUnknown(name);
    } else break;
  }
  if (named) return named;
  const type = basicType(keywords, types);
  if (!type) throw typeIsUnknown(keywords.join(' ') || tokens.peek().text);
  return type;
}

function parseTag(tokens: TokenSource, types: TypeNames): Type {
  const key = `${tokens.next().text} ${takeTypeName(tokens, types)}`;
  const type = types.find(key);
  if (!type) throw typeIsUnknown(key);
  return type;
}

/** The keywords may be in any order (C17, section 6.7.2); gcc calls `unsigned long` "long unsigned int". */
function basicType(keywords: string[], types: TypeNames): Type | undefined {
  if (keywords.length === 0) return undefined;
  const rest = [...keywords].sort().join(' ');
  const name = BASIC_TYPES[rest];
  if (name === undefined) return undefined;
  if (name === 'void') return { kind: 'void' };
  // C++ calls the type `bool`.
  return (rest === 'bool' ? types.find(rest) : undefined) ?? types.find(name) ?? BUILT_IN[name];
}

const QUALIFIERS = new Set(['const', 'volatile', 'restrict', '_Atomic']);
const TAGS = new Set(['struct', 'class', 'union', 'enum']);
const BASIC_TYPE_KEYWORDS = new Set(
  'void char short int long signed unsigned float double _Bool bool __int128'.split(' '),
);

/** Maps the sorted keywords of a basic type to gcc's name for the type. */
const BASIC_TYPES: Record<string, string | undefined> = {
  void: 'void',
  _Bool: '_Bool',
  bool: '_Bool',
  char: 'char',
  'char signed': 'signed char',
  'char unsigned': 'unsigned char',
  short: 'short int',
  'int short': 'short int',
  'short signed': 'short int',
  'int short signed': 'short int',
  'short unsigned': 'short unsigned int',
  'int short unsigned': 'short unsigned int',
  int: 'int',
  signed: 'int',
  'int signed': 'int',
  unsigned: 'unsigned int',
  'int unsigned': 'unsigned int',
  long: 'long int',
  'int long': 'long int',
  'long signed': 'long int',
  'int long signed': 'long int',
  'long unsigned': 'long unsigned int',
  'int long unsigned': 'long unsigned int',
  'long long': 'long long int',
  'int long long': 'long long int',
  'long long signed': 'long long int',
  'int long long signed': 'long long int',
  'long long unsigned': 'long long unsigned int',
  'int long long unsigned': 'long long unsigned int',
  float: 'float',
  double: 'double',
  'double long': 'long double',
  __int128: '__int128',
  '__int128 unsigned': '__int128 unsigned',
};
