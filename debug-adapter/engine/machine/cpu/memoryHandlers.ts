import {
  type Code,
  type Local,
  br,
  call,
  i32,
  i64,
  sequence,
  set,
  storeZeroes16,
  tee,
  when,
} from '../../base/wasm/code.ts';
import { blockOf } from './cacheBlocks.ts';
import { ENVCFG, envcfgForbids } from './envcfg.ts';
import { type Handler, type Variables, immediate, next, storePc, raw, rs1, rs2, setRd } from './handlerContext.ts';
import { BLOCK_BYTES, READ_TLB, TLB_ENTRIES, WRITE_TLB } from './layout.ts';
import type { LOADS, STORES } from './semantics.ts';

/**
 * The offset of the TLB entry for the address in `low`: bits 12-25 of the address, times 16, plus the context's offset.
 */
export const tlbIndex = (v: Variables): Code =>
  i32.add(v.context.get, i32.and(i32.shrU(v.low.get, i32.const(8)), i32.const((TLB_ENTRIES - 1) << 4)));

/**
 * Whether the TLB contains the page. The comparison includes the address bits that must be zero in an aligned address:
 * these bits are zero in the tag, so a misaligned address never matches.
 */
export const tlbHit = (v: Variables, table: number, sizeLog2: number): Code =>
  i64.eq(i64.load(tee(v.tlb, tlbIndex(v)), table), i64.and(v.va.get, i64.const(-4096 | ((1 << sizeLog2) - 1))));
export const tlbAddress = (v: Variables, table: number): Code => i32.add(v.low.get, i32.load(v.tlb.get, table + 8));
export const setAddress = (v: Variables): Code => set(v.low, i32.wrap(tee(v.va, i64.add(rs1(v), immediate(v)))));

/** The handler for a load: it reads memory in place if the TLB contains the page, and otherwise calls the slow path. */
export function loadHandler(v: Handler, { sizeLog2, kind, load }: NonNullable<(typeof LOADS)['LB']>): Code {
  return sequence(
    setAddress(v),
    when(
      i32.eqz(tlbHit(v, READ_TLB, sizeLog2)),
      storePc(v),
      set(v.value, call(v.core.functions.loadSlow, v.va.get, i32.const(kind))),
      br(v.loaded),
    ),
    setRd(v, load(tlbAddress(v, READ_TLB))),
    next(v),
  );
}

/**
 * The handler for a store: it writes memory in place if the TLB contains the page, and otherwise calls the slow path.
 */
export function storeHandler(v: Handler, { sizeLog2, kind, store }: NonNullable<(typeof STORES)['SB']>): Code {
  return sequence(
    setAddress(v),
    when(
      i32.eqz(tlbHit(v, WRITE_TLB, sizeLog2)),
      storePc(v),
      call(v.core.functions.storeSlow, v.va.get, rs2(v), i32.const(kind)),
      br(v.stored),
    ),
    store(tlbAddress(v, WRITE_TLB), rs2(v)),
    next(v),
  );
}

/** The handler for cbo.zero. A cache block never crosses a page boundary. */
export function zeroBlockHandler(v: Handler): Code {
  const isPlain = i32.and(i32.eqz(envcfgForbids(ENVCFG.CBZE)), tlbHit(v, WRITE_TLB, 0));
  return sequence(
    set(v.low, i32.wrap(tee(v.va, blockOf(rs1(v))))),
    when(i32.eqz(isPlain), storePc(v), call(v.core.functions.zeroBlock, v.va.get, raw(v)), br(v.stored)),
    set(v.low, tlbAddress(v, WRITE_TLB)),
    storeZeroes(v.low),
    next(v),
  );
}

/** Zeroes the block at an address in the WebAssembly memory. */
export const storeZeroes = (address: Local): Code =>
  sequence(...Array.from({ length: BLOCK_BYTES / 16 }, (_, i) => storeZeroes16(address.get, 16 * i)));
