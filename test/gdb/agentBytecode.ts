import type { SeededRandom } from '../support/seededRandom.ts';

/** Registers and memory as the interpreter for gdb's agent expressions reads them. */
export interface AgentMachine {
  /** The value of a register, given gdb's number for it (0 to 64). */
  register(number: number): bigint;
  /** The bytes at an address, up to the first one that cannot be read. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array;
}

const DEPTH_MAX = 5;

/** Returns a random agent expression for gdb's stack machine, as bytecode. */
export function expressionBytecode(random: SeededRandom): Uint8Array {
  const code: number[] = [];
  emit(random, code, DEPTH_MAX);
  return Uint8Array.from([...code, 0x27]);
}

const BINARY = [0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0f, 0x10, 0x11, 0x13, 0x14, 0x15];

/** Appends code that pushes one value. */
function emit(random: SeededRandom, code: number[], depth: number): void {
  if (depth === 0 || random.chance(0.1)) return emitLeaf(random, code);
  const inner = () => emit(random, code, depth - 1);
  switch (random.below(8)) {
    case 0:
      inner();
      code.push(random.pick([0x0e, 0x12]));
      break;
    case 1:
      inner();
      code.push(random.pick([0x16, 0x2a]), random.pick([1, 8, 16, 31, 32, 63, 64, 100]));
      break;
    case 2:
      emitAddress(random, code);
      code.push(random.pick([0x17, 0x18, 0x19, 0x1a]));
      break;
    case 3:
      emitChoice(random, code, depth);
      break;
    case 4:
      emitStackOperations(random, code, inner);
      break;
    default:
      inner();
      inner();
      code.push(random.pick(BINARY));
  }
}

function emitLeaf(random: SeededRandom, code: number[]): void {
  const [opcode, lengthBytes] = random.pick([
    [0x22, 1],
    [0x23, 2],
    [0x24, 4],
    [0x25, 8],
    [0x26, 2],
  ]);
  if (opcode === 0x26) code.push(opcode, 0, random.below(65));
  else code.push(opcode, ...random.bytes(lengthBytes));
}

/** Appends code that pushes a random address, which is in RAM in nine of ten cases. */
function emitAddress(random: SeededRandom, code: number[]): void {
  const isOutside = random.chance(0.1);
  code.push(0x24, isOutside ? 0 : 0x80, 0, 0, random.below(56));
}

/** Appends `condition ? yes : no`, as gdb compiles it. */
function emitChoice(random: SeededRandom, code: number[], depth: number): void {
  emit(random, code, depth - 1);
  const branch = jump(code, 0x20);
  emit(random, code, depth - 1);
  const end = jump(code, 0x21);
  branch();
  emit(random, code, depth - 1);
  end();
}

/** Appends a jump and returns a function that sets its target to the end of the code at the time of the call. */
function jump(code: number[], opcode: number): () => void {
  const at = code.length;
  code.push(opcode, 0, 0);
  return () => {
    code[at + 1] = code.length >> 8;
    code[at + 2] = code.length & 0xff;
  };
}

/** Appends code with dup, swap, pick, rot and pop. Only values of leaves are dropped, because leaves cannot fail. */
function emitStackOperations(random: SeededRandom, code: number[], inner: () => void): void {
  inner();
  switch (random.below(4)) {
    case 0:
      code.push(0x28, random.pick(BINARY));
      break;
    case 1:
      emitLeaf(random, code);
      code.push(0x2b, random.pick(BINARY));
      break;
    case 2:
      emitLeaf(random, code);
      code.push(0x32, random.below(2), random.pick(BINARY), random.pick(BINARY));
      break;
    case 3:
      emitLeaf(random, code);
      emitLeaf(random, code);
      code.push(0x33, 0x2b, random.pick(BINARY), 0x2b, 0x29);
  }
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);

/**
 * Evaluates valid bytecode. Returns undefined after an error (a division by 0 or an access to unreadable
 * memory).
 */
export function evaluateBytecode(code: Uint8Array, machine: AgentMachine): bigint | undefined {
  const stack: bigint[] = [];
  const operand = (at: number, lengthBytes: number): number =>
    Number(`0x${Buffer.from(code.slice(at, at + lengthBytes)).toString('hex')}`);
  for (let pc = 0; ;) {
    const opcode = code[pc++];
    if (opcode === 0x27) return stack.at(-1);
    if (opcode === 0x20 || opcode === 0x21) {
      pc = opcode === 0x21 || stack.pop() !== 0n ? operand(pc, 2) : pc + 2;
    } else if (opcode >= 0x22 && opcode <= 0x25) {
      const lengthBytes = 1 << (opcode - 0x22);
      stack.push(BigInt(`0x${Buffer.from(code.slice(pc, pc + lengthBytes)).toString('hex')}`));
      pc += lengthBytes;
    } else if (opcode === 0x26) {
      stack.push(machine.register(operand(pc, 2)));
      pc += 2;
    } else if (opcode === 0x16 || opcode === 0x2a) {
      const bits = Math.min(code[pc++], 64);
      const value = stack.pop()!;
      stack.push(opcode === 0x16 ? u64(BigInt.asIntN(bits, value)) : BigInt.asUintN(bits, value));
    } else if (opcode >= 0x17 && opcode <= 0x1a) {
      const lengthBytes = 1 << (opcode - 0x17);
      const bytes = machine.readMemory(stack.pop()!, lengthBytes);
      if (bytes.length < lengthBytes) return undefined;
      stack.push(BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`));
    } else if (opcode === 0x32) {
      stack.push(stack.at(-1 - code[pc++])!);
    } else if (!executeSimple(opcode, stack)) {
      return undefined;
    }
  }
}

/** Executes an opcode without operands. Returns false after a division by 0. */
function executeSimple(opcode: number, stack: bigint[]): boolean {
  const b = stack.pop()!;
  if (opcode === 0x28) return stack.push(b, b) > 0;
  if (opcode === 0x29) return true;
  if (opcode === 0x0e) return stack.push(b === 0n ? 1n : 0n) > 0;
  if (opcode === 0x12) return stack.push(u64(~b)) > 0;
  const a = stack.pop()!;
  if (opcode === 0x2b) return stack.push(b, a) > 0;
  if (opcode === 0x33) {
    const below = stack.pop()!;
    return stack.push(b, below, a) > 0;
  }
  if (opcode >= 0x05 && opcode <= 0x08 && b === 0n) return false;
  const results: Record<number, () => bigint | boolean> = {
    0x02: () => a + b,
    0x03: () => a - b,
    0x04: () => a * b,
    0x05: () => s64(a) / s64(b),
    0x06: () => a / b,
    0x07: () => s64(a) % s64(b),
    0x08: () => a % b,
    0x09: () => a << (b & 63n),
    0x0a: () => s64(a) >> (b & 63n),
    0x0b: () => a >> (b & 63n),
    0x0f: () => a & b,
    0x10: () => a | b,
    0x11: () => a ^ b,
    0x13: () => a === b,
    0x14: () => s64(a) < s64(b),
    0x15: () => a < b,
  };
  return stack.push(u64(BigInt(results[opcode]()))) > 0;
}
