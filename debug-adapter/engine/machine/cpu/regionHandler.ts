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
  sequence,
  set,
  tee,
  when,
} from '../../base/wasm/code.ts';
import { setSlot, slot, slot32 } from './coreContext.ts';
import { type Variables, immediate32, pc, refund } from './handlerContext.ts';
import { HOT_COUNTS, HOT_COUNTS_ENTRIES, LONE_ENTRY_BYTES, REGION_ENTRIES } from './layout.ts';
import { OP } from './operations.ts';

/** Where the interpreter meets translated code: it finds what is worth translating, and calls what is. */

/** A jump came to `entry`: what is reached often is worth translating. */
export function countArrival(v: Variables): Code {
  const { entry, low, tlb } = v;
  const place = i32.and(i32.shrU(entry.get, i32.const(3)), i32.const((HOT_COUNTS_ENTRIES - 1) << 1));
  return sequence(
    set(low, place),
    i32.store16(low.get, tee(tlb, i32.add(i32.load16u(low.get, HOT_COUNTS), i32.const(1))), HOT_COUNTS),
    when(
      i32.eq(tlb.get, slot32('HOT_THRESHOLD')),
      i32.store16(low.get, i32.const(0), HOT_COUNTS),
      call(v.core.functions.noteHot, entry.get, pc(v)),
    ),
  );
}

/**
 * Calls the region that begins here, and the next while one leads to another in the page. When a region could not do
 * even one instruction (the budget is short of its first block, or that instruction is not plain), this one is
 * interpreted.
 */
export function regionHandler(v: Variables): Code {
  const { core, budget, entry, pageEntries, pageVa, low, va } = v;
  const again = label();
  const loneEntry = i32.add(i32.mul(immediate32(v), i32.const(LONE_ENTRY_BYTES)), i32.const(REGION_ENTRIES));
  return sequence(
    refund(v),
    setSlot('PC', pc(v)),
    loop(
      again,
      set(low, callIndirect(core.regionType, immediate32(v), budget.get, pageVa.get)),
      when(i32.eq(low.get, budget.get), executeLoneEntry(v, loneEntry)),
      set(budget, low.get),
      set(low, i32.wrap(tee(va, slot('PC')))),
      brIf(v.fetch, i64.ne(i64.and(va.get, i64.const(-4096)), pageVa.get)),
      set(entry, i32.add(pageEntries.get, i32.shl(i32.and(low.get, i32.const(0xffe)), i32.const(3)))),
      brIf(again, i32.eq(i32.load8u(entry.get), i32.const(OP.REGION))),
    ),
    countArrival(v),
    br(v.execute),
  );
}

/** An entry outside its page, whose jumps are all far, pretends to start a page at the instruction's address. */
export const executeLoneEntry = (v: Variables, entry: Code): Code =>
  sequence(set(v.pageVa, slot('PC')), set(v.pageEntries, entry), set(v.entry, v.pageEntries.get), br(v.execute));
