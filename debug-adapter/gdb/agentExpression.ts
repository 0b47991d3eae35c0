import type { Predicate } from '../engine/index.ts';
import { registerPredicate } from './registers.ts';

/**
 * What a server can do with an agent expression: evaluate it as a predicate; leave it to gdb, because it is valid but
 * this server cannot evaluate it; or reject it.
 */
export type AgentExpression = { kind: 'predicate'; predicate: Predicate } | { kind: 'unsupported' | 'malformed' };

/**
 * Translates the bytecode of an agent expression (gdb manual, "The GDB Agent Expression Mechanism") into a predicate.
 * The translation executes the bytecode on a stack of predicates instead of values. At each branch whose condition is
 * not constant, both paths are executed to the end and become the two values of a `select`. A value that does not
 * contribute to the result is not evaluated, so it cannot fail.
 *
 * Loops, floating-point values, trace variables and everything with side effects are unsupported, and so are
 * expressions that exceed the limits below.
 */
export function translateAgentExpression(bytecode: Uint8Array): AgentExpression {
  try {
    return { kind: 'predicate', predicate: new SymbolicMachine(bytecode).run(0, []).predicate };
  } catch (error) {
    if (error instanceof Refusal) return { kind: error.kind };
    throw error;
  }
}

/** A predicate that holds if at least one of `predicates` holds. `predicates` must not be empty. */
export function anyOf(predicates: readonly Predicate[]): Predicate {
  return predicates.reduceRight((rest, one) => ({ kind: 'select', condition: one, yes: constant(1n), no: rest }));
}

/** The maximum number of nodes in the resulting tree. The trees of conditions that users write have 10 to 50 nodes. */
const NODES_MAX = 1000;
/**
 * The maximum total number of bytecodes executed on all paths. Without this limit, translating a loop would not end.
 */
const STEPS_MAX = 3000;
/** The maximum number of stack elements, as in gdbserver. */
const STACK_MAX = 100;

class Refusal extends Error {
  readonly kind: 'unsupported' | 'malformed';

  constructor(kind: 'unsupported' | 'malformed') {
    super(kind);
    this.kind = kind;
  }
}

/**
 * An element of the stack. `nodes` is the number of nodes in the predicate's tree, in which a shared subtree is counted
 * each time that it occurs.
 */
interface Item {
  predicate: Predicate;
  nodes: number;
}

class SymbolicMachine {
  private bytecode: Uint8Array;
  private steps = 0;

  constructor(bytecode: Uint8Array) {
    this.bytecode = bytecode;
  }

  /** Executes the bytecode from an offset to its end and returns the result. Modifies `stack`. */
  run(pc: number, stack: Item[]): Item {
    for (;;) {
      if (++this.steps > STEPS_MAX || stack.length > STACK_MAX) throw new Refusal('unsupported');
      const opcode = this.operand(pc++, 1);
      switch (opcode) {
        case OPCODES.end:
          return pop(stack);
        case OPCODES.goto:
          pc = this.operand(pc, 2);
          break;
        case OPCODES.ifGoto: {
          const condition = pop(stack);
          const [taken, notTaken] = [this.operand(pc, 2), pc + 2];
          const known = knownValue(condition.predicate);
          if (known === undefined) return this.branch(condition, { taken, notTaken, stack });
          pc = known === 0n ? notTaken : taken;
          break;
        }
        default: {
          const operation = OPERATIONS[opcode];
          if (!operation) throw new Refusal(UNSUPPORTED.has(opcode) ? 'unsupported' : 'malformed');
          operation.execute(stack, this.bigOperand(pc, operation.operandBytes));
          pc += operation.operandBytes;
        }
      }
    }
  }

  private branch(
    condition: Item,
    { taken, notTaken, stack }: { taken: number; notTaken: number; stack: readonly Item[] },
  ): Item {
    const yes = this.run(taken, [...stack]);
    const no = this.run(notTaken, [...stack]);
    return item(
      { kind: 'select', condition: condition.predicate, yes: yes.predicate, no: no.predicate },
      condition,
      yes,
      no,
    );
  }

  private operand(offset: number, lengthBytes: number): number {
    return Number(this.bigOperand(offset, lengthBytes));
  }

  /** Operands are stored most significant byte first, regardless of the target's byte order. */
  private bigOperand(offset: number, lengthBytes: number): bigint {
    if (offset + lengthBytes > this.bytecode.length) throw new Refusal('malformed');
    let value = 0n;
    for (let i = 0; i < lengthBytes; i++) value = (value << 8n) | BigInt(this.bytecode[offset + i]);
    return value;
  }
}

/** The bytecodes that control which bytecode is executed next. */
const OPCODES = { ifGoto: 0x20, goto: 0x21, end: 0x27 };

interface Operation {
  operandBytes: number;
  execute(stack: Item[], operand: bigint): void;
}

/** All other supported bytecodes, by number (gdb manual, "Bytecode Descriptions"). */
const OPERATIONS: Readonly<Record<number, Operation>> = {
  0x02: binary('add'),
  0x03: binary('sub'),
  0x04: binary('mul'),
  0x05: binary('divS'),
  0x06: binary('divU'),
  0x07: binary('remS'),
  0x08: binary('remU'),
  0x09: binary('shl'),
  0x0a: binary('shrS'),
  0x0b: binary('shrU'),
  0x0e: unary('isZero'),
  0x0f: binary('and'),
  0x10: binary('or'),
  0x11: binary('xor'),
  0x12: unary('not'),
  0x13: binary('eq'),
  0x14: binary('ltS'),
  0x15: binary('ltU'),
  0x16: { operandBytes: 1, execute: (stack, bits) => extend(stack, { bits: Number(bits), signed: true }) },
  0x17: load(1),
  0x18: load(2),
  0x19: load(4),
  0x1a: load(8),
  0x22: pushConstant(1),
  0x23: pushConstant(2),
  0x24: pushConstant(4),
  0x25: pushConstant(8),
  0x26: { operandBytes: 2, execute: (stack, number) => pushRegister(stack, Number(number)) },
  0x28: { operandBytes: 0, execute: (stack) => stack.push(peek(stack, 0)) },
  0x29: { operandBytes: 0, execute: (stack) => void pop(stack) },
  0x2a: { operandBytes: 1, execute: (stack, bits) => extend(stack, { bits: Number(bits), signed: false }) },
  0x2b: { operandBytes: 0, execute: swap },
  0x32: { operandBytes: 1, execute: (stack, depth) => stack.push(peek(stack, Number(depth))) },
  0x33: { operandBytes: 0, execute: rotate },
};

/**
 * Bytecodes that need features that this server does not have: floating-point values (`float`, `ref_float` and so on),
 * a trace buffer (`trace`, `tracenz` and so on), trace state variables (`getv`, `setv`, `tracev`), and `printf`.
 */
const UNSUPPORTED = new Set([
  ...[0x01, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f],
  ...[0x0c, 0x0d, 0x2f, 0x30],
  ...[0x2c, 0x2d, 0x2e, 0x34],
]);

type OperatorOf<K extends Predicate['kind']> = Extract<Predicate, { kind: K; operator: unknown }>['operator'];

function binary(operator: OperatorOf<'binary'>): Operation {
  return {
    operandBytes: 0,
    execute(stack) {
      const right = pop(stack);
      const left = pop(stack);
      stack.push(item({ kind: 'binary', operator, left: left.predicate, right: right.predicate }, left, right));
    },
  };
}

function unary(operator: OperatorOf<'unary'>): Operation {
  return {
    operandBytes: 0,
    execute(stack) {
      const value = pop(stack);
      stack.push(item({ kind: 'unary', operator, value: value.predicate }, value));
    },
  };
}

function load(lengthBytes: 1 | 2 | 4 | 8): Operation {
  return {
    operandBytes: 0,
    execute(stack) {
      const address = pop(stack);
      stack.push(item({ kind: 'load', address: address.predicate, lengthBytes, signed: false }, address));
    },
  };
}

/** According to the manual, extending a value has no effect if its width is that of a stack element or larger. */
function extend(stack: Item[], { bits, signed }: { bits: number; signed: boolean }): void {
  if (bits === 0) throw new Refusal('malformed');
  const value = pop(stack);
  stack.push(bits >= 64 ? value : item({ kind: 'extend', value: value.predicate, bits, signed }, value));
}

function pushConstant(operandBytes: 1 | 2 | 4 | 8): Operation {
  return { operandBytes, execute: (stack, value) => stack.push(item(constant(value))) };
}

function pushRegister(stack: Item[], number: number): void {
  const predicate = registerPredicate(number);
  if (!predicate) throw new Refusal('unsupported');
  stack.push(item(predicate));
}

function swap(stack: Item[]): void {
  const b = pop(stack);
  const a = pop(stack);
  stack.push(b, a);
}

/** The top element becomes the third one: a b c becomes c a b. */
function rotate(stack: Item[]): void {
  const c = pop(stack);
  const b = pop(stack);
  const a = pop(stack);
  stack.push(c, a, b);
}

function pop(stack: Item[]): Item {
  const top = peek(stack, 0);
  stack.pop();
  return top;
}

function peek(stack: readonly Item[], depth: number): Item {
  const found = stack[stack.length - 1 - depth];
  if (!found) throw new Refusal('malformed');
  return found;
}

function item(predicate: Predicate, ...parts: readonly Item[]): Item {
  const nodes = parts.reduce((sum, part) => sum + part.nodes, 1);
  if (nodes > NODES_MAX) throw new Refusal('unsupported');
  return { predicate, nodes };
}

const constant = (value: bigint): Predicate => ({ kind: 'constant', value });

/**
 * The value of a predicate that is a constant or a negated constant. gdb generates branches on constants for `&&` and
 * `||` within other expressions; following both paths would double the size of the tree at each such branch.
 */
function knownValue(predicate: Predicate): bigint | undefined {
  if (predicate.kind === 'constant') return predicate.value;
  if (predicate.kind !== 'unary' || predicate.operator !== 'isZero') return undefined;
  const value = knownValue(predicate.value);
  return value === undefined ? undefined : value === 0n ? 1n : 0n;
}
