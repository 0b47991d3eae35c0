import { FLOAT_LOADS, FLOAT_STORES, LOADS, STORES } from '../semantics.ts';
import type { OperationName } from '../operations.ts';
import type { Block, Instruction } from './regionGraph.ts';

/** Accesses through the same base register that share a TLB lookup. */
export interface MemoryGroup {
  register: number;
  /** The range of offsets from the base register, in bytes; `end` is exclusive. */
  start: number;
  end: number;
  hasStore: boolean;
  accesses: number;
}

// If a group crosses a page boundary, the interpreter executes its accesses. On average, this happens to one in sixteen
// groups of this length.
const SPAN_BYTES_MAX = 256;

export const loadOf = (name: OperationName) => LOADS[name] ?? FLOAT_LOADS[name];
export const storeOf = (name: OperationName) => STORES[name] ?? FLOAT_STORES[name];

/**
 * Groups the loads and stores of a block that use the same base register with nearby offsets, such as a function's
 * accesses to its stack frame. One TLB lookup is enough for a group that lies in a single page.
 */
export function groupAccesses({ instructions }: Block): Map<Instruction, MemoryGroup> {
  const groups = new Map<Instruction, MemoryGroup>();
  const open = new Map<number, MemoryGroup>();
  for (const instruction of instructions) {
    const { name, decoded } = instruction;
    const access = loadOf(name) ?? storeOf(name);
    if (access && decoded.rs1 !== 0) {
      const start = decoded.immediate;
      groups.set(
        instruction,
        extend(open, {
          register: decoded.rs1,
          start,
          end: start + (1 << access.sizeLog2),
          hasStore: storeOf(name) !== undefined,
        }),
      );
    }
    if (decoded.rd !== 0) open.delete(decoded.rd);
  }
  return groups;
}

function extend(
  open: Map<number, MemoryGroup>,
  { register, start, end, hasStore }: Omit<MemoryGroup, 'accesses'>,
): MemoryGroup {
  const group = open.get(register);
  if (!group || Math.max(group.end, end) - Math.min(group.start, start) > SPAN_BYTES_MAX) {
    const fresh = { register, start, end, hasStore, accesses: 1 };
    open.set(register, fresh);
    return fresh;
  }
  group.start = Math.min(group.start, start);
  group.end = Math.max(group.end, end);
  group.hasStore ||= hasStore;
  group.accesses++;
  return group;
}
