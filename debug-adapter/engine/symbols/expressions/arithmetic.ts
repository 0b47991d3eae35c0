import { divisionByZero, isNotANumber, valueNames } from '../../../messages/symbols.ts';
import type { Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { stripTypedefs, isFloat, isSigned, sizeOf } from '../types/typeTraits.ts';
import { DOUBLE, INT, LONG, UNSIGNED, UNSIGNED_LONG } from './builtInTypes.ts';
import { truncated } from '../values/floats.ts';
import { calculateQuadruple, compareQuadruples, Quadruple } from '../values/quadruple.ts';
import type { BinaryOperator } from './tree.ts';

/** A number with its C type. */
export interface TypedNumber {
  /**
   * A bigint for integers, pointers and enumerations; a Quadruple for `long double`; a number for other floating-point
   * types.
   */
  value: bigint | number | Quadruple;
  type: Type;
}

/** Operators whose result is 0 or 1. */
export const COMPARISONS = new Set<BinaryOperator>(['<', '>', '<=', '>=', '==', '!=']);

/**
 * Applies a binary operator according to the rules of C (C17, sections 6.3.1 and 6.5), including promotions and
 * conversions.
 */
export function calculate(operator: BinaryOperator, left: TypedNumber, right: TypedNumber): TypedNumber {
  if (operator === '<<' || operator === '>>') return shift(operator, promote(left), promote(right));
  const type = commonType(left, right);
  const [a, b] = [convertNumber(left, type).value, convertNumber(right, type).value];
  if (COMPARISONS.has(operator)) return { value: compare(operator, a, b) ? 1n : 0n, type: INT };
  if (a instanceof Quadruple || b instanceof Quadruple) {
    return { value: onQuadruples(operator, Quadruple.from(a), Quadruple.from(b), type), type };
  }
  if (typeof a === 'number' || typeof b === 'number') {
    return { value: onFloats(operator, Number(a), Number(b), type), type };
  }
  return convertNumber({ value: onIntegers(operator, a, b), type }, type);
}

/** The integer promotions (C17, section 6.3.1.1). The result type is never a typedef. */
export function promote({ value, type }: TypedNumber): TypedNumber {
  const number = { value, type: stripTypedefs(type) };
  if (typeof value !== 'bigint') return number;
  const size = sizeOf(type);
  if (number.type.kind === 'enumeration') return convertNumber(number, underlyingInteger(type));
  return size < 4 ? convertNumber(number, INT) : number;
}

/** The integer type that an enumeration converts to. */
function underlyingInteger(type: Type): Type {
  if (sizeOf(type) < 4) return INT;
  if (sizeOf(type) === 4) return isSigned(type) ? INT : UNSIGNED;
  return isSigned(type) ? LONG : UNSIGNED_LONG;
}

/**
 * Converts a value to a type's range. A floating-point value is first truncated toward zero to a 64-bit integer, as in
 * gdb. An integer wraps around.
 */
export function convertNumber({ value }: TypedNumber, type: Type): TypedNumber {
  if (isFloat(type)) return { value: toFloat(value, sizeOf(type)), type };
  const base = stripTypedefs(type);
  const whole = typeof value === 'bigint' ? value : truncated(value);
  if (base.kind === 'base' && base.encoding === 'boolean') return { value: whole !== 0n ? 1n : 0n, type };
  const bits = sizeOf(type) * 8;
  return { value: isSigned(type) ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole), type };
}

function toFloat(value: TypedNumber['value'], sizeBytes: number): number | Quadruple {
  if (sizeBytes === 16) return Quadruple.from(value);
  const number = value instanceof Quadruple ? value.toNumber() : Number(value);
  return sizeBytes === 4 ? Math.fround(number) : number;
}

export function isTrue({ value }: TypedNumber): boolean {
  if (value instanceof Quadruple) return !value.isZero;
  return typeof value === 'bigint' ? value !== 0n : value !== 0;
}

/** The usual arithmetic conversions (C17, section 6.3.1.8). */
export function commonType(left: TypedNumber, right: TypedNumber): Type {
  if (isFloat(left.type) || isFloat(right.type)) {
    const [a, b] = [left, right].map(({ type }) => (isFloat(type) ? sizeOf(type) : 0));
    if (a === 16 || b === 16) return stripTypedefs(a === 16 ? left.type : right.type);
    return a === 4 && b <= 4 ? stripTypedefs(left.type) : b === 4 && a <= 4 ? stripTypedefs(right.type) : DOUBLE;
  }
  const [a, b] = [promote(left).type, promote(right).type];
  const [aSize, bSize] = [sizeOf(a), sizeOf(b)];
  if (Math.max(aSize, bSize) > 8) return aSize >= bSize ? a : b;
  if (aSize !== bSize) return aSize > bSize ? a : b;
  const isUnsigned = !isSigned(a) || !isSigned(b);
  if (aSize < 8) return isUnsigned ? UNSIGNED : INT;
  return isUnsigned ? UNSIGNED_LONG : LONG;
}

function shift(operator: '<<' | '>>', left: TypedNumber, right: TypedNumber): TypedNumber {
  if (typeof left.value !== 'bigint') throw isNotANumber(`${left.value}`, typeName(left.type));
  const distance = typeof right.value === 'bigint' ? right.value : truncated(right.value);
  // In C, the result of shifting by the width of the type or more is undefined. Shift out all bits, as users expect.
  const by = distance < 0n ? 0n : distance > 127n ? 127n : distance;
  const value = operator === '<<' ? left.value << by : left.value >> by;
  return convertNumber({ value, type: left.type }, left.type);
}

function compare(operator: BinaryOperator, left: TypedNumber['value'], right: TypedNumber['value']): boolean {
  const isQuadruple = left instanceof Quadruple || right instanceof Quadruple;
  const a = isQuadruple ? compareQuadruples(Quadruple.from(left), Quadruple.from(right)) : left;
  const b = isQuadruple ? 0 : right;
  switch (operator) {
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
    case '==':
      return a === b;
    default:
      return a !== b;
  }
}

function onIntegers(operator: BinaryOperator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
    case '%':
      if (b === 0n) throw divisionByZero();
      return operator === '/' ? a / b : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    default:
      return a ^ b;
  }
}

function onQuadruples(operator: BinaryOperator, a: Quadruple, b: Quadruple, type: Type): Quadruple {
  if (operator === '+' || operator === '-' || operator === '*' || operator === '/') {
    return calculateQuadruple(operator, a, b);
  }
  throw isNotANumber(valueNames.operandOf(operator), typeName(type));
}

function onFloats(operator: BinaryOperator, a: number, b: number, type: Type): number {
  const results: Partial<Record<BinaryOperator, number>> = { '+': a + b, '-': a - b, '*': a * b, '/': a / b };
  const result = results[operator];
  if (result === undefined) throw isNotANumber(valueNames.operandOf(operator), typeName(type));
  return sizeOf(type) === 4 ? Math.fround(result) : result;
}
