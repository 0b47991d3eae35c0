import type { Inspector } from '../../target/inspector.ts';
import { type BinaryOperator, evaluatePredicate, type Predicate } from '../../target/predicate.ts';

// Functions that build predicates and evaluate their constant parts.

export const constant = (value: bigint): Predicate => ({ kind: 'constant', value: BigInt.asUintN(64, value) });

export const binary = (operator: BinaryOperator, left: Predicate, right: Predicate): Predicate =>
  folded({ ...{ kind: 'binary', operator }, ...{ left, right } }, left, right);

export const isZero = (value: Predicate): Predicate =>
  folded({ ...{ kind: 'unary', operator: 'isZero' }, value }, value);

export const isNotZero = (value: Predicate): Predicate => binary('ne', value, constant(0n));

export const extend = (value: Predicate, bits: number, signed: boolean): Predicate =>
  bits >= 64 ? value : folded({ kind: 'extend', value, bits, signed }, value);

export const select = (condition: Predicate, yes: Predicate, no: Predicate): Predicate => {
  if (condition.kind === 'constant') return condition.value === 0n ? no : yes;
  return { kind: 'select', condition, yes, no };
};

/** The number of nodes in a predicate. A node that is used several times is counted each time. */
export function sizeOfPredicate(predicate: Predicate, known = new Map<Predicate, number>()): number {
  const cached = known.get(predicate);
  if (cached !== undefined) return cached;
  let size = 1;
  for (const child of Object.values(predicate) as unknown[]) {
    if (typeof child === 'object' && child !== null) size += sizeOfPredicate(child as Predicate, known);
  }
  known.set(predicate, size);
  return size;
}

function folded(predicate: Predicate, ...operands: Predicate[]): Predicate {
  if (!operands.every(({ kind }) => kind === 'constant')) return predicate;
  const value = evaluatePredicate(predicate, NO_HART);
  return value === undefined ? predicate : constant(value);
}

/** A constant predicate has the same value on every hart. */
const NO_HART = {} as Inspector;
