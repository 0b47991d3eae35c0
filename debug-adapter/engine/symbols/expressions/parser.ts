import {
  callsAreRefused,
  expressionExpected,
  expressionHasBadText,
  expressionIsEmpty,
  expressionIsTooDeep,
  expressionParts,
} from '../../../messages/symbols.ts';
import type { Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { located, unlocated } from './invalidExpression.ts';
import { tokenize, type Token } from './lexer.ts';
import { parseCharacter, parseNumber, splitRustLiteral } from './literals.ts';
import type { BinaryOperator, Expression } from './tree.ts';
import { qualifiedNameAt } from './qualifiedNames.ts';
import { parseRustType, rustType } from './rustTypeNames.ts';
import { beginsType, parseType, type TypeNames } from './typeNames.ts';

/**
 * Parses a C expression (C17, section 6.5) with gdb's `$register` and `first@count` extensions. The only construct that
 * modifies the guest is a single assignment at the top level; `++` and calls like `f(x)` are rejected.
 */
export function parseExpression(text: string, scope: ParseScope): Expression {
  return unlocated(() => parseLocated(text, scope));
}

/** Like `parseExpression`, but throws an InvalidExpression, which has the offset of the first error. */
export function parseLocated(text: string, scope: ParseScope): Expression {
  const tokens = tokenize(text);
  const parser = new Parser(tokens, scope);
  return located(
    () => parser.lastOffset,
    () => {
      if (tokens.length > TOKENS_MAX) throw expressionIsTooDeep();
      if (parser.peek().kind === 'end') throw expressionIsEmpty();
      const expression = parser.assignment();
      parser.expectEnd();
      return expression;
    },
  );
}

/** Parses the whole text as a type name. */
export function parseTypeName(text: string, types: TypeNames): Type {
  const parser = new Parser(
    unlocated(() => tokenize(text)),
    { types, isVariable: () => false },
  );
  const type = parseType(parser, types);
  parser.expectEnd();
  return type;
}

export interface ParseScope {
  types: TypeNames;
  /** If a variable and a type have the same name, the name refers to the variable. */
  isVariable(name: string): boolean;
}

class Parser {
  private readonly tokens: Token[];
  private readonly scope: ParseScope;
  private at = 0;
  private depth = 0;
  private last: Token;

  constructor(tokens: Token[], scope: ParseScope) {
    this.tokens = tokens;
    this.scope = scope;
    this.last = tokens[0];
  }

  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)];
  }

  /** The offset of the token that was examined last. */
  get lastOffset(): number {
    return this.last.at;
  }

  next(): Token {
    const token = this.peek();
    this.last = token;
    this.at++;
    return token;
  }

  expectEnd(): void {
    this.last = this.peek();
    if (this.last.kind !== 'end') throw expressionExpected(expressionParts.operator(), tokenText(this.last));
  }

  assignment(): Expression {
    const target = this.conditional();
    const { kind, text } = this.peek();
    if (kind !== 'operator' || !/^([-+*/%&|^]|<<|>>)?=$/.test(text)) return target;
    this.next();
    const right = this.assignment();
    // `a += b` is parsed as `a = a + b`: evaluating `a` twice is safe because expressions have no side effects.
    const value = text === '=' ? right : makeBinary(text.slice(0, -1) as BinaryOperator, { left: target, right });
    return { kind: 'assignment', at: target.at, target, value, text: `${target.text} ${text} ${right.text}` };
  }

  conditional(): Expression {
    const condition = this.binary(0);
    if (this.peek().text !== '?') return condition;
    this.next();
    const yes = this.withDepth(() => this.conditional());
    this.expect(':');
    const no = this.withDepth(() => this.conditional());
    const text = `${condition.text} ? ${yes.text} : ${no.text}`;
    return { kind: 'conditional', at: condition.at, condition, yes, no, text };
  }

  /** Precedence climbing: parses the operators at this level and at all levels that bind more tightly. */
  private binary(level: number): Expression {
    if (level === PRECEDENCE_LEVELS.length) return this.rustCast();
    let left = this.binary(level + 1);
    while (this.peek().kind === 'operator' && PRECEDENCE_LEVELS[level].includes(this.peek().text)) {
      const operator = this.next().text;
      const right = this.binary(level + 1);
      const text = `${left.text}@${right.text}`;
      left =
        operator === '@'
          ? { kind: 'repeat', at: left.at, first: left, count: right, text }
          : makeBinary(operator as BinaryOperator, { left, right });
    }
    return left;
  }

  /** Parses Rust's casts, such as `byte as u64`. */
  private rustCast(): Expression {
    let operand = this.unary();
    while (this.peek().kind === 'name' && this.peek().text === 'as') {
      this.next();
      const type = parseRustType(this, this.scope.types);
      operand = { kind: 'cast', at: operand.at, type, operand, text: `${operand.text} as ${typeName(type)}` };
    }
    return operand;
  }

  private unary(): Expression {
    const { kind, text, at } = this.peek();
    if (kind === 'name' && text === 'sizeof') return this.sizeof();
    if (kind === 'operator' && /^(\+\+|--)$/.test(text)) throw expressionHasBadText(text);
    if (kind === 'operator' && /^[-+!~*&]$/.test(text)) {
      this.next();
      const operand = this.withDepth(() => this.unary());
      // In Rust, a slice is always behind a reference: `&a[1..3]`.
      if (text === '&' && operand.kind === 'slice') return { ...operand, at, text: text + operand.text };
      return { kind: 'unary', at, operator: text as '-', operand, text: text + operand.text };
    }
    if (text === '(' && this.beginsType(1)) {
      this.next();
      const type = parseType(this, this.scope.types);
      this.expect(')');
      const operand = this.withDepth(() => this.unary());
      return { kind: 'cast', at, type, operand, text: `(${typeName(type)})${operand.text}` };
    }
    return this.postfix();
  }

  private sizeof(): Expression {
    const { at } = this.next();
    if (this.peek().text === '(' && this.beginsType(1)) {
      this.next();
      const type = parseType(this, this.scope.types);
      this.expect(')');
      return { kind: 'sizeofType', at, type, text: `sizeof (${typeName(type)})` };
    }
    const operand = this.withDepth(() => this.unary());
    return { kind: 'sizeofValue', at, operand, text: `sizeof ${operand.text}` };
  }

  private postfix(): Expression {
    let expression = this.primary();
    for (;;) {
      const { kind, text } = this.peek();
      if (kind !== 'operator') return expression;
      if (text === '[') {
        this.next();
        expression = this.subscript(expression);
      } else if (text === '.' || text === '->') {
        this.next();
        const object = expression;
        const member = this.memberName();
        const throughPointer = text === '->';
        const shared = { at: object.at, text: object.text + text + member };
        expression = { kind: 'member', object, member, throughPointer, ...shared };
      } else if (text === '(') throw callsAreRefused(expression.text);
      else if (text === '++' || text === '--') throw expressionHasBadText(text);
      else return expression;
    }
  }

  /** Parses an index, or a range in Rust: `[1]`, `[1..3]`, `[..=3]`. */
  private subscript(array: Expression): Expression {
    const index = this.beginsRange() ? undefined : this.withDepth(() => this.conditional());
    if (index && !this.beginsRange()) {
      this.expect(']');
      return { kind: 'index', at: array.at, array, index, text: `${array.text}[${index.text}]` };
    }
    const range = this.next().text;
    const to = this.peek().text === ']' ? undefined : this.withDepth(() => this.conditional());
    this.expect(']');
    const text = `${array.text}[${index?.text ?? ''}${range}${to?.text ?? ''}]`;
    return { kind: 'slice', at: array.at, array, from: index, to, isInclusive: range === '..=', text };
  }

  private beginsRange(): boolean {
    const { kind, text } = this.peek();
    return kind === 'operator' && text.startsWith('..');
  }

  /** Parses a C++ cast, such as `static_cast<Base *>(pointer)`. */
  private namedCast(): Expression {
    const { at, text: name } = this.next();
    this.expect('<');
    const type = parseType(this, this.scope.types);
    if (this.peek().text === '&') this.next();
    this.expect('>');
    this.expect('(');
    const operand = this.withDepth(() => this.conditional());
    this.expect(')');
    return { kind: 'cast', at, type, operand, text: `${name}<${typeName(type)}>(${operand.text})` };
  }

  private literal({ text, at }: Token): Expression {
    const { number, suffix } = splitRustLiteral(text);
    const literal: Expression = { kind: 'literal', at, ...parseNumber(number), text };
    return suffix === ''
      ? literal
      : { kind: 'cast', at, type: rustType(suffix, this.scope.types), operand: literal, text };
  }

  private primary(): Expression {
    if (NAMED_CASTS.has(this.peek().text) && this.peek(1).text === '<') return this.namedCast();
    const qualified = this.peek().kind === 'operator' ? this.qualifiedName() : undefined;
    if (qualified) return qualified;
    const token = this.peek();
    const { at } = token;
    if (token.kind === 'name') return this.qualifiedName() ?? { kind: 'name', at, name: token.text, text: token.text };
    this.next();
    switch (token.kind) {
      case 'number':
        return this.literal(token);
      case 'character':
        return { kind: 'literal', at, ...parseCharacter(token.text), text: token.text };
      case 'register':
        return { kind: 'register', at, name: token.text, text: `$${token.text}` };
      default: {
        if (token.text !== '(') throw expressionExpected(expressionParts.operand(), tokenText(token));
        const inner = this.withDepth(() => this.conditional());
        this.expect(')');
        return { ...inner, text: `(${inner.text})` };
      }
    }
  }

  /** Parses a name, which in C++ can include a scope; undefined if the next token does not begin a name. */
  private qualifiedName(): (Expression & { kind: 'name' }) | undefined {
    const { at } = this.peek();
    const found = qualifiedNameAt(
      (ahead) => this.peek(ahead),
      (name) => this.scope.types.find(name) !== undefined,
    );
    if (!found) return undefined;
    const { name } = found;
    for (let i = 0; i < found.tokens; i++) this.next();
    return { kind: 'name', at, name, text: name };
  }

  private beginsType(ahead: number): boolean {
    const { kind, text } = this.peek(ahead);
    if (kind === 'name' && this.peek(ahead + 1).text !== '::' && this.scope.isVariable(text)) return false;
    const from = { peek: (more = 0) => this.peek(ahead + more), next: () => this.peek(ahead) };
    return beginsType(from, this.scope.types);
  }

  /**
   * Parses the name of a member. The name of a base class may precede it: `Base::count`. The members of a tuple are
   * named by numbers.
   */
  private memberName(): string {
    if (this.peek().kind === 'number' && /^\d+$/.test(this.peek().text)) return this.next().text;
    const qualified = this.peek().kind === 'name' ? this.qualifiedName() : undefined;
    if (!qualified) throw expressionExpected(expressionParts.member(), tokenText(this.next()));
    return qualified.name;
  }

  private expect(text: string): void {
    const token = this.next();
    if (token.text !== text || token.kind !== 'operator')
      throw expressionExpected(expressionParts.text(text), tokenText(token));
  }

  private withDepth<T>(parse: () => T): T {
    if (++this.depth > DEPTH_MAX) throw expressionIsTooDeep();
    const result = parse();
    this.depth--;
    return result;
  }
}

function makeBinary(operator: BinaryOperator, { left, right }: { left: Expression; right: Expression }): Expression {
  return { kind: 'binary', at: left.at, operator, left, right, text: `${left.text} ${operator} ${right.text}` };
}

function tokenText(token: Token): string {
  return token.kind === 'end' ? expressionParts.end() : expressionParts.text(token.text);
}

/**
 * The binary operators, from lowest to highest precedence. As in gdb, `@` is between the shift operators and the
 * additive operators.
 */
const PRECEDENCE_LEVELS: string[][] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['@'],
  ['+', '-'],
  ['*', '/', '%'],
  ['.*', '->*'],
];

const NAMED_CASTS = new Set(['static_cast', 'reinterpret_cast', 'const_cast', 'dynamic_cast']);

/** The maximum nesting depth, which prevents a stack overflow. Real expressions are nested far less deeply. */
const DEPTH_MAX = 200;
const TOKENS_MAX = 1000;
