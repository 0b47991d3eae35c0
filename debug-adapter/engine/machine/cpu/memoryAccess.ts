import {
  I32,
  I64,
  type Code,
  type Local,
  block,
  brIf,
  brTable,
  call,
  drop,
  i32,
  i64,
  ifElse,
  label,
  loop,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import type { Frame } from '../../base/wasm/moduleBuilder.ts';
import { EXCEPTION } from '../../isa/traps.ts';
import { type Core, isRam, raise, ramAt, ramOffset, setSlot32, slot32 } from './coreContext.ts';
import {
  PAGE_CODE,
  PAGE_FLAGS,
  PAGE_READS_WATCHED,
  PAGE_WATCHED,
  RAM,
  RAM_BASE,
  READ_TLB,
  TAG_SHIFT,
  TAG_WATCHED,
  TLB_ENTRIES,
  WRITE_TLB,
} from './layout.ts';
import { ACCESS_READ, ACCESS_WRITE } from './access.ts';
import { afterRead } from './pages.ts';

/**
 * Defines the slow paths for loads and stores: accesses that miss the TLB, go to a device, are misaligned or fault. RAM
 * supports any alignment, even across a page boundary: both pages are translated before the access, so a fault leaves
 * no partial write. Devices accept only aligned accesses.
 */
export function defineMemoryAccess(core: Core): void {
  defineLoadSlow(core);
  defineStoreSlow(core);
}

const { LOAD_ACCESS_FAULT, STORE_ACCESS_FAULT } = EXCEPTION;

/** Raw loads and stores, indexed by kind (see semantics.ts). */
const LOAD_BY_KIND = [i64.load8u, i64.load16u, i64.load32u, i64.load, i64.load8s, i64.load16s, i64.load32s];
const STORE_BY_KIND = [i64.store8, i64.store16, i64.store32, i64.store];

/** Executes the case with the given index; each case must return. */
function dispatch(index: Code, cases: Code[]): Code {
  const labels = cases.map(() => label());
  const table = brTable(index, labels);
  return labels.reduce((inner, target, i) => sequence(block(target, inner), cases[i]), table);
}

/** Sign-extends or zero-extends the low bytes of a value, depending on the kind of access. */
function extendByKind(value: Code, kind: Code): Code {
  const bits = i64.extendU(i32.sub(i32.const(64), i32.shl(i32.const(8), i32.and(kind, i32.const(3)))));
  const shifted = i64.shl(value, bits);
  return select(i32.gtU(kind, i32.const(3)), i64.shrS(shifted, bits), i64.shrU(shifted, bits));
}

const sizeOf = (kind: Code): Code => i32.shl(i32.const(1), i32.and(kind, i32.const(3)));

const crossesPage = (va: Code, kind: Code): Code =>
  i32.gtU(i32.add(i32.and(i32.wrap(va), i32.const(0xfff)), sizeOf(kind)), i32.const(4096));

const tlbEntry = (va: Code): Code =>
  i32.add(slot32('DATA_CONTEXT'), i32.and(i32.shrU(i32.wrap(va), i32.const(8)), i32.const((TLB_ENTRIES - 1) << 4)));

/** An access that uses the TLBs: its addresses, whether PMP permits a TLB entry, and a scratch local for the entry. */
interface CacheableAccess {
  va: Local;
  pa: Local;
  cacheable: Local;
  entry: Local;
}

export function cacheableAccess(frame: Frame, va: Local): CacheableAccess {
  return { va, pa: frame.local(I64), entry: frame.local(I32), cacheable: frame.local(I32) };
}

/**
 * The beginning of each slow path: computes the physical address and checks that PMP permits the access. If either
 * faults, `leave` returns from the function.
 */
export function translateAndCheck(
  core: Core,
  { va, pa, cacheable }: Omit<CacheableAccess, 'entry'>,
  { size, access, leave }: { size: Code; access: number; leave: Code },
): Code {
  const { translate, protect } = core.functions;
  return sequence(
    set(pa, call(translate, va.get, i32.const(access))),
    when(slot32('FAULT'), leave),
    set(cacheable, call(protect, pa.get, va.get, size, i32.const(access))),
    when(slot32('FAULT'), leave),
  );
}

/** Adds the page to a TLB, so that later accesses take the fast path. */
function fillTlb(core: Core, v: CacheableAccess, tlb: number, tagBits?: Code): Code {
  const addend = i32.add(i32.sub(i32.wrap(v.pa.get), i32.wrap(v.va.get)), i32.const((RAM - RAM_BASE) | 0));
  const page = i64.and(v.va.get, i64.const(-4096));
  return sequence(
    set(v.entry, tlbEntry(v.va.get)),
    i64.store(v.entry.get, tagBits ? i64.or(page, tagBits) : page, tlb),
    i32.store(v.entry.get, addend, tlb + 8),
    when(slot32('DATA_CONTEXT'), call(core.functions.recordFilled, i32.add(v.entry.get, i32.const(tlb)))),
  );
}

const pageFlags = (pa: Code): Code => i32.load8u(i32.shrU(ramOffset(pa), i32.const(12)), PAGE_FLAGS);

/**
 * Adds the page to the read TLB if PMP permits. Called for a read of RAM after address translation and the PMP check
 * have succeeded.
 */
export const enterReadTlb = (core: Core, v: CacheableAccess): Code =>
  when(
    v.cacheable.get,
    ifElse(
      i32.and(pageFlags(v.pa.get), i32.const(PAGE_READS_WATCHED)),
      sequence(countTagged, fillTlb(core, v, READ_TLB, i64.const(TAG_WATCHED))),
      fillTlb(core, v, READ_TLB),
    ),
  );

/**
 * Adds the page to the write TLB if PMP permits. Called for a write to RAM, before `touch` marks the page dirty. If the
 * write may change the page table used to translate its address, `touch` also removes the new TLB entry.
 */
export const enterWriteTlb = (core: Core, v: CacheableAccess): Code => {
  const tags = i32.and(pageFlags(v.pa.get), i32.const(PAGE_CODE | PAGE_WATCHED));
  return when(
    v.cacheable.get,
    ifElse(
      tags,
      sequence(countTagged, fillTlb(core, v, WRITE_TLB, i64.extendU(i32.shl(tags, i32.const(TAG_SHIFT))))),
      fillTlb(core, v, WRITE_TLB),
    ),
  );
};

const countTagged: Code = setSlot32('TAGGED_ACCESSES', i32.add(slot32('TAGGED_ACCESSES'), i32.const(1)));

// --- loads -----------------------------------------------------------------------------------------------------------

function defineLoadSlow(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.loadSlow, (frame) => {
    const [va, kind] = frame.parameters;
    const access = cacheableAccess(frame, va);
    const { pa } = access;
    return sequence(
      when(crossesPage(va.get, kind.get), loadCrossing(core, frame, va, kind)),
      translateAndCheck(core, access, { size: sizeOf(kind.get), access: ACCESS_READ, leave: ret(i64.const(0)) }),
      when(
        isRam(pa.get, sizeOf(kind.get)),
        afterRead(core, ramOffset(pa.get), sizeOf(kind.get)),
        enterReadTlb(core, access),
        dispatch(
          kind.get,
          LOAD_BY_KIND.map((load) => ret(load(ramAt(ramOffset(pa.get))))),
        ),
      ),
      loadDevice(core, frame, { va, pa, kind }),
    );
  });
}

/** Loads byte by byte, after both pages have been translated. */
function loadCrossing(core: Core, frame: Frame, va: Local, kind: Local): Code {
  const value = frame.local(I64);
  const left = frame.local(I32);
  const offset = frame.local(I32);
  const crossing = { va, first: frame.local(I64), second: frame.local(I64) };
  const next = label();
  return sequence(
    translateBoth(core, crossing, {
      size: sizeOf(kind.get),
      access: ACCESS_READ,
      fault: LOAD_ACCESS_FAULT,
      leave: ret(i64.const(0)),
    }),
    set(left, sizeOf(kind.get)),
    loop(
      next,
      set(left, i32.sub(left.get, i32.const(1))),
      set(offset, byteOffset(crossing, left)),
      afterRead(core, offset.get, i32.const(1)),
      set(value, i64.or(i64.shl(value.get, i64.const(8)), i64.load8u(ramAt(offset.get)))),
      brIf(next, left.get),
    ),
    ret(extendByKind(value.get, kind.get)),
  );
}

/** An access that crosses a page boundary: the physical addresses of its start and of the next page. */
interface Crossing {
  va: Local;
  first: Local;
  second: Local;
}

/**
 * Translates both pages once, before anything is written, because the access itself may change the page tables that
 * translate it.
 */
function translateBoth(
  core: Core,
  { va, first, second }: Crossing,
  { size, access, fault, leave }: { size: Code; access: number; fault: number; leave: Code },
): Code {
  const nextPage = i64.add(i64.or(va.get, i64.const(0xfff)), i64.const(1));
  const inFirst = i32.sub(i32.const(4096), i32.and(i32.wrap(va.get), i32.const(0xfff)));
  const protect = (physical: Local, virtual: Code, bytes: Code): Code =>
    sequence(
      drop(call(core.functions.protect, physical.get, virtual, bytes, i32.const(access))),
      when(slot32('FAULT'), leave),
    );
  const isInRam = (address: Local): Code => isRam(address.get, i32.const(1));
  return sequence(
    set(first, call(core.functions.translate, va.get, i32.const(access))),
    when(slot32('FAULT'), leave),
    protect(first, va.get, inFirst),
    set(second, call(core.functions.translate, nextPage, i32.const(access))),
    when(slot32('FAULT'), leave),
    protect(second, nextPage, i32.sub(size, inFirst)),
    when(i32.eqz(i32.and(isInRam(first), isInRam(second))), raise(core, fault, va.get), leave),
  );
}

/** The offset in RAM of byte `index` of the access. */
function byteOffset({ va, first, second }: Crossing, index: Local): Code {
  const inPage = i64.add(i64.and(va.get, i64.const(0xfff)), i64.extendU(index.get));
  const address = select(
    i64.ltU(inPage, i64.const(4096)),
    i64.add(first.get, i64.extendU(index.get)),
    i64.add(second.get, i64.sub(inPage, i64.const(4096))),
  );
  return ramOffset(address);
}

/**
 * The size argument that selects the upper half of an 8-byte access: a load reads the upper half after the lower half,
 * and a store sets the upper half first.
 */
const UPPER_HALF = i32.const(0);

const isMisaligned = (va: Local, kind: Local): Code =>
  i32.and(i32.wrap(va.get), i32.sub(sizeOf(kind.get), i32.const(1)));
const isAbove4GiB = (pa: Local): Code => i64.ne(i64.shrU(pa.get, i64.const(32)), i64.const(0));

function loadDevice(core: Core, frame: Frame, { va, pa, kind }: { va: Local; pa: Local; kind: Local }): Code {
  const value = frame.local(I64);
  const isDouble = i32.eq(kind.get, i32.const(3));
  const address = i32.wrap(pa.get);
  const read = (at: Code, size: Code): Code => i64.extendU(call(core.functions.mmioRead, at, size));
  const fault = sequence(raise(core, LOAD_ACCESS_FAULT, va.get), ret(i64.const(0)));
  return sequence(
    when(i32.or(isAbove4GiB(pa), isMisaligned(va, kind)), fault),
    set(value, read(address, sizeOf(kind.get))),
    when(isDouble, set(value, i64.or(value.get, i64.shl(read(address, UPPER_HALF), i64.const(32))))),
    when(slot32('FAULT'), fault),
    extendByKind(value.get, kind.get),
  );
}

// --- stores ----------------------------------------------------------------------------------------------------------

function defineStoreSlow(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.storeSlow, (frame) => {
    const [va, value, kind] = frame.parameters;
    const access = cacheableAccess(frame, va);
    const { pa } = access;
    return sequence(
      when(crossesPage(va.get, kind.get), storeCrossing(core, frame, { va, value, kind })),
      translateAndCheck(core, access, { size: sizeOf(kind.get), access: ACCESS_WRITE, leave: ret() }),
      when(
        isRam(pa.get, sizeOf(kind.get)),
        enterWriteTlb(core, access),
        call(functions.touch, ramOffset(pa.get), sizeOf(kind.get)),
        dispatch(
          kind.get,
          STORE_BY_KIND.map((store) => sequence(store(ramAt(ramOffset(pa.get)), value.get), ret())),
        ),
      ),
      storeDevice(core, { va, pa, value, kind }),
    );
  });
}

function storeCrossing(core: Core, frame: Frame, v: { va: Local; value: Local; kind: Local }): Code {
  const { va, value, kind } = v;
  const crossing = { va, first: frame.local(I64), second: frame.local(I64) };
  const offset = frame.local(I32);
  const done = frame.local(I32);
  const next = label();
  return sequence(
    translateBoth(core, crossing, {
      size: sizeOf(kind.get),
      access: ACCESS_WRITE,
      fault: STORE_ACCESS_FAULT,
      leave: ret(),
    }),
    loop(
      next,
      set(offset, byteOffset(crossing, done)),
      call(core.functions.touch, offset.get, i32.const(1)),
      i64.store8(ramAt(offset.get), i64.shrU(value.get, i64.extendU(i32.shl(done.get, i32.const(3))))),
      set(done, i32.add(done.get, i32.const(1))),
      brIf(next, i32.ltU(done.get, sizeOf(kind.get))),
    ),
    ret(),
  );
}

function storeDevice(core: Core, v: { va: Local; pa: Local; value: Local; kind: Local }): Code {
  const { va, pa, value, kind } = v;
  const address = i32.wrap(pa.get);
  const write = (at: Code, data: Code, size: Code): Code => call(core.functions.mmioWrite, at, i32.wrap(data), size);
  const fault = sequence(raise(core, STORE_ACCESS_FAULT, va.get), ret());
  return sequence(
    when(i32.or(isAbove4GiB(pa), isMisaligned(va, kind)), fault),
    when(i32.eq(kind.get, i32.const(3)), write(address, i64.shrU(value.get, i64.const(32)), UPPER_HALF)),
    write(address, value.get, sizeOf(kind.get)),
    when(slot32('FAULT'), fault),
  );
}
