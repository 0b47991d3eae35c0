import { CONDITION, COMPUTE, FLOAT_LOADS, FLOAT_STORES, LOADS, STORES } from '../semantics.ts';
import type { Decoded } from '../decoded.ts';
import { OPERATION_NAMES, type OperationName } from '../operations.ts';
import { mayBePlain, plainFloat } from './plainFloats.ts';

/**
 * The control flow that one region translates: what can be reached from its entry by branches and jumps, up to a number
 * of instructions, with small functions that it calls taken in as copies. Places are offsets in bytes from the start of
 * the entry's page, so that a region fits wherever its pages are mapped.
 */
export type Offset = number;

export interface Instruction {
  offset: Offset;
  name: OperationName;
  decoded: Decoded;
}

/** One call that was taken in: where it returns to, and into what. */
export interface Inlining {
  returnsTo: Offset;
  /** The function called: calling it again inside is recursion, and stays a call. */
  callee: Offset;
  parent: Inlining | undefined;
  depth: number;
  id: number;
}

export type Target = Block | Offset;

export type BlockEnd =
  | { kind: 'branch'; condition: string; taken: Target; otherwise: Target }
  | { kind: 'jump'; to: Target }
  /** An indirect jump that is expected to go there: an inlined function's return, or a call that did so before. */
  | { kind: 'expected'; to: Target; expected: Offset }
  | { kind: 'indirect' }
  /** The region ends before the instruction at `to`. */
  | { kind: 'leave'; to: Offset };

export interface Block {
  offset: Offset;
  instructions: Instruction[];
  end: BlockEnd;
}

export interface GuestCode {
  /** The instruction at an offset; undefined where it is not known or has to be left to the interpreter. */
  at(offset: Offset): Decoded | undefined;
  /** Where the indirect call that returns to an offset has gone; undefined where that is not known. */
  calleeOf(returnsTo: Offset): Offset | undefined;
}

// A function of usual size; beyond that a region's registers no longer fit the host's.
const INSTRUCTIONS_MAX = 300;
const INLINED_INSTRUCTIONS_MAX = 80;
const INLINING_DEPTH_MAX = 3;
const RETURN_ADDRESS = 1;

/** The entry's block, from which all others are reached; undefined when not even one instruction can be translated. */
export function buildGraph(code: GuestCode, entry: Offset): Block | undefined {
  const builder = new GraphBuilder(code);
  const block = builder.build(entry);
  return block.instructions.length > 0 ? block : undefined;
}

/** Every target of a block that is in the region. */
export function successorsOf({ end }: Block): Block[] {
  const targets: Target[] =
    end.kind === 'branch' ? [end.taken, end.otherwise] : end.kind === 'jump' || end.kind === 'expected' ? [end.to] : [];
  return targets.filter((target) => typeof target !== 'number');
}

type Exit =
  | { kind: 'branch'; condition: string; taken: Place; otherwise: Place }
  | { kind: 'jump'; to: Place }
  | { kind: 'expected'; to: Place; expected: Offset }
  | { kind: 'indirect' }
  | { kind: 'leave' };

interface Place {
  offset: Offset;
  inlining: Inlining | undefined;
}

interface Node {
  instruction: Instruction | undefined;
  exit: Exit | undefined;
}

class GraphBuilder {
  private code: GuestCode;
  private nodes = new Map<string, Node>();
  private leaders = new Map<string, Place>();
  private blocks = new Map<string, Block>();
  private inlinings = new Map<string, Inlining>();
  private count = 0;

  constructor(code: GuestCode) {
    this.code = code;
  }

  build(entry: Offset): Block {
    const place = this.lead({ offset: entry, inlining: undefined });
    // Leaders are appended while they are followed.
    for (const leader of this.leaders.values()) this.follow(leader);
    return this.block(place);
  }

  // --- finding instructions --------------------------------------------------------------------------------------------

  private lead(place: Place): Place {
    const key = keyOf(place);
    if (!this.leaders.has(key)) this.leaders.set(key, place);
    return place;
  }

  private follow({ offset, inlining }: Place): void {
    let at = offset;
    for (;;) {
      const key = keyOf({ offset: at, inlining });
      if (this.nodes.has(key) || this.count >= INSTRUCTIONS_MAX) return;
      const decoded = this.code.at(at);
      const instruction = decoded && asInstruction(at, decoded);
      if (!instruction) {
        this.nodes.set(key, { instruction: undefined, exit: { kind: 'leave' } });
        return;
      }
      this.count++;
      const exit = this.exitOf(instruction, inlining);
      this.nodes.set(key, { instruction, exit });
      if (exit) return;
      at += instruction.decoded.lengthBytes;
    }
  }

  private exitOf({ offset, name, decoded }: Instruction, inlining: Inlining | undefined): Exit | undefined {
    const { rd, immediate, lengthBytes } = decoded;
    const next = offset + lengthBytes;
    const condition = conditionOf(name);
    if (condition) {
      const taken = this.lead({ offset: offset + immediate, inlining });
      return { kind: 'branch', condition, taken, otherwise: this.lead({ offset: next, inlining }) };
    }
    if (name === 'J_NEAR') return { kind: 'jump', to: this.lead({ offset: offset + immediate, inlining }) };
    if (name === 'JAL_NEAR') {
      const callee = offset + immediate;
      const inner = rd === RETURN_ADDRESS ? this.inline(callee, next, inlining) : undefined;
      // A call that is not taken in ends the region: where it goes is an offset, and no block of this one.
      return inner
        ? { kind: 'jump', to: this.lead({ offset: callee, inlining: inner }) }
        : { kind: 'jump', to: { offset: callee, inlining: OUTSIDE } };
    }
    return name === 'JALR' ? this.exitOfIndirect(decoded, next, inlining) : undefined;
  }

  private exitOfIndirect({ rd, rs1, immediate }: Decoded, next: Offset, inlining: Inlining | undefined): Exit {
    if (rd === RETURN_ADDRESS) {
      const callee = this.code.calleeOf(next);
      const inner = callee === undefined ? undefined : this.inline(callee, next, inlining);
      if (inner) return { kind: 'expected', to: this.lead({ offset: callee!, inlining: inner }), expected: callee! };
    }
    const isReturn = rd === 0 && rs1 === RETURN_ADDRESS && immediate === 0;
    if (!isReturn || !inlining) return { kind: 'indirect' };
    const to = this.lead({ offset: inlining.returnsTo, inlining: inlining.parent });
    return { kind: 'expected', to, expected: inlining.returnsTo };
  }

  private inline(callee: Offset, returnsTo: Offset, parent: Inlining | undefined): Inlining | undefined {
    for (let outer = parent; outer; outer = outer.parent) if (outer.callee === callee) return undefined;
    const depth = (parent?.depth ?? 0) + 1;
    if (depth > INLINING_DEPTH_MAX || !this.isSmall(callee)) return undefined;
    const key = `${parent?.id ?? 0}:${returnsTo}`;
    let inlining = this.inlinings.get(key);
    if (!inlining) {
      inlining = { returnsTo, callee, parent, depth, id: this.inlinings.size + 1 };
      this.inlinings.set(key, inlining);
    }
    return inlining;
  }

  /** Whether all of a function can be translated, and is short. */
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
        if (conditionOf(name)) open.push(at + immediate);
        at += name === 'J_NEAR' ? immediate : lengthBytes;
      }
    }
    return true;
  }

  // --- making blocks ---------------------------------------------------------------------------------------------------

  private block(place: Place): Block {
    const key = keyOf(place);
    const known = this.blocks.get(key);
    if (known) return known;
    const block: Block = { offset: place.offset, instructions: [], end: { kind: 'leave', to: place.offset } };
    this.blocks.set(key, block);
    let at = place.offset;
    for (;;) {
      const here = { offset: at, inlining: place.inlining };
      const node = this.nodes.get(keyOf(here));
      if (!node?.instruction) {
        block.end = { kind: 'leave', to: at };
        return block;
      }
      if (at !== place.offset && this.leaders.has(keyOf(here))) {
        block.end = { kind: 'jump', to: this.block(here) };
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

  private target(place: Place): Target {
    if (place.inlining === OUTSIDE || !this.nodes.get(keyOf(place))?.instruction) return place.offset;
    return this.block(place);
  }
}

const OUTSIDE: Inlining = { returnsTo: 0, callee: 0, parent: undefined, depth: 0, id: -1 };

const keyOf = ({ offset, inlining }: Place): string => `${inlining?.id ?? 0}:${offset}`;

const conditionOf = (name: OperationName): string | undefined => {
  const base = name.slice(0, -'_NEAR'.length);
  return name.endsWith('_NEAR') && CONDITION[base] ? base : undefined;
};

const OTHERS: ReadonlySet<OperationName> = new Set(['NOP', 'AUIPC', 'JAL_NEAR', 'J_NEAR', 'JALR']);

function asInstruction(offset: Offset, decoded: Decoded): Instruction | undefined {
  const name = OPERATION_NAMES[decoded.operation];
  const isKnown = COMPUTE[name] ?? LOADS[name] ?? STORES[name] ?? FLOAT_LOADS[name] ?? FLOAT_STORES[name];
  const float = plainFloat(name);
  const isFloat = float !== undefined && (!float.rounds || mayBePlain(decoded.immediate));
  const isPlain = isKnown !== undefined || conditionOf(name) !== undefined || OTHERS.has(name) || isFloat;
  return isPlain ? { offset, name, decoded } : undefined;
}
