import { block, brIf, type Code, i32, i64, label, nothing, sequence, when } from '../../../base/wasm/code.ts';
import type { BreakCheck } from '../breakMarks.ts';
import type { RegionExits } from './regionExits.ts';
import type { RegionPredicates } from './regionPredicates.ts';
import type { Instruction } from './regionGraph.ts';

/**
 * The breakpoints in a region. Before an instruction with a breakpoint, the region checks whether the breakpoint may be
 * reached. If so, control leaves the region, and the interpreter decides whether to stop. Code without breakpoints is
 * not affected.
 */
export class RegionBreaks {
  private exits: RegionExits;
  private predicates: RegionPredicates;

  constructor(exits: RegionExits, predicates: RegionPredicates) {
    this.exits = exits;
    this.predicates = predicates;
  }

  /** The check before an instruction; `leave` is code that leaves the region before it. */
  check({ checks, offset }: Instruction, leave: Code): Code {
    if (checks.length === 0) return nothing;
    const pc = this.exits.address(offset);
    return sequence(
      ...checks.map(({ address, predicate }: BreakCheck) => {
        const isHere = i64.eq(pc, i64.const(BigInt.asIntN(64, address)));
        if (!predicate) return when(isHere, leave);
        const [fails, unknown] = [label(), label()];
        return block(
          fails,
          brIf(fails, i32.eqz(isHere)),
          block(unknown, brIf(fails, i64.eqz(this.predicates.value(predicate, { pc, unknown })))),
          leave,
        );
      }),
    );
  }
}
