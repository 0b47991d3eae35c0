import { type Code, i32, i64 } from '../../../base/wasm/code.ts';
import type { OperationName } from '../operations.ts';
import type { OrderedBlock } from './blockOrder.ts';
import type { Instruction } from './regionGraph.ts';

/** A set of integer registers, as a bit mask. */
export type Registers = number;

const ALL: Registers = -1;
const NONE: Registers = 1; // x0

/**
 * For the start of each block, finds the registers that are narrow on every path to the block. A register is narrow if
 * its value is sign-extended from 32 bits, like the results of RV64's word instructions. A bitwise operation on narrow
 * registers can be done in 32 bits, which lets the host's compiler recognize idioms such as a rotation written as two
 * shifts and an OR.
 */
export function narrowAtStart(order: readonly OrderedBlock[]): Map<OrderedBlock, Registers> {
  const starts = new Map(order.map((item): [OrderedBlock, Registers] => [item, item.index === 0 ? NONE : ALL]));
  const ends = new Map(order.map((item): [OrderedBlock, Registers] => [item, ALL]));
  for (let changed = true; changed;) {
    changed = false;
    for (const item of order) {
      let start = item.index === 0 ? NONE : ALL;
      for (const from of item.predecessors) start &= ends.get(from)!;
      let end = start;
      for (const instruction of item.block.instructions) end = narrowAfter(instruction, end);
      if (end !== ends.get(item)) changed = true;
      starts.set(item, start);
      ends.set(item, end);
    }
  }
  return starts;
}

/** The narrow registers after an instruction, given those before it. */
export function narrowAfter({ name, decoded }: Instruction, before: Registers): Registers {
  const { rd, rs1, rs2, immediate } = decoded;
  if (rd === 0 || rd > 31) return before;
  return isNarrow() ? before | (1 << rd) : before & ~(1 << rd);

  function isNarrow(): boolean {
    if (ALWAYS.has(name)) return true;
    if (name === 'LI') return true;
    if (name === 'ADDI') return rs1 === 0 || (immediate === 0 && has(before, rs1));
    if (name === 'ANDI' && immediate >= 0) return true;
    if (BITWISE[name]) return has(before, rs1) && (hasImmediate(name) || has(before, rs2));
    return false;
  }
}

const has = (registers: Registers, register: number): boolean => ((registers >> register) & 1) !== 0;
const hasImmediate = (name: OperationName): boolean => name.endsWith('I');

const ALWAYS: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(['ADDIW', 'SLLIW', 'SRLIW', 'SRAIW', 'ADDW', 'SUBW', 'SLLW', 'SRLW', 'SRAW', 'MULW'] as const),
  ...(['DIVW', 'DIVUW', 'REMW', 'REMUW', 'ROLW', 'RORW', 'RORIW'] as const),
  ...(['LB', 'LH', 'LW', 'LBU', 'LHU', 'SLT', 'SLTU', 'SLTI', 'SLTIU'] as const),
  ...(['AMO_W', 'LR_W', 'SC_W', 'SC_D'] as const),
]);

const BITWISE: Partial<Record<OperationName, (a: Code, b: Code) => Code>> = {
  AND: i32.and,
  OR: i32.or,
  XOR: i32.xor,
  ANDI: i32.and,
  ORI: i32.or,
  XORI: i32.xor,
};

/** The 32-bit form of an operation; undefined if an operand is not narrow or if the 32-bit form has no advantage. */
export function narrowOperation(
  { name, decoded }: Instruction,
  narrow: Registers,
  operands: { a: Code; b: Code },
): Code | undefined {
  // sext.w has no effect on a value that is already sign-extended.
  if (name === 'ADDIW' && decoded.immediate === 0 && has(narrow, decoded.rs1)) return operands.a;
  const operation = BITWISE[name];
  if (!operation || !has(narrow, decoded.rs1)) return undefined;
  if (hasImmediate(name)) return i64.extendS(operation(i32.wrap(operands.a), i32.const(decoded.immediate)));
  return has(narrow, decoded.rs2) ? i64.extendS(operation(i32.wrap(operands.a), i32.wrap(operands.b))) : undefined;
}
