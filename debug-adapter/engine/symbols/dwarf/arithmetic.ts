import { MalformedData } from '../damage.ts';
import { fromBytes, toBytes } from '../littleEndian.ts';
import { floatBytes, readFloat, truncated } from '../values/floats.ts';
import { calculateQuadruple, compareQuadruples, Quadruple } from '../values/quadruple.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * A value on the DWARF expression stack. A value without a type has the generic type: a 64-bit integer whose signedness
 * depends on the operation (DWARF 5, section 2.5.1.4). A typed integer is always within its type's range. A
 * floating-point value is represented by its bits.
 */
export interface StackValue {
  value: bigint;
  type: StackType | undefined;
}

export interface StackType {
  sizeBytes: number;
  isSigned: boolean;
  isFloat?: boolean;
}

export const isUnary = (op: number) => UNARY.has(op);
export const isBinary = (op: number) => op in BINARY;

/** The value as an unsigned 64-bit integer. */
export function toGeneric({ value }: StackValue): bigint {
  return BigInt.asUintN(64, value);
}

/**
 * The bits of a value, to be read as a variable of any type. The result has at least 64 bits, because the generic type
 * does not specify the variable's size.
 */
export function bitsOf({ value, type }: StackValue): bigint {
  return BigInt.asUintN(Math.max(64, (type?.sizeBytes ?? 8) * 8), value);
}

/** Converts a value to a type, as a cast in C does. */
export function convert(value: StackValue, type: StackType | undefined): StackValue {
  const number = value.type?.isFloat ? decoded(value.value, value.type) : value.value;
  if (type?.isFloat) return encoded(number, type);
  return inRange(typeof number === 'bigint' ? number : truncated(number), type);
}

/** Interprets bits as a value of a type. */
export function reinterpret(bits: bigint, type: StackType | undefined): StackValue {
  return type?.isFloat ? { value: unsigned(bits, type), type } : inRange(bits, type);
}

function decoded(bits: bigint, { sizeBytes }: StackType): number | Quadruple {
  return readFloat(toBytes(bits, sizeBytes)) ?? NaN;
}

function encoded(number: bigint | number | Quadruple, type: StackType): StackValue {
  const value = typeof number === 'bigint' ? Quadruple.from(number) : number;
  return { value: fromBytes(floatBytes(value, type.sizeBytes) ?? new Uint8Array()), type };
}

export function unary(op: number, { value, type }: StackValue, operand: () => bigint): StackValue {
  if (type?.isFloat) return unaryFloat(op, value, type);
  switch (op) {
    case OP.abs:
      return inRange(signed(value, type) < 0n ? -value : value, type);
    case OP.neg:
      return inRange(-value, type);
    case OP.not:
      return inRange(~value, type);
    default:
      return inRange(value + operand(), type);
  }
}

export function binary(op: number, left: StackValue, right: StackValue): StackValue {
  const { type } = left;
  if (type?.isFloat && right.type?.isFloat) return binaryFloat(op, left.value, right.value, type);
  const compute = BINARY[op];
  const number = isUnsigned(op, type) ? unsigned : signed;
  const result = compute(number(left.value, type), number(right.value, right.type));
  return op >= OP.eq ? { value: result, type: undefined } : inRange(result, type);
}

function unaryFloat(op: number, bits: bigint, type: StackType): StackValue {
  const sign = 1n << BigInt(type.sizeBytes * 8 - 1);
  if (op === OP.neg) return { value: bits ^ sign, type };
  if (op === OP.abs) return { value: bits & ~sign, type };
  throw new MalformedData('a location', symbolDamage.floatOperation(op));
}

function binaryFloat(op: number, left: bigint, right: bigint, type: StackType): StackValue {
  const [a, b] = [left, right].map((bits) => Quadruple.from(decoded(bits, type)));
  const operator = FLOAT_OPERATORS[op];
  // Rounding to quadruple precision first does not change the result of these operations in shorter formats.
  if (operator) return encoded(calculateQuadruple(operator, a, b), type);
  const compare = BINARY[op];
  if (op < OP.eq || !compare) throw new MalformedData('a location', symbolDamage.floatOperation(op));
  const order = compareQuadruples(a, b);
  const isUnordered = Number.isNaN(order);
  const value = isUnordered ? truth(op === OP.eq + 5) : compare(BigInt(order), 0n);
  return { value, type: undefined };
}

/**
 * Whether an operation treats its operands as unsigned. DW_OP_shr always does and DW_OP_shra never does. The other
 * operations depend on the type; with the generic type, only DW_OP_mod is unsigned.
 */
function isUnsigned(op: number, type: StackType | undefined): boolean {
  if (op === OP.shr || op === OP.shra) return op === OP.shr;
  return type ? !type.isSigned : op === OP.mod;
}

function inRange(value: bigint, type: StackType | undefined): StackValue {
  return { value: type?.isSigned ? signed(value, type) : unsigned(value, type), type };
}

function signed(value: bigint, type: StackType | undefined): bigint {
  return BigInt.asIntN((type?.sizeBytes ?? 8) * 8, value);
}

function unsigned(value: bigint, type: StackType | undefined): bigint {
  return BigInt.asUintN((type?.sizeBytes ?? 8) * 8, value);
}

/** Limits a shift distance, because a shift by more than the width of the type shifts out all bits. */
const distance = (by: bigint) => (by < 0n || by > 128n ? 128n : by);

function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new MalformedData('a location', symbolDamage.division());
  return a / b;
}

const OP = {
  abs: 0x19,
  and: 0x1a,
  div: 0x1b,
  minus: 0x1c,
  mod: 0x1d,
  mul: 0x1e,
  neg: 0x1f,
  not: 0x20,
  or: 0x21,
  plus: 0x22,
  plusUconst: 0x23,
  shl: 0x24,
  shr: 0x25,
  shra: 0x26,
  xor: 0x27,
  eq: 0x29,
};
const UNARY = new Set([OP.abs, OP.neg, OP.not, OP.plusUconst]);

const FLOAT_OPERATORS: Record<number, '+' | '-' | '*' | '/' | undefined> = {
  [OP.plus]: '+',
  [OP.minus]: '-',
  [OP.mul]: '*',
  [OP.div]: '/',
};

const truth = (condition: boolean) => (condition ? 1n : 0n);
const BINARY: Record<number, (a: bigint, b: bigint) => bigint> = {
  [OP.and]: (a, b) => a & b,
  [OP.div]: divide,
  [OP.minus]: (a, b) => a - b,
  [OP.mod]: (a, b) => a - divide(a, b) * b,
  [OP.mul]: (a, b) => a * b,
  [OP.or]: (a, b) => a | b,
  [OP.plus]: (a, b) => a + b,
  [OP.shl]: (a, b) => a << distance(b),
  [OP.shr]: (a, b) => a >> distance(b),
  [OP.shra]: (a, b) => a >> distance(b),
  [OP.xor]: (a, b) => a ^ b,
  [OP.eq]: (a, b) => truth(a === b),
  [OP.eq + 1]: (a, b) => truth(a >= b),
  [OP.eq + 2]: (a, b) => truth(a > b),
  [OP.eq + 3]: (a, b) => truth(a <= b),
  [OP.eq + 4]: (a, b) => truth(a < b),
  [OP.eq + 5]: (a, b) => truth(a !== b),
};
