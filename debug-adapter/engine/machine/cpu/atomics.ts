import {
  I32,
  I64,
  type Code,
  type Local,
  call,
  choose,
  drop,
  i32,
  i64,
  ifElse,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { type Core, isRam, raise, ramAt, ramOffset, setSlot, setSlot32, slot, slot32 } from './coreContext.ts';
import { ACCESS_READ, ACCESS_WRITE } from './access.ts';
import { noticeRead } from './pages.ts';

/**
 * The A extension (ISA manual Volume I, chapter 14), on naturally aligned RAM. A reservation is the physical address
 * and the value LR read; SC succeeds when both are unchanged, which is what QEMU does too. Any SC,
 * trap or return from a trap drops it.
 */
const FUNCT5 = { ADD: 0, SWAP: 1, LR: 2, SC: 3, XOR: 4, OR: 8, AND: 12, MIN: 16, MAX: 20, MINU: 24, MAXU: 28 };
const LOAD_MISALIGNED = 4;
const LOAD_ACCESS_FAULT = 5;
const STORE_MISALIGNED = 6;
const STORE_ACCESS_FAULT = 7;

interface Atomic {
  core: Core;
  va: Local;
  operand: Local;
  funct5: Local;
  isDouble: Local;
  pa: Local;
  at: Local;
  old: Local;
}

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
    };
    const { funct5, isDouble } = atomic;
    const size = select(isDouble.get, i32.const(8), i32.const(4));
    const isLr = i32.eq(funct5.get, i32.const(FUNCT5.LR));
    return sequence(
      set(funct5, i32.shrU(raw.get, i32.const(27))),
      set(isDouble, i32.and(i32.shrU(raw.get, i32.const(12)), i32.const(1))),
      when(
        i32.and(i32.wrap(va.get), i32.sub(size, i32.const(1))),
        call(core.functions.raise, select(isLr, i32.const(LOAD_MISALIGNED), i32.const(STORE_MISALIGNED)), va.get),
        ret(i64.const(0)),
      ),
      when(isLr, loadReserved(atomic, size)),
      when(i32.eq(funct5.get, i32.const(FUNCT5.SC)), storeConditional(atomic, size)),
      locate(atomic, size, ACCESS_WRITE),
      set(atomic.old, read(atomic)),
      call(core.functions.touch, ramOffset(atomic.pa.get), size),
      write(atomic, combine(atomic)),
      atomic.old.get,
    );
  });
}

/** Finds the place in memory, or faults. */
function locate({ core, va, pa, at }: Atomic, size: Code, access: number): Code {
  const cause = access === ACCESS_READ ? LOAD_ACCESS_FAULT : STORE_ACCESS_FAULT;
  return sequence(
    set(pa, call(core.functions.translate, va.get, i32.const(access))),
    when(slot32('FAULT'), ret(i64.const(0))),
    drop(call(core.functions.protect, pa.get, va.get, size, i32.const(access))),
    when(slot32('FAULT'), ret(i64.const(0))),
    when(i32.eqz(isRam(pa.get, size)), raise(core, cause, va.get), ret(i64.const(0))),
    noticeRead(core, ramOffset(pa.get), size),
    set(at, ramAt(ramOffset(pa.get))),
  );
}

const read = ({ isDouble, at }: Atomic): Code => choose(I64, isDouble.get, i64.load(at.get), i64.load32s(at.get));

const write = ({ isDouble, at }: Atomic, value: Code): Code =>
  ifElse(isDouble.get, i64.store(at.get, value), i64.store32(at.get, value));

function loadReserved(atomic: Atomic, size: Code): Code {
  return sequence(
    locate(atomic, size, ACCESS_READ),
    set(atomic.old, read(atomic)),
    setSlot32('RESERVED', i32.const(1)),
    setSlot('RESERVED_ADDRESS', atomic.pa.get),
    setSlot('RESERVED_VALUE', atomic.old.get),
    ret(atomic.old.get),
  );
}

function storeConditional(atomic: Atomic, size: Code): Code {
  const { core, pa, operand } = atomic;
  const holds = i32.and(i64.eq(slot('RESERVED_ADDRESS'), pa.get), i64.eq(slot('RESERVED_VALUE'), read(atomic)));
  return sequence(
    when(i32.eqz(slot32('RESERVED')), ret(i64.const(1))),
    setSlot32('RESERVED', i32.const(0)),
    locate(atomic, size, ACCESS_WRITE),
    when(i32.eqz(holds), ret(i64.const(1))),
    call(core.functions.touch, ramOffset(pa.get), size),
    write(atomic, operand.get),
    ret(i64.const(0)),
  );
}

/** The new value; a word operation takes the operand's low word, sign-extended. */
function combine({ funct5, isDouble, old, operand }: Atomic): Code {
  const b = choose(I64, isDouble.get, operand.get, i64.extend32S(operand.get));
  const is = (code: number): Code => i32.eq(funct5.get, i32.const(code));
  // MINU and MAXU of words compare alike on sign-extended values: the order of the low words is kept.
  const cases: [number, Code][] = [
    [FUNCT5.ADD, i64.add(old.get, b)],
    [FUNCT5.XOR, i64.xor(old.get, b)],
    [FUNCT5.OR, i64.or(old.get, b)],
    [FUNCT5.AND, i64.and(old.get, b)],
    [FUNCT5.MIN, select(i64.ltS(old.get, b), old.get, b)],
    [FUNCT5.MAX, select(i64.gtS(old.get, b), old.get, b)],
    [FUNCT5.MINU, select(i64.ltU(old.get, b), old.get, b)],
    [FUNCT5.MAXU, select(i64.gtU(old.get, b), old.get, b)],
  ];
  return cases.reduceRight((otherwise, [code, value]) => choose(I64, is(code), value, otherwise), b);
}
