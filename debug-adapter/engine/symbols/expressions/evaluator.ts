import {
  badCount,
  cannotBeAssigned,
  hasNoAddress,
  isNotANumber,
  isNotAPointer,
  isNotAStruct,
  memberIsUnknown,
  memoryIsUnreadable,
  nameIsUnknown,
  registerIsUnknown,
  typeIsIncomplete,
  valueIsOptimizedOut,
  valueNames,
} from '../../../messages/symbols.ts';
import { pathsTo } from '../types/members.ts';
import { sliceParts } from '../types/rustTypes.ts';
import type { Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { stripTypedefs, isComplex, isComposite, isFloat, sizeOf } from '../types/typeTraits.ts';
import { readFloat } from '../values/floats.ts';
import type { Quadruple } from '../values/quadruple.ts';
import { elementOf, memberOf, partAt } from '../values/parts.ts';
import { objectOf } from '../values/rustValue.ts';
import { GuestValue } from '../values/shownValue.ts';
import { toBytes } from '../littleEndian.ts';
import type { Storage } from '../values/storage.ts';
import { calculate, COMPARISONS, convertNumber, isTrue, promote, type TypedNumber } from './arithmetic.ts';
import { BOOL, CHAR, DOUBLE, FLOAT, INT, LONG, LONG_DOUBLE, UNSIGNED, UNSIGNED_LONG } from './builtInTypes.ts';
import { calculateComplex, complexFrom, complexOf } from './complexNumbers.ts';
import { bytesOfNumber } from './conversion.ts';
import type { Environment } from './environment.ts';
import { memberPointerTo, memberThrough } from './memberAccess.ts';
import { classPointer, strideIn } from './pointers.ts';
import { isRustInteger, memberOfVariant, rangeOf } from './rustOperators.ts';
import type { Expression, LiteralType } from './tree.ts';

/** Computes an expression's value in an environment. Reads the guest but never modifies it. */
export class Evaluator {
  private readonly environment: Environment;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  evaluate(expression: Expression): GuestValue {
    switch (expression.kind) {
      case 'literal':
        return this.computed(expression, { value: expression.value, type: LITERALS[expression.type] });
      case 'name':
        return this.name(expression.name);
      case 'register':
        return this.register(expression.name);
      case 'unary':
        return this.unary(expression);
      case 'binary':
        return this.binary(expression);
      case 'conditional':
        return this.evaluate(isTrue(this.number(expression.condition)) ? expression.yes : expression.no);
      case 'member':
        return this.member(expression);
      case 'index':
        return this.index(expression);
      case 'slice':
        return this.slice(expression);
      case 'cast':
        return this.cast(expression);
      case 'sizeofType':
        return this.sizeof(expression, expression.type);
      case 'sizeofValue':
        return this.sizeof(expression, this.operand(expression.operand).type);
      case 'repeat':
        return this.repeat(expression);
      case 'assignment':
        throw cannotBeAssigned(`(${expression.text})`);
    }
  }

  /** Evaluates the target of an assignment, which must be in memory or in a register. */
  target(expression: Expression): GuestValue {
    const value = this.operand(expression);
    const { kind } = value.location;
    if ((kind !== 'memory' && kind !== 'register') || sizeOf(value.type) === 0) throw cannotBeAssigned(expression.text);
    return value;
  }

  /** An arithmetic or pointer value; arrays and functions decay to their addresses. */
  number(expression: Expression): TypedNumber {
    return this.numberOf(this.operand(expression), expression.text);
  }

  /** Evaluates an operand. A reference is replaced by its target. */
  private operand(expression: Expression): GuestValue {
    return this.evaluate(expression).referent;
  }

  private numberOf(value: GuestValue, text: string): TypedNumber {
    const type = stripTypedefs(value.type);
    if (type.kind === 'array' || type.kind === 'function') {
      const address = this.addressOf(value, text);
      const target = type.kind === 'array' ? type.element() : value.type;
      return { value: address, type: { kind: 'pointer', sizeBytes: 8, target: () => target } };
    }
    if ((type.kind !== 'base' && type.kind !== 'enumeration' && type.kind !== 'pointer') || isComplex(type)) {
      throw isNotANumber(text, typeName(value.type));
    }
    const number = isFloat(type) ? floatOf(value) : value.integer();
    if (number !== undefined) return { value: number, type: value.type };
    const result = value.read();
    throw result.kind === 'unreadable' ? memoryIsUnreadable(result.address) : valueIsOptimizedOut(text);
  }

  private name(name: string): GuestValue {
    const found = this.environment.variable(name) ?? this.environment.function(name);
    if (found) return found;
    const enumerator = this.environment.enumerator(name);
    if (enumerator) return this.computed({ text: name }, enumerator);
    const symbol = this.environment.symbol(name);
    if (symbol) return symbol;
    const constant = CONSTANTS[name];
    if (constant) return this.computed({ text: name }, constant);
    throw nameIsUnknown(name);
  }

  private register(name: string): GuestValue {
    const value = this.environment.register(name);
    if (!value) throw registerIsUnknown(name);
    return value;
  }

  private unary(expression: Expression & { kind: 'unary' }): GuestValue {
    const { operator, operand } = expression;
    if (operator === '&') {
      const pointer = operand.kind === 'name' ? memberPointerTo(operand.name, this.environment) : undefined;
      if (pointer) return this.make(expression, pointer.type, { kind: 'bytes', bytes: pointer.bytes });
      const value = this.operand(operand);
      const address = this.addressOf(value, operand.text);
      return this.computed(expression, {
        value: address,
        type: { kind: 'pointer', sizeBytes: 8, target: () => value.type },
      });
    }
    if (operator === '*') {
      const pointer = this.operand(operand);
      const target = syntheticTarget(pointer) ?? objectOf(pointer);
      if (target) return this.withName(target, expression.text);
      return this.dereference(operand, this.numberOf(pointer, operand.text), expression.text);
    }
    const complex = this.complex(expression, [operand]);
    if (complex) return complex;
    const number = this.number(operand);
    if (operator === '!' && isRustInteger(number.type) && typeof number.value === 'bigint') {
      return this.computed(expression, convertNumber({ ...number, value: ~number.value }, number.type));
    }
    if (operator === '!') return this.truth(expression, !isTrue(number));
    const promoted = promote(number);
    if (stripTypedefs(number.type).kind === 'pointer') throw isNotANumber(operand.text, typeName(number.type));
    if (operator === '~' && typeof promoted.value !== 'bigint') throw isNotANumber(operand.text, typeName(number.type));
    const value =
      operator === '+' ? promoted.value : operator === '-' ? negated(promoted.value) : ~(promoted.value as bigint);
    return this.computed(expression, convertNumber({ value, type: promoted.type }, promoted.type));
  }

  private dereference(operand: Expression, pointer: TypedNumber, text: string): GuestValue {
    const type = stripTypedefs(pointer.type);
    if (type.kind !== 'pointer' || typeof pointer.value !== 'bigint') {
      throw isNotAPointer(operand.text, typeName(pointer.type));
    }
    const target = type.target();
    if (stripTypedefs(target).kind === 'void') throw typeIsIncomplete(valueNames.targetOf(operand.text));
    return this.inMemory(text, target, pointer.value);
  }

  private binary(expression: Expression & { kind: 'binary' }): GuestValue {
    const { operator, left, right } = expression;
    if (operator === '&&' || operator === '||') {
      const first = isTrue(this.number(left));
      const result = operator === '&&' ? first && isTrue(this.number(right)) : first || isTrue(this.number(right));
      return this.truth(expression, result);
    }
    if (operator === '.*' || operator === '->*') {
      const value = this.operand(left);
      const target = operator === '.*' ? value : this.dereference(left, this.numberOf(value, left.text), left.text);
      const { type, address } = memberThrough(target, this.operand(right), { object: left.text, pointer: right.text });
      return this.inMemory(expression.text, type, address);
    }
    const complex = this.complex(expression, [left, right]);
    if (complex) return complex;
    const [a, b] = [this.number(left), this.number(right)];
    const isPointer = ({ type }: TypedNumber) => stripTypedefs(type).kind === 'pointer';
    if (COMPARISONS.has(operator))
      return this.truth(expression, isTrue(calculate(operator, asAddress(a), asAddress(b))));
    if (!isPointer(a) && !isPointer(b)) return this.computed(expression, calculate(operator, a, b));
    if (operator === '+' && isPointer(b) && !isPointer(a)) return this.pointerSum(expression, b, a);
    if (operator === '-' && isPointer(a) && isPointer(b)) return this.distance(expression, a, b);
    if ((operator === '+' || operator === '-') && isPointer(a) && !isPointer(b)) {
      const step = calculate('*', b, { value: operator === '+' ? 1n : -1n, type: LONG });
      return this.pointerSum(expression, a, step);
    }
    throw isNotANumber(expression.text, typeName(isPointer(a) ? a.type : b.type));
  }

  /** The result of a comparison, whose type depends on the language of the frame. */
  private truth(expression: { text: string }, value: boolean): GuestValue {
    return this.computed(expression, { value: value ? 1n : 0n, type: this.environment.hasBool ? BOOL : INT });
  }

  private pointerSum(expression: Expression, pointer: TypedNumber, count: TypedNumber): GuestValue {
    if (typeof pointer.value !== 'bigint' || typeof count.value !== 'bigint') {
      throw isNotANumber(expression.text, typeName(count.type));
    }
    const value = BigInt.asUintN(64, pointer.value + count.value * strideIn(this.environment.context, pointer.type));
    return this.computed(expression, { value, type: pointer.type });
  }

  private distance(expression: Expression, a: TypedNumber, b: TypedNumber): GuestValue {
    const bytes = BigInt.asIntN(64, (a.value as bigint) - (b.value as bigint));
    return this.computed(expression, { value: bytes / strideIn(this.environment.context, a.type), type: LONG });
  }

  /**
   * `->` and `.` both work on pointers and on structs, so that users need not check whether a variable is a pointer.
   */
  private member(expression: Expression & { kind: 'member' }): GuestValue {
    const { object, member, text } = expression;
    let value = this.operand(object);
    const kind = stripTypedefs(value.type).kind;
    if (kind === 'pointer' || kind === 'array')
      value = syntheticTarget(value) ?? this.dereference(object, this.numberOf(value, object.text), object.text);
    const type = stripTypedefs(value.type);
    if (!isComposite(type)) throw isNotAStruct(object.text, typeName(value.type));
    if (type.isIncomplete) throw typeIsIncomplete(typeName(value.type));
    const part = type.variants?.();
    if (part) return this.withName(memberOfVariant(value, part, expression), text);
    const [path] = pathsTo(type, member);
    if (!path) throw memberIsUnknown(member, typeName(value.type));
    const found = partAt(value, path);
    return this.withName(found, text);
  }

  private index(expression: Expression & { kind: 'index' }): GuestValue {
    const { array, index, text } = expression;
    const indexed = this.operand(array);
    const slice = sliceParts(indexed.type);
    const value = slice ? memberOf(indexed, slice.pointer) : indexed;
    const type = stripTypedefs(value.type);
    const number = this.number(index);
    if (typeof number.value !== 'bigint' || stripTypedefs(number.type).kind === 'pointer') {
      throw isNotANumber(index.text, typeName(number.type));
    }
    // Index the value directly: an array in registers has no address for pointer arithmetic.
    if (type.kind === 'array' && number.value >= 0n && number.value < 2n ** 31n) {
      return this.withName(elementOf(value, type, Number(number.value)), text);
    }
    const pointer = this.numberOf(value, array.text);
    if (stripTypedefs(pointer.type).kind !== 'pointer') throw isNotAPointer(array.text, typeName(value.type));
    const sum = this.pointerSum(expression, pointer, number);
    return this.dereference(array, this.numberOf(sum, text), text);
  }

  private slice(expression: Expression & { kind: 'slice' }): GuestValue {
    const indexed = this.operand(expression.array);
    const { pointer } = sliceParts(indexed.type) ?? {};
    const start = this.numberOf(pointer ? memberOf(indexed, pointer) : indexed, expression.array.text);
    const { first, type } = rangeOf(expression, { indexed, start, number: (bound) => this.number(bound).value });
    return this.inMemory(
      expression.text,
      type,
      (start.value as bigint) + first * strideIn(indexed.context, start.type),
    );
  }

  /** The result of an operator with a complex operand; undefined if no operand is complex. */
  private complex(
    expression: Expression & ({ kind: 'unary' } | { kind: 'binary' }),
    operands: readonly Expression[],
  ): GuestValue | undefined {
    const values = operands.map((operand) => this.operand(operand));
    if (!values.some(({ type }) => isComplex(type))) return undefined;
    const numbers = values.map((value, i) => {
      const bytes = isComplex(value.type) ? value.bytes() : undefined;
      if (bytes) return complexOf(bytes);
      if (isComplex(value.type)) throw valueIsOptimizedOut(operands[i].text);
      return complexFrom(this.numberOf(value, operands[i].text));
    });
    const result = calculateComplex(
      expression.operator,
      numbers,
      values.map(({ type }) => type),
    );
    if (result === undefined) throw isNotANumber(expression.text, typeName(values[0].type));
    if (typeof result === 'boolean') return this.truth(expression, result);
    return this.make(expression, result.type, { kind: 'bytes', bytes: result.bytes });
  }

  private cast(expression: Expression & { kind: 'cast' }): GuestValue {
    const { type, operand } = expression;
    const kind = stripTypedefs(type).kind;
    if (kind === 'void') return this.make(expression, type, { kind: 'bytes', bytes: new Uint8Array() });
    if ((kind !== 'base' && kind !== 'pointer' && kind !== 'enumeration') || isComplex(type)) {
      // As in gdb, a value in memory can be cast to any type.
      const value = this.operand(operand);
      return this.inMemory(expression.text, type, this.addressOf(value, operand.text));
    }
    const number = this.number(operand);
    const adjusted = kind === 'pointer' ? classPointer(number, type, this.environment.context) : undefined;
    return this.computed(expression, convertNumber(adjusted ?? number, type));
  }

  private sizeof(expression: Expression, type: Type): GuestValue {
    if (isComposite(stripTypedefs(type)) && sizeOf(type) === 0) throw typeIsIncomplete(typeName(type));
    return this.computed(expression, { value: BigInt(sizeOf(type)), type: UNSIGNED_LONG });
  }

  /** Evaluates gdb's `first@count`, which shows adjacent values in memory as an array. */
  private repeat(expression: Expression & { kind: 'repeat' }): GuestValue {
    const first = this.operand(expression.first);
    const { value: count } = this.number(expression.count);
    if (typeof count !== 'bigint' || count < 1n || count > 2n ** 24n) throw badCount(`${count}`);
    const address = this.addressOf(first, expression.first.text);
    const type: Type = { kind: 'array', element: () => first.type, count: Number(count) };
    return this.inMemory(expression.text, type, address);
  }

  private addressOf(value: GuestValue, text: string): bigint {
    const { lvalue } = value;
    if (!lvalue || lvalue.bits) {
      throw value.location.kind === 'optimizedOut' ? valueIsOptimizedOut(text) : hasNoAddress(text);
    }
    return lvalue.address;
  }

  private computed(expression: { text: string }, number: TypedNumber): GuestValue {
    const bytes = bytesOfNumber(number) ?? toBytes(0n, 0);
    return this.make(expression, number.type, { kind: 'bytes', bytes });
  }

  private inMemory(text: string, type: Type, address: bigint): GuestValue {
    return this.make({ text }, type, { kind: 'memory', address, frame: this.environment.context.frame });
  }

  private make({ text }: { text: string }, type: Type, storage: Storage): GuestValue {
    return new GuestValue({ name: text, type, storage, expression: text, context: this.environment.context });
  }

  private withName(value: GuestValue, text: string): GuestValue {
    const { type, storage, offsetBytes, bits, context } = value;
    return new GuestValue({ name: text, type, storage, offsetBytes, bits, context, expression: text });
  }
}

/** C++ constants, indexed by name. */
export const CONSTANTS: Record<string, (TypedNumber & { value: bigint }) | undefined> = {
  true: { value: 1n, type: BOOL },
  false: { value: 0n, type: BOOL },
  nullptr: { value: 0n, type: { kind: 'pointer', sizeBytes: 8, target: () => ({ kind: 'void' }) } },
};

export const LITERALS: Record<LiteralType, Type> = {
  int: INT,
  unsigned: UNSIGNED,
  long: LONG,
  unsignedLong: UNSIGNED_LONG,
  double: DOUBLE,
  longDouble: LONG_DOUBLE,
  float: FLOAT,
  char: CHAR,
};

function asAddress(number: TypedNumber): TypedNumber {
  return stripTypedefs(number.type).kind === 'pointer' ? { value: number.value, type: UNSIGNED_LONG } : number;
}

/** The target of a pointer that exists only in the debug information (DW_OP_implicit_pointer). */
const syntheticTarget = (pointer: GuestValue) => (pointer.syntheticTarget ? pointer.pointee() : undefined);

const negated = (value: TypedNumber['value']) => (typeof value === 'object' ? value.negated() : -value);

function floatOf(value: GuestValue): number | Quadruple | undefined {
  const bytes = value.bytes();
  return bytes && readFloat(bytes);
}
