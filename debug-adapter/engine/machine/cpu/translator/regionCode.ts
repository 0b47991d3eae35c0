import {
  type Code,
  type Local,
  I32,
  I64,
  i32,
  i64,
  nothing,
  ret,
  sequence,
  set,
  when,
} from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { slot32 } from '../coreContext.ts';
import { FETCH_TLB, FETCH_TLB_ENTRIES } from '../layout.ts';
import type { OperationName } from '../operations.ts';
import type { ArithmeticHelpers } from '../semantics.ts';
import type { OrderedBlock } from './blockOrder.ts';
import { RegionAtomics } from './regionAtomics.ts';
import { RegionBreaks } from './regionBreaks.ts';
import { RegionControlFlow } from './regionControlFlow.ts';
import { RegionExits } from './regionExits.ts';
import { isFloat, RegionFloats } from './regionFloats.ts';
import { RegionInstructions } from './regionInstructions.ts';
import { RegionMemory } from './regionMemory.ts';
import { RegionPredicates } from './regionPredicates.ts';
import { RegionRegisters } from './regionRegisters.ts';
import type { InPlaceAccesses } from './taggedPages.ts';

/** The type of a region: (budget, address of the entry's page) -> budget left. */
export const REGION_TYPE = { parameters: [I32, I64], results: [I32] };

/** A page, other than the entry's page, from which the region's code was read. */
export interface RegionPages {
  /** The distance in pages from the entry's page, and the address that the page's decode entries must still have. */
  delta: number;
  decodeEntries: number;
}

/** The guest code of a region, and the assumptions under which it is translated. */
export interface RegionSource {
  /** The decode entry at which the region starts. */
  entry: number;
  order: OrderedBlock[];
  pages: RegionPages[];
  /**
   * The region assumes that addresses are not translated, so that every read of RAM is plain. If they are translated,
   * it returns without executing an instruction.
   */
  isBare: boolean;
  /**
   * Which accesses the region makes in place. This matters for programs whose data is close to their code or to watched
   * bytes.
   */
  inPlace: InPlaceAccesses;
  ramBytes: number;
  helpers: ArithmeticHelpers;
}

/**
 * Generates the code for a region as a function of the type REGION_TYPE. The function executes the region from its
 * entry, keeps registers in locals, and subtracts each block's instruction count from the budget at the start of the
 * block. It stores registers and PC in memory and returns if the budget is too small for a block, if control flow
 * leaves the region, or if the next instruction is not plain. The interpreter then executes that instruction, so no
 * instruction in a region faults, and every step is counted exactly.
 */
export function regionCode(frame: Frame, region: RegionSource): Code {
  const { entry, order, pages, isBare, ramBytes, inPlace, helpers } = region;
  const [budget] = frame.parameters;
  const context = frame.local(I32);
  const va = frame.local(I64);
  const scratch = frame.local(I32);
  const tlb = frame.local(I32);
  const target = frame.local(I64);
  const registers = new RegionRegisters(order);
  const exits = new RegionExits(frame, registers);
  const floats = new RegionFloats(frame, registers);
  const memory = new RegionMemory(frame, { entry, isBare, ramBytes, inPlace, registers, context });
  const atomics = new RegionAtomics(frame, { memory, registers });
  registers.allocateLocals(frame);
  const breaks = new RegionBreaks(exits, new RegionPredicates(frame, { registers, isBare, ramBytes }));
  const parts = { registers, exits, breaks, floats, memory, atomics, helpers, budget, target };
  const instructions = new RegionInstructions(order, parts);
  const controlFlow = new RegionControlFlow({ registers, exits, instructions, target, scratch });
  const uses = (test: (name: OperationName) => boolean): boolean =>
    order.some(({ block }) => block.instructions.some(({ name }) => test(name)));
  return sequence(
    ...pages.map((page) => checkPage(page, { address: exits.address(page.delta * 4096), budget, va, tlb })),
    isBare ? when(slot32('READS_CHECKED'), ret(budget.get)) : set(context, slot32('DATA_CONTEXT')),
    uses(isFloat) ? floats.loadState() : nothing,
    uses((name) => name === 'CBO_ZERO') ? memory.loadEnvcfg() : nothing,
    registers.load(),
    exits.around(controlFlow.tree(order[0])),
  );
}

/**
 * Leaves the region if the page is no longer mapped at the same distance from the entry's page, because the region is
 * then not valid.
 */
function checkPage(
  { decodeEntries }: RegionPages,
  { address, budget, va, tlb }: { address: Code; budget: Local; va: Local; tlb: Local },
): Code {
  const index = i32.and(i32.shrU(i32.wrap(va.get), i32.const(8)), i32.const((FETCH_TLB_ENTRIES - 1) << 4));
  return sequence(
    set(va, address),
    set(tlb, i32.add(slot32('FETCH_CONTEXT'), index)),
    when(i64.ne(i64.load(tlb.get, FETCH_TLB), va.get), ret(budget.get)),
    when(i32.ne(i32.load(tlb.get, FETCH_TLB + 8), i32.const(decodeEntries)), ret(budget.get)),
  );
}
