import {
  cannotBeAssigned,
  hasNoAddress,
  isNotANumber,
  isNotAPointer,
  isNotAStruct,
  memberIsUnknown,
  nameIsUnknown,
  registerIsUnknown,
  typeIsIncomplete,
  valueIsOptimizedOut,
  valueNames,
} from '../../../messages/symbols.ts';
import type { Predicate } from '../../target/predicate.ts';
import { pathsTo, pathToBase } from '../types/members.ts';
import { sliceParts } from '../types/rustTypes.ts';
import type { Base, Member, Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import {
  hasDynamicSize,
  isComplex,
  isComposite,
  isFloat,
  isSigned,
  sizeOf,
  stripTypedefs,
} from '../types/typeTraits.ts';
import { COMPARISONS } from './arithmetic.ts';
import { INT, LONG, UNSIGNED_LONG } from './builtInTypes.ts';
import { compileArithmetic, compilePromotion, converted, type TypedPredicate } from './compiledArithmetic.ts';
import { CONSTANTS, LITERALS } from './evaluator.ts';
import { located } from './invalidExpression.ts';
import { binary, constant, extend, isNotZero, isZero, select } from './predicateParts.ts';
import { isRustInteger, memberOfSomeVariant } from './rustOperators.ts';
import { pointerStride, targetOf } from './pointers.ts';
import type { Expression } from './tree.ts';
import type { VariableLocation } from './variableLocation.ts';

/** An operand of known type. Parts that the machine cannot compute are undefined. */
export type Operand = { type: Type } & (
  | { kind: 'number'; value: Predicate | undefined }
  | { kind: 'memory'; address: Predicate | undefined; bits?: Member['bits'] }
  /** A part of a register. */
  | { kind: 'register'; contents: Predicate; offsetBytes: number; bits?: Member['bits'] }
  | { kind: 'optimizedOut' }
);

/** The names that an expression can use at a code address. */
export interface CompilerNames {
  variable(name: string): { type: Type; location: VariableLocation | undefined } | undefined;
  function(name: string): { type: Type; address: bigint } | undefined;
  /** A symbol without debug information. */
  symbol(name: string): { type: Type; address: bigint } | undefined;
  enumerator(name: string): { type: Type; value: bigint } | undefined;
  register(name: string): { type: Type; contents: Predicate | undefined } | undefined;
}

/**
 * Checks an expression and, if the machine can compute it, compiles it to a predicate. Names and types are checked as
 * in `Evaluator`, but before the values are known, so that errors are found when an expression is entered.
 */
export class Compiler {
  private readonly names: CompilerNames;

  constructor(names: CompilerNames) {
    this.names = names;
  }

  /** Compiles a test for a nonzero value; the result is 0 or 1. Throws an InvalidExpression. */
  truth(expression: Expression): Predicate | undefined {
    if (expression.kind === 'conditional') {
      const [condition, yes, no] = [expression.condition, expression.yes, expression.no].map((one) => this.truth(one));
      return condition && yes && no && select(condition, yes, no);
    }
    const { value } = this.number(expression);
    return value && isNotZero(value);
  }

  operand(expression: Expression): Operand {
    return located(
      () => expression.at,
      () => referent(this.compile(expression)),
    );
  }

  /** Compiles an expression to a number; arrays and functions decay to their addresses. */
  private number(expression: Expression): TypedPredicate {
    return located(
      () => expression.at,
      () => this.numberOf(this.operand(expression), expression.text),
    );
  }

  private numberOf(operand: Operand, text: string): TypedPredicate {
    const type = stripTypedefs(operand.type);
    if (type.kind === 'array' || type.kind === 'function') {
      const target = type.kind === 'array' ? type.element() : operand.type;
      return { value: this.addressOf(operand, text), type: pointerTo(target) };
    }
    if ((type.kind !== 'base' && type.kind !== 'enumeration' && type.kind !== 'pointer') || isComplex(type)) {
      throw isNotANumber(text, typeName(operand.type));
    }
    if (operand.kind === 'optimizedOut') throw valueIsOptimizedOut(text);
    return { value: valueOf(operand), type: operand.type };
  }

  private compile(expression: Expression): Operand {
    switch (expression.kind) {
      case 'literal': {
        const type = LITERALS[expression.type];
        const { value } = expression;
        return computed({ type, value: typeof value === 'bigint' ? constant(value) : undefined });
      }
      case 'name':
        return this.name(expression.name);
      case 'register':
        return this.register(expression.name);
      case 'unary':
        return this.unary(expression);
      case 'binary':
        return this.binary(expression);
      case 'conditional':
        return this.conditional(expression);
      case 'member':
        return this.member(expression);
      case 'index':
        return this.index(expression);
      case 'slice': {
        const zero: Expression = { kind: 'literal', at: expression.at, value: 0n, type: 'int', text: '0' };
        const first = this.index({ ...expression, kind: 'index', index: expression.from ?? zero });
        if (expression.to) this.number(expression.to);
        const type: Type = { kind: 'array', element: () => first.type, count: undefined };
        return { kind: 'memory', address: undefined, type };
      }
      case 'cast':
        return this.cast(expression);
      case 'sizeofType':
        return sizeOfType(expression.type);
      case 'sizeofValue':
        return sizeOfType(this.operand(expression.operand).type);
      case 'repeat': {
        const first = this.operand(expression.first);
        this.number(expression.count);
        const address = this.addressOf(first, expression.first.text);
        return { kind: 'memory', address, type: { kind: 'array', element: () => first.type, count: undefined } };
      }
      case 'assignment':
        throw cannotBeAssigned(`(${expression.text})`);
    }
  }

  private name(name: string): Operand {
    const { names } = this;
    const variable = names.variable(name);
    if (variable) return operandAt(variable);
    const code = names.function(name);
    if (code) return { kind: 'memory', type: code.type, address: constant(code.address) };
    const enumerator = names.enumerator(name);
    if (enumerator) {
      return computed({ type: enumerator.type, value: converted(constant(enumerator.value), enumerator.type) });
    }
    const symbol = names.symbol(name);
    const named = CONSTANTS[name];
    if (!symbol && named) return computed({ type: named.type, value: constant(named.value) });
    if (!symbol) throw nameIsUnknown(name);
    return { kind: 'memory', type: symbol.type, address: constant(symbol.address) };
  }

  private register(name: string): Operand {
    const register = this.names.register(name);
    if (!register) throw registerIsUnknown(name);
    return computed({ type: register.type, value: register.contents });
  }

  private unary(expression: Expression & { kind: 'unary' }): Operand {
    const { operator, operand } = expression;
    if (operator === '&') {
      const value = this.operand(operand);
      return computed({ type: pointerTo(value.type), value: this.addressOf(value, operand.text) });
    }
    if (operator === '!' && !isRustInteger(this.operand(operand).type)) {
      const value = this.truth(operand);
      return computed({ type: INT, value: value && isZero(value) });
    }
    const { type: operandType } = this.operand(operand);
    if (operator === '-' && isComplex(operandType)) return computed({ type: operandType, value: undefined });
    const number = this.number(operand);
    if (operator === '*') return dereference(operand, number);
    if (operator === '!') {
      const inverted: Predicate | undefined = number.value && { kind: 'unary', operator: 'not', value: number.value };
      return computed({ type: number.type, value: inverted && converted(inverted, number.type) });
    }
    const isPointer = stripTypedefs(number.type).kind === 'pointer';
    if (isPointer || (operator === '~' && isFloat(number.type))) {
      throw isNotANumber(operand.text, typeName(number.type));
    }
    const { type, value } = compilePromotion(number);
    if (operator === '+' || !value) return computed({ type, value });
    const result: Predicate = { kind: 'unary', operator: operator === '-' ? 'negate' : 'not', value };
    return computed({ type, value: converted(result, type) });
  }

  private binary(expression: Expression & { kind: 'binary' }): Operand {
    const { operator, left, right } = expression;
    if (operator === '&&' || operator === '||') {
      const [first, second] = [this.truth(left), this.truth(right)];
      if (!first || !second) return computed({ type: INT, value: undefined });
      const value = operator === '&&' ? select(first, second, constant(0n)) : select(first, constant(1n), second);
      return computed({ type: INT, value });
    }
    const types = [left, right].map((side) => this.operand(side).type);
    // The machine does not evaluate these operators, so only their types matter here.
    const complex = types.find((type) => isComplex(type));
    const member = stripTypedefs(types[1]);
    if (member.kind === 'memberPointer' && /\*$/.test(operator))
      return { kind: 'memory', address: undefined, type: member.target() };
    if (complex) return computed({ type: COMPARISONS.has(operator) ? INT : complex, value: undefined });
    const [a, b] = [this.number(left), this.number(right)];
    const [isA, isB] = [a, b].map(({ type }) => stripTypedefs(type).kind === 'pointer');
    if (!isA && !isB) return computed(compileArithmetic(operator, a, b));
    if (COMPARISONS.has(operator)) return computed(compileArithmetic(operator, asAddress(a), asAddress(b)));
    if (operator === '+' && isB && !isA) return this.pointerSum(expression, { pointer: b, count: a, sign: 1n });
    if (operator === '-' && isA && isB) return distance(a, b);
    if ((operator === '+' || operator === '-') && isA && !isB) {
      return this.pointerSum(expression, { pointer: a, count: b, sign: operator === '+' ? 1n : -1n });
    }
    throw isNotANumber(expression.text, typeName(isA ? a.type : b.type));
  }

  private pointerSum(
    { text }: Expression,
    { pointer, count, sign }: { pointer: TypedPredicate; count: TypedPredicate; sign: bigint },
  ): Operand {
    if (isFloat(count.type)) throw isNotANumber(text, typeName(count.type));
    const stride = fixedStride(pointer.type);
    const offset = count.value && stride !== undefined && binary('mul', count.value, constant(sign * stride));
    return computed({
      type: pointer.type,
      value: pointer.value && offset ? binary('add', pointer.value, offset) : undefined,
    });
  }

  private conditional(expression: Expression & { kind: 'conditional' }): Operand {
    const condition = this.truth(expression.condition);
    const [yes, no] = [this.operand(expression.yes), this.operand(expression.no)];
    if (!isSameNumberType(yes.type, no.type)) {
      // The type of the result depends on the value of the condition.
      const isPointer = stripTypedefs(no.type).kind === 'pointer';
      return { kind: 'number', type: isPointer ? no.type : yes.type, value: undefined };
    }
    const [a, b] = [this.numberOf(yes, expression.yes.text).value, this.numberOf(no, expression.no.text).value];
    return computed({ type: yes.type, value: condition && a && b && select(condition, a, b) });
  }

  private member(expression: Expression & { kind: 'member' }): Operand {
    const { object, member } = expression;
    let value = this.operand(object);
    const { kind } = stripTypedefs(value.type);
    if (kind === 'pointer' || kind === 'array') value = dereference(object, this.numberOf(value, object.text));
    const type = stripTypedefs(value.type);
    if (!isComposite(type)) throw isNotAStruct(object.text, typeName(value.type));
    if (type.isIncomplete) throw typeIsIncomplete(typeName(value.type));
    // Which members a Rust enum has depends on its value, so the evaluator determines them, not the compiler.
    const inVariant = memberOfSomeVariant(type, member);
    if (inVariant) return { kind: 'memory', type: inVariant, address: undefined };
    const [path] = pathsTo(type, member);
    if (!path) throw memberIsUnknown(member, typeName(value.type));
    return path.reduce(
      (inner, step) => (step.kind === 'base' ? baseOf(inner, step.base) : memberOf(inner, step.member)),
      value,
    );
  }

  private index(expression: Expression & { kind: 'index' }): Operand {
    const { array, index, text } = expression;
    const indexed = this.operand(array);
    const slice = sliceParts(indexed.type);
    const value = slice ? memberOf(indexed, slice.pointer) : indexed;
    const number = this.number(index);
    if (isFloat(number.type) || stripTypedefs(number.type).kind === 'pointer') {
      throw isNotANumber(index.text, typeName(number.type));
    }
    const type = stripTypedefs(value.type);
    // The elements of an array in registers have no addresses.
    if (type.kind === 'array' && value.kind !== 'memory') {
      return { kind: 'number', type: type.element(), value: undefined };
    }
    const pointer = this.numberOf(value, array.text);
    if (stripTypedefs(pointer.type).kind !== 'pointer') throw isNotAPointer(array.text, typeName(value.type));
    const sum = this.pointerSum(expression, { pointer, count: number, sign: 1n });
    return dereference(array, this.numberOf(sum, text));
  }

  private cast(expression: Expression & { kind: 'cast' }): Operand {
    const { type, operand } = expression;
    const { kind } = stripTypedefs(type);
    if (kind === 'void') return { kind: 'number', type, value: undefined };
    if ((kind !== 'base' && kind !== 'pointer' && kind !== 'enumeration') || isComplex(type)) {
      return { kind: 'memory', type, address: this.addressOf(this.operand(operand), operand.text) };
    }
    const { type: from, value } = this.number(operand);
    const isFixed = !isFloat(from) && !isClassConversion(from, type);
    return computed({ type, value: value && isFixed ? converted(value, type) : undefined });
  }

  private addressOf(operand: Operand, text: string): Predicate | undefined {
    if (operand.kind === 'memory' && !operand.bits) return operand.address;
    if (operand.kind === 'number' && operand.value === undefined) return undefined;
    throw operand.kind === 'optimizedOut' ? valueIsOptimizedOut(text) : hasNoAddress(text);
  }
}

const pointerTo = (target: Type): Type => ({ kind: 'pointer', sizeBytes: 8, target: () => target });

const computed = ({ type, value }: TypedPredicate): Operand => ({ kind: 'number', type, value });

const sizeOfType = (type: Type): Operand => {
  if (isComposite(stripTypedefs(type)) && sizeOf(type) === 0) throw typeIsIncomplete(typeName(type));
  const value = hasDynamicSize(type) ? undefined : constant(BigInt(sizeOf(type)));
  return computed({ type: UNSIGNED_LONG, value });
};

function operandAt({ type, location }: { type: Type; location: VariableLocation | undefined }): Operand {
  switch (location?.kind) {
    case undefined:
      // The location is not known at compile time, so leave the value to the evaluator.
      return { kind: 'memory', type, address: undefined };
    case 'register': {
      const { register } = location;
      return { kind: 'register', type, contents: { kind: 'register', register }, offsetBytes: 0 };
    }
    case 'value':
      return { kind: 'register', type, contents: location.value, offsetBytes: 0 };
    case 'memory':
      return { kind: 'memory', type, address: location.address };
    case 'optimizedOut':
      return { kind: 'optimizedOut', type };
  }
}

/** The target of a reference; other operands are returned unchanged. */
function referent(operand: Operand): Operand {
  const type = stripTypedefs(operand.type);
  if (type.kind !== 'pointer' || !type.reference) return operand;
  const address = operand.kind === 'optimizedOut' ? undefined : valueOf(operand);
  return operand.kind === 'optimizedOut'
    ? { ...operand, type: type.target() }
    : { kind: 'memory', type: type.target(), address };
}

function baseOf(operand: Operand, base: Base): Operand {
  const type = base.type();
  // The offset of a virtual base depends on the object.
  if (base.virtualKey !== undefined) return { kind: 'memory', type, address: undefined };
  return memberOf(operand, { name: '', type: () => type, offsetBytes: base.offsetBytes, bits: undefined });
}

/** Whether a cast between pointers to classes may change the address. */
function isClassConversion(from: Type, to: Type): boolean {
  const [a, b] = [targetOf(from), targetOf(to)];
  return a !== undefined && b !== undefined && Boolean(pathToBase(a, b)?.length ?? pathToBase(b, a)?.length);
}

function memberOf(operand: Operand, member: Member): Operand {
  const type = member.type();
  if (member.staticKey !== undefined) return { kind: 'memory', type, address: undefined };
  const bits = member.bits && { offset: member.bits.offset - member.offsetBytes * 8, width: member.bits.width };
  switch (operand.kind) {
    case 'memory': {
      const address = operand.address && binary('add', operand.address, constant(BigInt(member.offsetBytes)));
      return { kind: 'memory', type, address, bits };
    }
    case 'register':
      return { ...operand, type, offsetBytes: operand.offsetBytes + member.offsetBytes, bits };
    default:
      return { ...operand, type };
  }
}

function dereference(operand: Expression, pointer: TypedPredicate): Operand {
  const type = stripTypedefs(pointer.type);
  if (type.kind !== 'pointer') throw isNotAPointer(operand.text, typeName(pointer.type));
  const target = type.target();
  if (stripTypedefs(target).kind === 'void') throw typeIsIncomplete(valueNames.targetOf(operand.text));
  return { kind: 'memory', type: target, address: pointer.value };
}

/** The value of a scalar, extended to 64 bits according to its type. */
function valueOf(operand: Exclude<Operand, { kind: 'optimizedOut' }>): Predicate | undefined {
  const { type } = operand;
  const size = sizeOf(type);
  if (isFloat(type) || !SIZES.has(size)) return undefined;
  if (operand.kind === 'number') return operand.value;
  const { offset, width } = operand.bits ?? { offset: 0, width: size * 8 };
  if (operand.kind === 'register') {
    const first = operand.offsetBytes * 8 + offset;
    if (first < 0 || first + width > 64) return undefined;
    return extend(shifted(operand.contents, first), width, isSigned(type));
  }
  const lengthBytes = lengthFor(offset + width);
  if (!operand.address || lengthBytes === undefined || offset < 0) return undefined;
  const signed = offset + width === lengthBytes * 8 && offset === 0 && isSigned(type);
  const load: Predicate = { kind: 'load', address: operand.address, lengthBytes, signed };
  return operand.bits ? extend(shifted(load, offset), width, isSigned(type)) : load;
}

const SIZES = new Set([1, 2, 4, 8]);

/** The length in bytes of the shortest load that covers this many bits. */
const lengthFor = (bits: number): 1 | 2 | 4 | 8 | undefined =>
  ([1, 2, 4, 8] as const).find((lengthBytes) => bits <= 8 * lengthBytes);

const shifted = (value: Predicate, by: number): Predicate =>
  by === 0 ? value : binary('shrU', value, constant(BigInt(by)));

function distance(a: TypedPredicate, b: TypedPredicate): Operand {
  const bytes = a.value && b.value && binary('sub', a.value, b.value);
  const stride = fixedStride(a.type);
  return computed({
    type: LONG,
    value: bytes && stride !== undefined ? binary('divS', bytes, constant(stride)) : undefined,
  });
}

/** The stride of a pointer; undefined if the size of its target is known only at run time. */
function fixedStride(pointer: Type): bigint | undefined {
  const type = stripTypedefs(pointer);
  return type.kind === 'pointer' && hasDynamicSize(type.target()) ? undefined : pointerStride(pointer);
}

const asAddress = (number: TypedPredicate): TypedPredicate =>
  stripTypedefs(number.type).kind === 'pointer' ? { value: number.value, type: UNSIGNED_LONG } : number;

function isSameNumberType(a: Type, b: Type): boolean {
  const [first, second] = [stripTypedefs(a), stripTypedefs(b)];
  if (first.kind === 'array' || first.kind === 'function' || isComposite(first)) return false;
  if (first === second) return true;
  const isSameBase = first.kind === 'base' && second.kind === 'base' && first.encoding === second.encoding;
  return isSameBase && first.sizeBytes === second.sizeBytes;
}
