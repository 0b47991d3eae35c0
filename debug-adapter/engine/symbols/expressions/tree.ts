import type { Type } from '../types/type.ts';
import type { Quadruple } from '../values/quadruple.ts';

/**
 * A node of a parsed expression. `text` is its source text, for messages and value names; `at` is its offset in the
 * whole expression.
 */
export type Expression = { text: string; at: number } & (
  | { kind: 'literal'; value: bigint | number | Quadruple; type: LiteralType }
  | { kind: 'name'; name: string }
  | { kind: 'register'; name: string }
  | { kind: 'unary'; operator: '-' | '+' | '!' | '~' | '*' | '&'; operand: Expression }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression }
  | { kind: 'conditional'; condition: Expression; yes: Expression; no: Expression }
  | { kind: 'member'; object: Expression; member: string; throughPointer: boolean }
  | { kind: 'index'; array: Expression; index: Expression }
  /** Rust's `array[from..to]`. */
  | { kind: 'slice'; array: Expression; from?: Expression; to?: Expression; isInclusive: boolean }
  | { kind: 'cast'; type: Type; operand: Expression }
  | { kind: 'sizeofType'; type: Type }
  | { kind: 'sizeofValue'; operand: Expression }
  | { kind: 'repeat'; first: Expression; count: Expression }
  | { kind: 'assignment'; target: Expression; value: Expression }
);

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '<<'
  | '>>'
  | '&'
  | '|'
  | '^'
  | '<'
  | '>'
  | '<='
  | '>='
  | '=='
  | '!='
  | '&&'
  | '||'
  | '.*'
  | '->*'
  | ',';

export type LiteralType = 'int' | 'unsigned' | 'long' | 'unsignedLong' | 'double' | 'longDouble' | 'float' | 'char';
