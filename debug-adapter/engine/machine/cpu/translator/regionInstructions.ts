import { type Code, type Local, i32, i64, nothing, sequence, set, tee, when } from '../../../base/wasm/code.ts';
import { ATOMIC } from '../atomicSemantics.ts';
import { type ArithmeticHelpers, COMPUTE } from '../semantics.ts';
import type { OrderedBlock } from './blockOrder.ts';
import { groupAccesses, loadOf, storeOf } from './memoryGroups.ts';
import { narrowAfter, narrowAtStart, narrowOperation, type Registers } from './narrowRegisters.ts';
import { plainFloat } from './plainFloats.ts';
import type { RegionAtomics } from './regionAtomics.ts';
import type { RegionBreaks } from './regionBreaks.ts';
import type { RegionExits } from './regionExits.ts';
import { isFloat, type RegionFloats } from './regionFloats.ts';
import type { Instruction } from './regionGraph.ts';
import type { BlockAccesses, RegionMemory } from './regionMemory.ts';
import type { RegionRegisters } from './regionRegisters.ts';

/** The parts of a region that implement its instructions. */
export interface InstructionParts {
  registers: RegionRegisters;
  exits: RegionExits;
  breaks: RegionBreaks;
  floats: RegionFloats;
  memory: RegionMemory;
  atomics: RegionAtomics;
  helpers: ArithmeticHelpers;
  budget: Local;
  /** Set to the target of an indirect jump. */
  target: Local;
}

/** Generates the instructions of a region, block by block, except for the jumps at the ends of the blocks. */
export class RegionInstructions {
  private parts: InstructionParts;
  private narrow: Map<OrderedBlock, Registers>;

  constructor(order: readonly OrderedBlock[], parts: InstructionParts) {
    this.parts = parts;
    this.narrow = narrowAtStart(order);
  }

  /** Charges the block's instructions to the budget and executes them. */
  body(item: OrderedBlock): Code {
    const { budget, exits, breaks } = this.parts;
    const { offset, instructions } = item.block;
    const count = instructions.length;
    if (count === 0) return nothing;
    const accesses: BlockAccesses = { groups: groupAccesses(item.block), checked: new Map() };
    let narrow = this.narrow.get(item)!;
    return sequence(
      when(i32.ltS(tee(budget, i32.sub(budget.get, i32.const(count))), i32.const(0)), exits.side(offset, count)),
      ...instructions.map((instruction, done) => {
        const unexecuted = count - done;
        const code = this.instruction(instruction, { unexecuted, narrow, ...accesses });
        narrow = narrowAfter(instruction, narrow);
        if (instruction.checks.length === 0) return code;
        return sequence(breaks.check(instruction, exits.side(instruction.offset, unexecuted)), code);
      }),
    );
  }

  private instruction(instruction: Instruction, at: InBlock): Code {
    const { registers, exits, floats, memory, atomics, helpers, target } = this.parts;
    const { name, offset, decoded } = instruction;
    const { rd, rs1, rs2, immediate, lengthBytes } = decoded;
    const compute = COMPUTE[name];
    if (compute) {
      if (rd === 0) return nothing;
      const operands = { a: registers.get(rs1), b: registers.get(rs2), imm: i64.const(immediate), helpers };
      return registers.put(rd, narrowOperation(instruction, at.narrow, operands) ?? compute(operands));
    }
    const leave = exits.side(offset, at.unexecuted);
    if (loadOf(name) ?? storeOf(name)) {
      return sequence(isFloat(name) ? floats.checkAccess(leave) : nothing, memory.access(instruction, at, leave));
    }
    if (ATOMIC[name]) return atomics.access(instruction, leave);
    if (name === 'CBO_ZERO') return memory.zeroBlock(rs1, leave);
    const float = plainFloat(name);
    if (float) return floats.compute(decoded, float, leave);
    const link = rd === 0 ? nothing : registers.put(rd, exits.address(offset + lengthBytes));
    switch (name) {
      case 'AUIPC':
        return rd === 0 ? nothing : registers.put(rd, exits.address(offset + immediate));
      case 'JALR':
        return sequence(set(target, i64.and(i64.add(registers.get(rs1), i64.const(immediate)), i64.const(-2))), link);
      case 'JAL_NEAR':
        return link;
      default:
        // Branches are generated at the block's end; the remaining operations do nothing.
        return nothing;
    }
  }
}

interface InBlock extends BlockAccesses {
  /** The number of instructions from this one to the end of the block. */
  unexecuted: number;
  /** The registers that are narrow before this instruction. */
  narrow: Registers;
}
