import { csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import type { State, TestCondition } from './oracle.ts';

/**
 * An expression in three forms that must have the same value: a C expression, bytecode for gdb's stack machine, and a
 * function that computes the value for the oracle.
 */
export interface Expression {
  text: string;
  isUnsigned?: boolean;
  /** The value as an unsigned 64-bit number, or undefined if the expression has no value. */
  value(state: State): bigint | undefined;
  /** The bytecode that pushes the value, for code that begins at offset `start`. */
  code(start: number): number[];
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);

export const constant = (value: number | bigint): Expression => ({
  text: `${value}`,
  value: () => u64(BigInt(value)),
  code: () => [0x25, ...bigEndian(u64(BigInt(value)), 8)],
});

export const register = (name: string, number: number): Expression => ({
  text: `$${name}`,
  value: (state) => state.register(number),
  code: () => [0x26, 0, number],
});

/** gdb's register number for the CSR with number 0. */
const FIRST_CSR = 65;

export function csr(name: string): Expression {
  const number = csrNumber(name);
  return {
    text: `$${name}`,
    isUnsigned: true,
    value: (state) => state.csr(number),
    code: () => [0x26, ...bigEndian(BigInt(FIRST_CSR + number), 2)],
  };
}

const TYPES = { 'unsigned char': 1, 'unsigned int': 4, 'unsigned long': 8 } as const;

/** The value in memory at an address. All types are unsigned, so the value does not need sign extension. */
export const load = (type: keyof typeof TYPES, address: Expression): Expression => ({
  text: `*(${type} *)${address.text}`,
  isUnsigned: type === 'unsigned long',
  value: (state) => {
    const at = address.value(state);
    const lengthBytes = TYPES[type];
    const bytes = at === undefined ? new Uint8Array(0) : state.memory(at, lengthBytes);
    return bytes.length < lengthBytes ? undefined : BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  },
  code: (start) => [...address.code(start), LOADS[type]],
});

const LOADS = { 'unsigned char': 0x17, 'unsigned int': 0x19, 'unsigned long': 0x1a };

type Operation = (a: bigint, b: bigint) => bigint | boolean;

/** The opcodes and results for signed and unsigned operands. */
const OPERATORS: Record<string, { signed: [number, Operation]; unsigned?: [number, Operation] }> = {
  '+': { signed: [0x02, (a, b) => a + b] },
  '/': { signed: [0x05, (a, b) => a / b], unsigned: [0x06, (a, b) => a / b] },
  '%': { signed: [0x07, (a, b) => a % b], unsigned: [0x08, (a, b) => a % b] },
  '>>': { signed: [0x0a, (a, b) => a >> b], unsigned: [0x0b, (a, b) => a >> b] },
  '&': { signed: [0x0f, (a, b) => a & b] },
  '^': { signed: [0x11, (a, b) => a ^ b] },
  '==': { signed: [0x13, (a, b) => a === b] },
  '<': { signed: [0x14, (a, b) => a < b], unsigned: [0x15, (a, b) => a < b] },
};
const DIVISIONS = ['/', '%'];
const COMPARISONS = ['==', '<'];

/** A 64-bit operation; its C text is in parentheses. */
export function binary(left: Expression, operator: string, right: Expression): Expression {
  const { signed, unsigned } = OPERATORS[operator];
  const isUnsigned = (left.isUnsigned ?? false) || (operator !== '>>' && (right.isUnsigned ?? false));
  const [opcode, apply] = (isUnsigned ? unsigned : undefined) ?? signed;
  const operand = isUnsigned ? u64 : s64;
  return {
    text: `(${left.text} ${operator} ${right.text})`,
    isUnsigned: isUnsigned && !COMPARISONS.includes(operator),
    value: (state) => {
      const [a, b] = [left.value(state), right.value(state)];
      if (a === undefined || b === undefined || (b === 0n && DIVISIONS.includes(operator))) return undefined;
      return u64(BigInt(apply(operand(a), operand(b))));
    },
    code: (start) => {
      const first = left.code(start);
      return [...first, ...right.code(start + first.length), opcode];
    },
  };
}

/** `left && right`, which does not evaluate the right operand if the left one is 0. */
export const and = (left: Expression, right: Expression): Expression => ({
  text: `(${left.text} && ${right.text})`,
  value: (state) => {
    const first = left.value(state);
    if (first === undefined || first === 0n) return first;
    const second = right.value(state);
    return second === undefined ? undefined : BigInt(second !== 0n);
  },
  code: (start) => {
    const test = left.code(start);
    // Three instructions come before the right operand: an if_goto to it, the constant 0, and a goto to the end.
    const yes = start + test.length + 3 + 2 + 3;
    const second = right.code(yes);
    const end = yes + second.length + 2;
    const no = [0x22, 0, 0x21, ...bigEndian(BigInt(end), 2)];
    return [...test, 0x20, ...bigEndian(BigInt(yes), 2), ...no, ...second, 0x0e, 0x0e];
  },
});

/** The condition that an expression is not 0. */
export function conditionFrom(expression: Expression): TestCondition {
  const bytecode = Buffer.from([...expression.code(0), 0x27]).toString('hex');
  return {
    text: expression.text,
    holds: (state) => {
      const value = expression.value(state);
      return value === undefined ? 'none' : value !== 0n;
    },
    bytecode,
  };
}

function bigEndian(value: bigint, lengthBytes: number): number[] {
  return [...Buffer.from(value.toString(16).padStart(2 * lengthBytes, '0'), 'hex')];
}
