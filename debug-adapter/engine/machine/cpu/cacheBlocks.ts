import {
  I32,
  I64,
  type Code,
  type Local,
  brIf,
  call,
  drop,
  i32,
  i64,
  label,
  loop,
  memoryFill,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { EXCEPTION } from '../../isa/traps.ts';
import { ACCESS_READ, ACCESS_WRITE } from './access.ts';
import { CAUSE_ILLEGAL, type Core, isRam, raise, ramAt, ramOffset, setSlot32, slot32 } from './coreContext.ts';
import { ENVCFG, envcfgForbids } from './envcfg.ts';
import { BLOCK_BYTES } from './layout.ts';
import { cacheableAccess, enterWriteTlb, translateAndCheck } from './memoryAccess.ts';

/**
 * Defines the cache-block operations (Volume I, "CMO Extensions"): cbo.zero, which stores 64 zero bytes, and the
 * management operations. This machine has no caches, so management operations only check that the access is allowed. As
 * in QEMU, addresses are rounded down to the start of their block, even in tval.
 */
export function defineCacheBlocks(core: Core): void {
  defineZero(core);
  defineManage(core);
}

/** The slow path of cbo.zero; the fast path is `zeroBlockHandler`. */
function defineZero(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.zeroBlock, (frame) => {
    const [address, raw] = frame.parameters;
    const va = frame.local(I64);
    const access = cacheableAccess(frame, va);
    const { pa } = access;
    const size = i32.const(BLOCK_BYTES);
    return sequence(
      when(envcfgForbids(ENVCFG.CBZE), raise(core, CAUSE_ILLEGAL, i64.extendU(raw.get)), ret()),
      set(va, blockOf(address.get)),
      translateAndCheck(core, access, { size, access: ACCESS_WRITE, leave: ret() }),
      when(
        isRam(pa.get, size),
        enterWriteTlb(core, access),
        call(functions.touch, ramOffset(pa.get), size),
        memoryFill(ramAt(ramOffset(pa.get)), i32.const(0), size),
        ret(),
      ),
      zeroDevice(core, { va, pa, done: frame.local(I32) }),
    );
  });
}

/** Zeroes a block of device memory byte by byte, and stops if an access faults. */
function zeroDevice(core: Core, v: { va: Local; pa: Local; done: Local }): Code {
  const { va, pa, done } = v;
  const next = label();
  const at = (first: Local): Code => i64.add(first.get, i64.extendU(done.get));
  const isAbove4GiB = i64.ne(i64.shrU(pa.get, i64.const(32)), i64.const(0));
  return sequence(
    when(isAbove4GiB, raise(core, EXCEPTION.STORE_ACCESS_FAULT, va.get), ret()),
    loop(
      next,
      call(core.functions.mmioWrite, i32.wrap(at(pa)), i32.const(0), i32.const(1)),
      when(slot32('FAULT'), raise(core, EXCEPTION.STORE_ACCESS_FAULT, at(va)), ret()),
      set(done, i32.add(done.get, i32.const(1))),
      brIf(next, i32.ltU(done.get, i32.const(BLOCK_BYTES))),
    ),
  );
}

/** A management operation is allowed where a load or a store is allowed; otherwise it faults like a store. */
function defineManage(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.manageBlock, (frame) => {
    const [address, raw] = frame.parameters;
    const va = frame.local(I64);
    const pa = frame.local(I64);
    const isInval = i32.eqz(i32.shrU(raw.get, i32.const(20)));
    const forbidden = select(isInval, envcfgForbids(ENVCFG.CBIE), envcfgForbids(ENVCFG.CBCFE));
    const attempt = (access: number): Code =>
      sequence(
        set(pa, call(functions.translate, va.get, i32.const(access))),
        when(
          i32.eqz(slot32('FAULT')),
          drop(call(functions.protect, pa.get, va.get, i32.const(BLOCK_BYTES), i32.const(access))),
        ),
      );
    return sequence(
      when(forbidden, raise(core, CAUSE_ILLEGAL, i64.extendU(raw.get)), ret()),
      set(va, blockOf(address.get)),
      attempt(ACCESS_READ),
      when(slot32('FAULT'), setSlot32('FAULT', i32.const(0)), attempt(ACCESS_WRITE)),
    );
  });
}

export const blockOf = (address: Code): Code => i64.and(address, i64.const(-BLOCK_BYTES));
