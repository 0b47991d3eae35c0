import type { BreakCheck } from '../breakMarks.ts';
import { ATOMIC } from '../atomicSemantics.ts';
import { CONDITION, COMPUTE, FLOAT_LOADS, FLOAT_STORES, LOADS, STORES } from '../semantics.ts';
import type { Decoded } from '../decoded.ts';
import { OPERATION_NAMES, type OperationName } from '../operations.ts';
import { mayBePlain, plainFloat } from './plainFloats.ts';

/**
 * An offset in bytes from the start of the entry's page, so that a region does not depend on the virtual address of its
 * pages.
 */
export type Offset = number;

export interface Instruction {
  offset: Offset;
  name: OperationName;
  decoded: Decoded;
  /** The breakpoints at the instruction. */
  checks: readonly BreakCheck[];
}

/**
 * One copy of a function's code in the region: the region's own function, or a function that was inlined for one call.
 */
interface InlinedCopy {
  /** The return address of an inlined call. */
  returnsTo: Offset;
  /** The function that was inlined. A recursive call to it is not inlined. */
  callee: Offset | undefined;
  /** The copy that contains the call; undefined for the region's own function. */
  parent: InlinedCopy | undefined;
  depth: number;
  nodes: Map<Offset, Node>;
  leaders: Set<Offset>;
  blocks: Map<Offset, Block>;
  /** The inlined calls in this copy, indexed by return address. */
  calls: Map<Offset, InlinedCopy>;
}

/** A successor: a block of the region, or the offset of code outside it. */
export type Target = Block | Offset;

export type BlockEnd =
  | { kind: 'branch'; condition: string; taken: Target; otherwise: Target }
  | { kind: 'jump'; to: Target }
  /**
   * An indirect jump with an expected target: the return from an inlined function, or a call that has always had this
   * target.
   */
  | { kind: 'expected'; to: Target; expected: Offset }
  | { kind: 'indirect' }
  /** Control leaves the region before the instruction at `to`. */
  | { kind: 'leave'; to: Offset };

/** A basic block. */
export interface Block {
  offset: Offset;
  instructions: Instruction[];
  end: BlockEnd;
}

/** The guest's code around the entry. Only code that the guest has fetched is available. */
export interface GuestCode {
  /** The instruction at an offset; undefined if it is not available or must be left to the interpreter. */
  at(offset: Offset): Decoded | undefined;
  /** The breakpoints at an offset. */
  checksAt(offset: Offset): readonly BreakCheck[];
  /** The target of the indirect calls that return to an offset; undefined if it is unknown. */
  calleeOf(returnsTo: Offset): Offset | undefined;
}

// Large enough for a typical function; a longer region needs more registers than the host has.
const INSTRUCTIONS_MAX = 300;
const INLINED_INSTRUCTIONS_MAX = 80;
const INLINING_DEPTH_MAX = 3;
const RETURN_ADDRESS = 1;

/**
 * Builds the control flow graph of a region: all code reachable from its entry by branches and jumps, up to a maximum
 * number of instructions, with small callees inlined as copies. Returns the entry's block; undefined if the first
 * instruction cannot be translated.
 */
export function buildGraph(code: GuestCode, entry: Offset): Block | undefined {
  const builder = new GraphBuilder(code);
  const block = builder.build(entry);
  return block.instructions.length > 0 ? block : undefined;
}

/** The successors of a block within the region. */
export function successorsOf({ end }: Block): Block[] {
  const targets: Target[] =
    end.kind === 'branch' ? [end.taken, end.otherwise] : end.kind === 'jump' || end.kind === 'expected' ? [end.to] : [];
  return targets.filter((target) => typeof target !== 'number');
}

type Exit =
  | { kind: 'branch'; condition: string; taken: BlockKey; otherwise: BlockKey }
  | { kind: 'jump'; to: BlockKey }
  | { kind: 'expected'; to: BlockKey; expected: Offset }
  | { kind: 'indirect' }
  | { kind: 'leave' };

interface BlockKey {
  offset: Offset;
  copy: InlinedCopy;
}

interface Node {
  instruction: Instruction | undefined;
  exit: Exit | undefined;
}

class GraphBuilder {
  private code: GuestCode;
  private leaders: BlockKey[] = [];
  private count = 0;

  constructor(code: GuestCode) {
    this.code = code;
  }

  build(entry: Offset): Block {
    const key = this.addLeader({ offset: entry, copy: newCopy() });
    // Following the code from a leader may append more leaders, which this loop then visits.
    for (const leader of this.leaders) this.follow(leader);
    return this.block(key);
  }

  // --- finding instructions ------------------------------------------------------------------------------------------

  private addLeader(key: BlockKey): BlockKey {
    const { leaders } = key.copy;
    if (!leaders.has(key.offset)) {
      leaders.add(key.offset);
      this.leaders.push(key);
    }
    return key;
  }

  private follow({ offset, copy }: BlockKey): void {
    for (let at = offset; ;) {
      if (copy.nodes.has(at) || this.count >= INSTRUCTIONS_MAX) return;
      const decoded = this.code.at(at);
      const instruction = decoded && asInstruction(at, decoded, this.code.checksAt(at));
      if (!instruction) {
        copy.nodes.set(at, { instruction: undefined, exit: { kind: 'leave' } });
        return;
      }
      this.count++;
      const exit = this.exitOf(instruction, copy);
      copy.nodes.set(at, { instruction, exit });
      if (exit) return;
      at += instruction.decoded.lengthBytes;
    }
  }

  private exitOf({ offset, name, decoded }: Instruction, copy: InlinedCopy): Exit | undefined {
    const { rd, immediate, lengthBytes } = decoded;
    const next = offset + lengthBytes;
    const condition = CONDITIONS[decoded.operation];
    if (condition) {
      const taken = this.addLeader({ offset: offset + immediate, copy });
      return { kind: 'branch', condition, taken, otherwise: this.addLeader({ offset: next, copy }) };
    }
    if (name === 'J_NEAR') return { kind: 'jump', to: this.addLeader({ offset: offset + immediate, copy }) };
    if (name === 'JAL_NEAR') {
      const callee = offset + immediate;
      const inner = rd === RETURN_ADDRESS ? this.inline(callee, next, copy) : undefined;
      // A call that is not inlined ends the region: its target is an offset, not a block of this region.
      return inner
        ? { kind: 'jump', to: this.addLeader({ offset: callee, copy: inner }) }
        : { kind: 'jump', to: { offset: callee, copy: OUTSIDE_COPY } };
    }
    return name === 'JALR' ? this.exitOfIndirect(decoded, next, copy) : undefined;
  }

  private exitOfIndirect({ rd, rs1, immediate }: Decoded, next: Offset, copy: InlinedCopy): Exit {
    if (rd === RETURN_ADDRESS) {
      const callee = this.code.calleeOf(next);
      const inner = callee === undefined ? undefined : this.inline(callee, next, copy);
      if (inner) return { kind: 'expected', to: this.addLeader({ offset: callee!, copy: inner }), expected: callee! };
    }
    const isReturn = rd === 0 && rs1 === RETURN_ADDRESS && immediate === 0;
    if (!isReturn || !copy.parent) return { kind: 'indirect' };
    const to = this.addLeader({ offset: copy.returnsTo, copy: copy.parent });
    return { kind: 'expected', to, expected: copy.returnsTo };
  }

  private inline(callee: Offset, returnsTo: Offset, parent: InlinedCopy): InlinedCopy | undefined {
    for (let outer: InlinedCopy | undefined = parent; outer; outer = outer.parent) {
      if (outer.callee === callee) return undefined;
    }
    if (parent.depth === INLINING_DEPTH_MAX || !this.isSmall(callee)) return undefined;
    const known = parent.calls.get(returnsTo);
    if (known) return known;
    const copy = newCopy({ returnsTo, callee, parent });
    parent.calls.set(returnsTo, copy);
    return copy;
  }

  /** Whether a function is short and can be translated completely. */
  private isSmall(callee: Offset): boolean {
    const seen = new Set<Offset>();
    const open = [callee];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      while (!seen.has(at)) {
        seen.add(at);
        const decoded = this.code.at(at);
        const instruction = decoded && asInstruction(at, decoded);
        if (!instruction || seen.size > INLINED_INSTRUCTIONS_MAX) return false;
        const {
          name,
          decoded: { rd, immediate, lengthBytes },
        } = instruction;
        if (name === 'JALR' && rd === 0) break;
        if (CONDITIONS[decoded.operation]) open.push(at + immediate);
        at += name === 'J_NEAR' ? immediate : lengthBytes;
      }
    }
    return true;
  }

  // --- making blocks -------------------------------------------------------------------------------------------------

  private block(key: BlockKey): Block {
    const { nodes, leaders, blocks } = key.copy;
    const known = blocks.get(key.offset);
    if (known) return known;
    const block: Block = { offset: key.offset, instructions: [], end: { kind: 'leave', to: key.offset } };
    blocks.set(key.offset, block);
    for (let at = key.offset; ;) {
      const node = nodes.get(at);
      if (!node?.instruction) {
        block.end = { kind: 'leave', to: at };
        return block;
      }
      if (at !== key.offset && leaders.has(at)) {
        block.end = { kind: 'jump', to: this.block({ offset: at, copy: key.copy }) };
        return block;
      }
      block.instructions.push(node.instruction);
      at += node.instruction.decoded.lengthBytes;
      if (!node.exit) continue;
      block.end = this.endOf(node.exit);
      return block;
    }
  }

  private endOf(exit: Exit): BlockEnd {
    switch (exit.kind) {
      case 'branch':
        return { ...exit, taken: this.target(exit.taken), otherwise: this.target(exit.otherwise) };
      case 'jump':
      case 'expected':
        return { ...exit, to: this.target(exit.to) };
      case 'indirect':
        return exit;
      case 'leave':
        throw new Error('an instruction that is left to the interpreter has no block');
    }
  }

  private target(key: BlockKey): Target {
    return key.copy.nodes.get(key.offset)?.instruction ? this.block(key) : key.offset;
  }
}

function newCopy(of?: { returnsTo: Offset; callee: Offset; parent: InlinedCopy }): InlinedCopy {
  const { returnsTo = 0, callee, parent } = of ?? {};
  const depth = parent ? parent.depth + 1 : 0;
  return {
    returnsTo,
    callee,
    parent,
    depth,
    nodes: new Map(),
    leaders: new Set(),
    blocks: new Map(),
    calls: new Map(),
  };
}

/** Represents all code outside the region. */
const OUTSIDE_COPY = newCopy();

/** Indexed by operation: the name of its branch condition, for near branches. */
const CONDITIONS = OPERATION_NAMES.map((name) => {
  const base = name.slice(0, -'_NEAR'.length);
  return name.endsWith('_NEAR') && CONDITION[base] ? base : undefined;
});

const OTHERS: ReadonlySet<OperationName> = new Set(['NOP', 'AUIPC', 'JAL_NEAR', 'J_NEAR', 'JALR', 'CBO_ZERO']);

/**
 * Indexed by operation: whether the operation is plain for all operands. Floating-point operations can be plain for
 * some operands.
 */
const PLAIN = OPERATION_NAMES.map((name, operation) => {
  const isMemory = LOADS[name] ?? STORES[name] ?? FLOAT_LOADS[name] ?? FLOAT_STORES[name] ?? ATOMIC[name];
  const isKnown = COMPUTE[name] ?? isMemory;
  return isKnown !== undefined || CONDITIONS[operation] !== undefined || OTHERS.has(name);
});

function asInstruction(offset: Offset, decoded: Decoded, checks: readonly BreakCheck[] = []): Instruction | undefined {
  const { operation, immediate } = decoded;
  const name = OPERATION_NAMES[operation];
  if (PLAIN[operation]) return { offset, name, decoded, checks };
  const float = plainFloat(name);
  return float && (!float.rounds || mayBePlain(immediate)) ? { offset, name, decoded, checks } : undefined;
}
