import {
  I32,
  I64,
  type Code,
  type Local,
  call,
  choose,
  i32,
  i64,
  ifElse,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { EXCEPTION } from '../../isa/traps.ts';
import { ACCESS_READ, ACCESS_WRITE } from './access.ts';
import { COMBINE, FUNCT5, reservationHolds, reserve } from './atomicSemantics.ts';
import { type Core, isRam, raise, ramAt, ramOffset, setSlot32, slot32 } from './coreContext.ts';
import { enterReadTlb, enterWriteTlb, translateAndCheck } from './memoryAccess.ts';
import { afterRead } from './pages.ts';

interface Atomic {
  core: Core;
  va: Local;
  operand: Local;
  funct5: Local;
  isDouble: Local;
  pa: Local;
  at: Local;
  old: Local;
  /** Whether PMP permits a TLB entry for the page. */
  cacheable: Local;
  /** The address of the TLB entry for the page. */
  entry: Local;
}

/**
 * Defines the A extension for the interpreter, for naturally aligned accesses to RAM. Like loads and stores, these
 * instructions add the accessed page to the TLBs, so that regions can later execute atomics on this page in place.
 */
export function defineAtomics(core: Core): void {
  core.builder.define(core.functions.atomic, (frame) => {
    const [va, operand, raw] = frame.parameters;
    const atomic: Atomic = {
      core,
      va,
      operand,
      funct5: frame.local(I32),
      isDouble: frame.local(I32),
      pa: frame.local(I64),
      at: frame.local(I32),
      old: frame.local(I64),
      cacheable: frame.local(I32),
      entry: frame.local(I32),
    };
    const { funct5, isDouble } = atomic;
    const size = select(isDouble.get, i32.const(8), i32.const(4));
    const isLr = i32.eq(funct5.get, i32.const(FUNCT5.LR));
    return sequence(
      set(funct5, i32.shrU(raw.get, i32.const(27))),
      set(isDouble, i32.and(i32.shrU(raw.get, i32.const(12)), i32.const(1))),
      when(
        i32.and(i32.wrap(va.get), i32.sub(size, i32.const(1))),
        call(
          core.functions.raise,
          select(isLr, i32.const(EXCEPTION.LOAD_MISALIGNED), i32.const(EXCEPTION.STORE_MISALIGNED)),
          va.get,
        ),
        ret(i64.const(0)),
      ),
      when(isLr, loadReserved(atomic, size)),
      when(i32.eq(funct5.get, i32.const(FUNCT5.SC)), storeConditional(atomic, size)),
      locate(atomic, size, ACCESS_WRITE),
      set(atomic.old, read(atomic)),
      enterWriteTlb(core, atomic),
      call(core.functions.touch, ramOffset(atomic.pa.get), size),
      write(atomic, combine(atomic)),
      atomic.old.get,
    );
  });
}

/** Translates the address to an address in the WebAssembly memory, or raises a fault. */
function locate(atomic: Atomic, size: Code, access: number): Code {
  const { core, va, pa, at } = atomic;
  const cause = access === ACCESS_READ ? EXCEPTION.LOAD_ACCESS_FAULT : EXCEPTION.STORE_ACCESS_FAULT;
  return sequence(
    translateAndCheck(core, atomic, { size, access, leave: ret(i64.const(0)) }),
    when(i32.eqz(isRam(pa.get, size)), raise(core, cause, va.get), ret(i64.const(0))),
    afterRead(core, ramOffset(pa.get), size),
    set(at, ramAt(ramOffset(pa.get))),
  );
}

const read = ({ isDouble, at }: Atomic): Code => choose(I64, isDouble.get, i64.load(at.get), i64.load32s(at.get));

const write = ({ isDouble, at }: Atomic, value: Code): Code =>
  ifElse(isDouble.get, i64.store(at.get, value), i64.store32(at.get, value));

function loadReserved(atomic: Atomic, size: Code): Code {
  return sequence(
    locate(atomic, size, ACCESS_READ),
    enterReadTlb(atomic.core, atomic),
    set(atomic.old, read(atomic)),
    reserve(atomic.pa.get, atomic.old.get),
    ret(atomic.old.get),
  );
}

function storeConditional(atomic: Atomic, size: Code): Code {
  const { core, pa, operand } = atomic;
  return sequence(
    when(i32.eqz(slot32('RESERVED')), ret(i64.const(1))),
    // If this faults, the trap clears the reservation.
    locate(atomic, size, ACCESS_WRITE),
    setSlot32('RESERVED', i32.const(0)),
    when(i32.eqz(reservationHolds(pa.get, read(atomic))), ret(i64.const(1))),
    enterWriteTlb(core, atomic),
    call(core.functions.touch, ramOffset(pa.get), size),
    write(atomic, operand.get),
    ret(i64.const(0)),
  );
}

/** The value that the AMO writes. A word operation uses the sign-extended low word of the operand. */
function combine({ funct5, isDouble, old, operand }: Atomic): Code {
  const b = choose(I64, isDouble.get, operand.get, i64.extend32S(operand.get));
  return Object.entries(COMBINE).reduceRight(
    (otherwise, [code, value]) =>
      choose(I64, i32.eq(funct5.get, i32.const(Number(code))), value(old.get, b), otherwise),
    b,
  );
}
