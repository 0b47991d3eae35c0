import { assert } from '../base/assert.ts';
import type { Inspector } from './inspector.ts';

/**
 * A condition on a hart's registers and memory, as an expression tree. All values are 64 bits wide and unsigned; the
 * signed operators interpret them as two's complement. A condition holds if its value is not 0.
 *
 * A machine can compile a predicate. `evaluatePredicate` defines its meaning.
 */
export type Predicate =
  | { kind: 'constant'; value: bigint }
  /** An integer register, 0 to 31. */
  | { kind: 'register'; register: number }
  /** All 64 bits of a floating-point register, 0 to 31. */
  | { kind: 'float'; register: number }
  | { kind: 'pc' }
  /** The number of the hart. */
  | { kind: 'hart' }
  /** The privilege mode: 0 U, 1 S, 3 M. */
  | { kind: 'privilege' }
  /** The value that M-mode would read from a CSR. */
  | { kind: 'csr'; number: number }
  /** Bytes at a virtual address, little-endian. */
  | { kind: 'load'; address: Predicate; lengthBytes: 1 | 2 | 4 | 8; signed: boolean }
  /** The low bits of a value, sign-extended or zero-extended to 64 bits; `bits` is 1 to 64. */
  | { kind: 'extend'; value: Predicate; bits: number; signed: boolean }
  | { kind: 'unary'; operator: UnaryOperator; value: Predicate }
  | { kind: 'binary'; operator: BinaryOperator; left: Predicate; right: Predicate }
  /** Evaluates only the chosen value. `a && b` is `select(a, b != 0, 0)`. */
  | { kind: 'select'; condition: Predicate; yes: Predicate; no: Predicate };

/** `isZero` yields 1 if the value is 0, and otherwise 0. */
export type UnaryOperator = 'negate' | 'not' | 'isZero';

/**
 * Operators with the suffix S or U are signed or unsigned. Comparisons yield 1 or 0. Shift counts are taken modulo 64.
 * Signed division truncates toward zero.
 */
export type BinaryOperator =
  | 'add'
  | 'sub'
  | 'mul'
  | 'divS'
  | 'divU'
  | 'remS'
  | 'remU'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shrS'
  | 'shrU'
  | 'eq'
  | 'ne'
  | 'ltS'
  | 'ltU'
  | 'leS'
  | 'leU';

/**
 * The value of a predicate in the current state of a hart. Undefined if the predicate has no value because it reads
 * unmapped memory or a CSR that the hart does not implement, or because it divides by 0. A stop point whose condition
 * has no value stops the run.
 */
export function evaluatePredicate(predicate: Predicate, inspector: Inspector): bigint | undefined {
  switch (predicate.kind) {
    case 'constant':
      return BigInt.asUintN(64, predicate.value);
    case 'register':
      return inspector.register(predicate.register);
    case 'float':
      return inspector.float(predicate.register);
    case 'pc':
      return inspector.pc;
    case 'hart':
      return BigInt(inspector.hart);
    case 'privilege':
      return BigInt(inspector.privilege);
    case 'csr':
      return inspector.csr(predicate.number);
    case 'load': {
      const address = evaluatePredicate(predicate.address, inspector);
      if (address === undefined) return undefined;
      const value = numberOf(inspector.readMemory(address, predicate.lengthBytes), predicate.lengthBytes);
      return value === undefined ? undefined : extend(value, predicate.lengthBytes * 8, predicate.signed);
    }
    case 'extend': {
      const value = evaluatePredicate(predicate.value, inspector);
      return value === undefined ? undefined : extend(value, predicate.bits, predicate.signed);
    }
    case 'unary': {
      const value = evaluatePredicate(predicate.value, inspector);
      return value === undefined ? undefined : unary(predicate.operator, value);
    }
    case 'binary': {
      const left = evaluatePredicate(predicate.left, inspector);
      const right = evaluatePredicate(predicate.right, inspector);
      return left === undefined || right === undefined ? undefined : binary(predicate.operator, left, right);
    }
    case 'select': {
      const condition = evaluatePredicate(predicate.condition, inspector);
      if (condition === undefined) return undefined;
      return evaluatePredicate(condition === 0n ? predicate.no : predicate.yes, inspector);
    }
  }
}

/** A predicate that holds if both predicates hold. The second is evaluated only if the first holds. */
export const both = (first: Predicate, second: Predicate): Predicate => ({
  kind: 'select',
  condition: first,
  yes: second,
  no: { kind: 'constant', value: 0n },
});

/** A predicate that holds if the two values are equal. */
export const isEqual = (left: Predicate, right: Predicate): Predicate => ({
  ...{ kind: 'binary', operator: 'eq' },
  ...{ left, right },
});

function numberOf(bytes: Uint8Array, lengthBytes: number): bigint | undefined {
  if (bytes.length < lengthBytes) return undefined;
  let value = 0n;
  for (let i = lengthBytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}

function extend(value: bigint, bits: number, signed: boolean): bigint {
  assert(bits >= 1 && bits <= 64, 'a value has 1 to 64 bits');
  return BigInt.asUintN(64, signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
}

function unary(operator: UnaryOperator, value: bigint): bigint {
  switch (operator) {
    case 'negate':
      return BigInt.asUintN(64, -value);
    case 'not':
      return BigInt.asUintN(64, ~value);
    case 'isZero':
      return value === 0n ? 1n : 0n;
  }
}

function binary(operator: BinaryOperator, a: bigint, b: bigint): bigint | undefined {
  const result = OPERATIONS[operator](a, b);
  if (typeof result === 'boolean') return result ? 1n : 0n;
  return result === undefined ? undefined : BigInt.asUintN(64, result);
}

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

const OPERATIONS: Record<BinaryOperator, (a: bigint, b: bigint) => bigint | boolean | undefined> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  divS: (a, b) => (b === 0n ? undefined : signed(a) / signed(b)),
  divU: (a, b) => (b === 0n ? undefined : a / b),
  remS: (a, b) => (b === 0n ? undefined : signed(a) % signed(b)),
  remU: (a, b) => (b === 0n ? undefined : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shrS: (a, b) => signed(a) >> (b & 63n),
  shrU: (a, b) => a >> (b & 63n),
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ltS: (a, b) => signed(a) < signed(b),
  ltU: (a, b) => a < b,
  leS: (a, b) => signed(a) <= signed(b),
  leU: (a, b) => a <= b,
};
