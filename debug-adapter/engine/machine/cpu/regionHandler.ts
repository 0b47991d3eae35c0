import {
  type Code,
  br,
  brIf,
  call,
  callIndirect,
  i32,
  i64,
  label,
  loop,
  nothing,
  ret,
  sequence,
  set,
  tee,
  when,
} from '../../base/wasm/code.ts';
import { setSlot, slot, slot32 } from './coreContext.ts';
import { type Variables, immediate32, pc, refund } from './handlerContext.ts';
import {
  FETCH_TLB,
  FETCH_TLB_ENTRIES,
  JUMP_COUNTS,
  HOT_COUNTS_ENTRIES,
  SINGLE_ENTRY_BYTES,
  REGION_ENTRIES,
} from './layout.ts';
import { OP } from './operations.ts';

/** Counts a jump to `entry`, and reports the entry for translation when the count reaches the threshold. */
export function countJump(v: Variables): Code {
  const { entry, low, tlb, isWatching } = v;
  if (isWatching) return nothing;
  const slot = i32.and(i32.shrU(entry.get, i32.const(3)), i32.const((HOT_COUNTS_ENTRIES - 1) << 1));
  return sequence(
    set(low, slot),
    i32.store16(low.get, tee(tlb, i32.add(i32.load16u(low.get, JUMP_COUNTS), i32.const(1))), JUMP_COUNTS),
    when(
      i32.eq(tlb.get, slot32('HOT_THRESHOLD')),
      i32.store16(low.get, i32.const(0), JUMP_COUNTS),
      when(call(v.core.functions.recordHot, entry.get, pc(v)), setSlot('PC', pc(v)), ret(v.budget.get)),
    ),
  );
}

/**
 * Calls the region that begins at the current entry, and continues as long as one region leads to another. A region
 * executes no instruction if the budget is too small for its first block, if the first instruction is not plain, or if
 * the region was translated for a different address space. The interpreter then executes the instruction.
 */
export function regionHandler(v: Variables): Code {
  const { core, budget, entry, pageEntries, pageVa, low, tlb, va } = v;
  const again = label();
  return sequence(
    refund(v),
    setSlot('PC', pc(v)),
    loop(
      again,
      set(low, callIndirect(core.regionType, immediate32(v), budget.get, pageVa.get)),
      when(i32.eq(low.get, budget.get), countJump(v), executeSingleEntry(v, loneEntry(v))),
      set(budget, low.get),
      set(low, i32.wrap(tee(va, slot('PC')))),
      when(
        i64.ne(i64.and(va.get, i64.const(-4096)), pageVa.get),
        set(tlb, fetchTlbEntry(low.get)),
        brIf(v.fetch, i64.ne(i64.load(tlb.get, FETCH_TLB), i64.and(va.get, i64.const(-4096)))),
        set(pageVa, i64.and(va.get, i64.const(-4096))),
        set(pageEntries, i32.load(tlb.get, FETCH_TLB + 8)),
      ),
      set(entry, i32.add(pageEntries.get, i32.shl(i32.and(low.get, i32.const(0xffe)), i32.const(3)))),
      brIf(again, i32.eq(i32.load8u(entry.get), i32.const(OP.REGION))),
    ),
    countJump(v),
    br(v.execute),
  );
}

/** Executes the first instruction of the region that begins at the current entry, without calling the region. */
export const withoutRegion = (v: Variables): Code =>
  sequence(refund(v), setSlot('PC', pc(v)), executeSingleEntry(v, loneEntry(v)));

/** The separately decoded first instruction of a region. */
const loneEntry = (v: Variables): Code =>
  i32.add(i32.mul(immediate32(v), i32.const(SINGLE_ENTRY_BYTES)), i32.const(REGION_ENTRIES));

/**
 * Executes an entry that was decoded outside its page. The entry is treated as the first entry of a page that begins at
 * the instruction's address.
 */
export const executeSingleEntry = (v: Variables, entry: Code): Code =>
  sequence(set(v.pageVa, slot('PC')), set(v.pageEntries, entry), set(v.entry, v.pageEntries.get), br(v.execute));

/** The address of the active fetch TLB's entry for a virtual address. */
export const fetchTlbEntry = (low: Code): Code =>
  i32.add(slot32('FETCH_CONTEXT'), i32.and(i32.shrU(low, i32.const(8)), i32.const((FETCH_TLB_ENTRIES - 1) << 4)));
