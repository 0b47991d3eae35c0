import { isNotANumber, valueNames } from '../../../messages/symbols.ts';
import { assert } from '../../base/assert.ts';
import type { BinaryOperator as Operator, Predicate } from '../../target/predicate.ts';
import type { Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { isFloat, isSigned, sizeOf, stripTypedefs } from '../types/typeTraits.ts';
import { commonType, COMPARISONS, promote } from './arithmetic.ts';
import { INT } from './builtInTypes.ts';
import { binary, constant, extend, isNotZero, select } from './predicateParts.ts';
import type { BinaryOperator } from './tree.ts';

/**
 * A number with its C type. The value is extended to 64 bits according to the type; it is undefined if the machine
 * cannot compute it.
 */
export interface TypedPredicate {
  value: Predicate | undefined;
  type: Type;
}

/** The result of `calculate`, as a predicate. */
export function compileArithmetic(
  operator: BinaryOperator,
  left: TypedPredicate,
  right: TypedPredicate,
): TypedPredicate {
  if (operator === '<<' || operator === '>>') return shift(operator, compilePromotion(left), compilePromotion(right));
  const type = commonType(sample(left), sample(right));
  if (isFloat(type) && !COMPARISONS.has(operator) && !'+-*/'.includes(operator)) {
    throw isNotANumber(valueNames.operandOf(operator), typeName(type));
  }
  const result = COMPARISONS.has(operator) ? INT : type;
  const [a, b] = [left, right].map((one) => (one.value && !isFloat(one.type) ? converted(one.value, type) : undefined));
  if (!a || !b) return { value: undefined, type: result };
  const operation = OPERATORS[operator];
  assert(operation !== undefined, 'logical operators are compiled elsewhere');
  const [inOrder, compiled] = operation(isSigned(type));
  const value = inOrder === 'inOrder' ? binary(compiled, a, b) : binary(compiled, b, a);
  return { value: result === INT && COMPARISONS.has(operator) ? value : converted(value, type), type: result };
}

/** The result of `promote`. */
export function compilePromotion({ value, type }: TypedPredicate): TypedPredicate {
  const promoted = promote(sample({ value, type })).type;
  return { value: value && converted(value, promoted), type: promoted };
}

/** The result of `convertNumber` for an integer; undefined if the type does not fit in 64 bits. */
export function converted(value: Predicate, type: Type): Predicate | undefined {
  const base = stripTypedefs(type);
  if (isFloat(type)) return undefined;
  if (base.kind === 'base' && base.encoding === 'boolean') return isNotZero(value);
  const size = sizeOf(type);
  return size >= 1 && size <= 8 ? extend(value, size * 8, isSigned(type)) : undefined;
}

function shift(operator: '<<' | '>>', left: TypedPredicate, right: TypedPredicate): TypedPredicate {
  const { type } = left;
  if (isFloat(type)) throw isNotANumber(valueNames.operandOf(operator), typeName(type));
  if (!left.value || !right.value) return { value: undefined, type };
  // Shifting by the width of the type or more shifts out all bits; a negative distance counts as 0.
  const zero = constant(0n);
  const isNegative = binary('ltS', right.value, zero);
  const by = isSigned(right.type) ? select(isNegative, zero, right.value) : right.value;
  const isShort = binary('leU', by, constant(63n));
  // Zero, but computed from the left operand, so that the result has no value if the left operand has none.
  const empty = binary('and', left.value, zero);
  if (operator === '<<') {
    return { value: converted(select(isShort, binary('shl', left.value, by), empty), type), type };
  }
  const compiled = isSigned(type) ? 'shrS' : 'shrU';
  const shiftedOut = isSigned(type) ? binary('shrS', left.value, constant(63n)) : empty;
  return { value: select(isShort, binary(compiled, left.value, by), shiftedOut), type };
}

/** The functions in `arithmetic.ts` determine the type of a result from operands with values, so use 0 as the value. */
const sample = ({ type }: TypedPredicate) => ({ value: isFloat(type) ? 0 : 0n, type });

type Compiled = (signed: boolean) => ['inOrder' | 'swapped', Operator];

const always =
  (operator: Operator): Compiled =>
  () => ['inOrder', operator];

const bySign =
  (ofSigned: Operator, ofUnsigned: Operator, order: 'inOrder' | 'swapped' = 'inOrder'): Compiled =>
  (signed) => [order, signed ? ofSigned : ofUnsigned];

const OPERATORS: Partial<Record<BinaryOperator, Compiled>> = {
  '+': always('add'),
  '-': always('sub'),
  '*': always('mul'),
  '/': bySign('divS', 'divU'),
  '%': bySign('remS', 'remU'),
  '&': always('and'),
  '|': always('or'),
  '^': always('xor'),
  '==': always('eq'),
  '!=': always('ne'),
  '<': bySign('ltS', 'ltU'),
  '<=': bySign('leS', 'leU'),
  '>': bySign('ltS', 'ltU', 'swapped'),
  '>=': bySign('leS', 'leU', 'swapped'),
};
