import {
  type Code,
  type Label,
  type Local,
  block,
  br,
  i64,
  ifElse,
  label,
  loop,
  nothing,
  sequence,
  unreachable,
  when,
} from '../../../base/wasm/code.ts';
import { recordCall, RETURN_ADDRESS } from '../callTargets.ts';
import { CONDITION } from '../semantics.ts';
import type { OrderedBlock } from './blockOrder.ts';
import type { RegionExits } from './regionExits.ts';
import type { Target } from './regionGraph.ts';
import type { RegionInstructions } from './regionInstructions.ts';
import type { RegionRegisters } from './regionRegisters.ts';

/**
 * The control flow of a region, expressed with WebAssembly's nested blocks and loops. The nesting follows the dominator
 * tree (blockOrder.ts): the code of a merge block comes after a WebAssembly block that contains all jumps to it.
 */
export class RegionControlFlow {
  private registers: RegionRegisters;
  private exits: RegionExits;
  private instructions: RegionInstructions;
  /** The target of an indirect jump. */
  private target: Local;
  private scratch: Local;
  private loops = new Map<OrderedBlock, Label>();
  private merges = new Map<OrderedBlock, Label>();

  constructor(options: {
    registers: RegionRegisters;
    exits: RegionExits;
    instructions: RegionInstructions;
    target: Local;
    scratch: Local;
  }) {
    this.registers = options.registers;
    this.exits = options.exits;
    this.instructions = options.instructions;
    this.target = options.target;
    this.scratch = options.scratch;
  }

  /** Generates a block and all blocks that it dominates. */
  tree(item: OrderedBlock): Code {
    const merges = item.children.filter(({ isMerge }) => isMerge).sort((a, b) => b.index - a.index);
    if (!item.isLoop) return this.within(item, merges);
    const again = label();
    this.loops.set(item, again);
    return sequence(loop(again, this.within(item, merges)), unreachable);
  }

  /** Generates the block's own code, nested in one WebAssembly block for each merge block that follows. */
  private within(item: OrderedBlock, merges: OrderedBlock[]): Code {
    if (merges.length === 0) return this.leaf(item);
    const [outermost, ...rest] = merges;
    const end = label();
    this.merges.set(outermost, end);
    return sequence(block(end, this.within(item, rest)), this.tree(outermost));
  }

  private leaf(item: OrderedBlock): Code {
    const { instructions, end } = item.block;
    const body = this.instructions.body(item);
    switch (end.kind) {
      case 'branch': {
        const { rs1, rs2 } = instructions.at(-1)!.decoded;
        const condition = CONDITION[end.condition](this.registers.get(rs1), this.registers.get(rs2));
        return sequence(body, ifElse(condition, this.go(item, end.taken), this.go(item, end.otherwise)), unreachable);
      }
      case 'jump':
        return sequence(body, this.go(item, end.to));
      case 'expected': {
        const isExpected = i64.eq(this.target.get, this.exits.address(end.expected));
        return sequence(body, when(isExpected, this.go(item, end.to)), this.indirectJump(item));
      }
      case 'indirect':
        return sequence(body, this.indirectJump(item));
      case 'leave':
        return sequence(body, this.exits.side(end.to, 0));
    }
  }

  /** Generates an indirect jump. As in the interpreter, the target is recorded if the jump is a call. */
  private indirectJump(item: OrderedBlock): Code {
    const { decoded } = item.block.instructions.at(-1)!;
    const isCall = decoded.rd === RETURN_ADDRESS;
    const link = this.registers.get(decoded.rd);
    return sequence(
      isCall ? recordCall({ link, target: this.target.get, at: this.scratch }) : nothing,
      this.exits.normal(this.target.get, item),
    );
  }

  private go(from: OrderedBlock, to: Target): Code {
    if (typeof to === 'number') return this.exits.normal(this.exits.address(to), from);
    const target = from.successors.find(({ block }) => block === to)!;
    if (target.index <= from.index) return this.branch(this.loops, target);
    return target.isMerge ? this.branch(this.merges, target) : this.tree(target);
  }

  /** Looks up the label only when the code is generated, because the label's WebAssembly block is open only then. */
  private branch(labels: Map<OrderedBlock, Label>, target: OrderedBlock): Code {
    return (out) => br(labels.get(target)!)(out);
  }
}
