import {
  I32,
  I64,
  type Code,
  type Local,
  call,
  drop,
  i32,
  i64,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { EXCEPTION } from '../../isa/traps.ts';
import { ACCESS_FETCH } from './access.ts';
import { type Core, isRam, ramAt, ramOffset, slot32 } from './coreContext.ts';
import {
  BREAK_PAGES,
  BREAK_PAGES_BYTES,
  DECODE_PAGES,
  FETCH_TLB,
  FETCH_TLB_ENTRIES,
  STRADDLE_ENTRY,
} from './layout.ts';

/** Defines the lookup of decoded code for a program counter: address translation, PMP and the fetch TLB. */
export function defineFetch(core: Core): void {
  defineTranslateFetch(core);
  const { builder, functions } = core;
  const mayExecutePage = (address: Local): Code =>
    call(
      functions.pmpAllows,
      i64.and(address.get, i64.const(-4096)),
      i32.const(4096),
      i32.const(ACCESS_FETCH),
      slot32('PRIVILEGE'),
    );
  const straddleUnlessFault = select(slot32('FAULT'), i32.const(0), i32.const(STRADDLE_ENTRY));
  builder.define(functions.fetchPage, (frame) => {
    const [pc] = frame.parameters;
    const address = frame.local(I64);
    const page = frame.local(I32);
    const entries = frame.local(I32);
    const entry = frame.local(I32);
    return sequence(
      set(address, call(functions.translateFetch, pc.get)),
      when(slot32('FAULT'), ret(i32.const(0))),
      // If PMP rules differ within the page, each instruction is fetched and checked separately.
      when(i32.eqz(mayExecutePage(address)), call(functions.fetchStraddle, pc.get), ret(straddleUnlessFault)),
      set(page, i32.shrU(ramOffset(address.get), i32.const(12))),
      set(entries, i32.load(i32.shl(page.get, i32.const(2)), DECODE_PAGES)),
      when(i32.eqz(entries.get), set(entries, call(functions.allocateDecodePage, page.get))),
      set(
        entry,
        i32.add(
          slot32('FETCH_CONTEXT'),
          i32.and(i32.shrU(i32.wrap(pc.get), i32.const(8)), i32.const((FETCH_TLB_ENTRIES - 1) << 4)),
        ),
      ),
      i64.store(entry.get, i64.and(pc.get, i64.const(-4096)), FETCH_TLB),
      i32.store(entry.get, entries.get, FETCH_TLB + 8),
      when(mayContainBreakpoint(pc), call(functions.fetchedBreakPage, pc.get, entries.get)),
      when(slot32('FETCH_CONTEXT'), call(functions.recordFilled, i32.add(entry.get, i32.const(FETCH_TLB)))),
      entries.get,
    );
  });
  builder.define(functions.fetchStraddle, (frame) => {
    const [pc] = frame.parameters;
    const first = frame.local(I64);
    const second = frame.local(I64);
    const half = (address: Local): Code => i32.load16u(ramAt(ramOffset(address.get)));
    const next = i64.add(pc.get, i64.const(2));
    const isCompressed = (bits: Code): Code => i32.ne(i32.and(bits, i32.const(3)), i32.const(3));
    return sequence(
      set(first, call(functions.translateFetch, pc.get)),
      when(slot32('FAULT'), ret()),
      when(isCompressed(half(first)), call(functions.decodeStraddle, half(first)), ret()),
      set(second, call(functions.translateFetch, next)),
      when(slot32('FAULT'), ret()),
      call(functions.decodeStraddle, i32.or(half(first), i32.shl(half(second), i32.const(16)))),
    );
  });
}

/** A value that is nonzero if the page that contains `pc` may contain a breakpoint. */
export function mayContainBreakpoint(pc: Local): Code {
  const page = i32.and(i32.wrap(i64.shrU(pc.get, i64.const(12))), i32.const(BREAK_PAGES_BYTES * 8 - 1));
  const bits = i32.load8u(i32.shrU(page, i32.const(3)), BREAK_PAGES);
  return i32.and(i32.shrU(bits, i32.and(page, i32.const(7))), i32.const(1));
}

/**
 * Translates the address of a two-byte fetch. A fetch from outside RAM causes an instruction access fault.
 */
function defineTranslateFetch(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.translateFetch, (frame) => {
    const [va] = frame.parameters;
    const address = frame.local(I64);
    return sequence(
      set(address, call(functions.translate, va.get, i32.const(ACCESS_FETCH))),
      when(
        i32.and(i32.eqz(slot32('FAULT')), i32.eqz(isRam(address.get, i32.const(2)))),
        call(functions.raise, i32.const(EXCEPTION.INSTRUCTION_ACCESS_FAULT), va.get),
      ),
      when(
        i32.eqz(slot32('FAULT')),
        drop(call(functions.protect, address.get, va.get, i32.const(2), i32.const(ACCESS_FETCH))),
      ),
      address.get,
    );
  });
}
