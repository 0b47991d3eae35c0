import {
  I32,
  I64,
  type Code,
  type Local,
  block,
  brIf,
  call,
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
import { ACCESS_FAULT } from '../../isa/traps.ts';
import { type Core, PRIVILEGE_MACHINE, slot, slot32 } from './coreContext.ts';
import { SLOT } from './layout.ts';
import { ACCESS_FETCH, causeOf, dataPrivilege } from './access.ts';

const PMP = { READ: 1, WRITE: 2, EXECUTE: 4, LOCK: 0x80 } as const;
const MODE = { OFF: 0, RANGE: 1, FOUR_BYTES: 2 } as const;
const ENTRIES = 16;
/** A mask of the A fields of all entries in a PMP configuration register. */
const MODES = 0x1818_1818_1818_1818n;

/** Whether any entry is active. */
export const pmpIsActive: Code = i64.ne(
  i64.and(i64.or(slot('PMPCFG0'), slot('PMPCFG2')), i64.const(MODES)),
  i64.const(0),
);

/**
 * Defines physical memory protection (Volume II, "Physical Memory Protection"): 16 entries with a granularity of 4
 * bytes. The first entry that matches any byte of an access decides whether the access is allowed, and must cover all
 * of its bytes. While no entry is active, everything is allowed, as in QEMU 7.2. A page is added to a TLB only if the
 * result is the same for the whole page; otherwise each access to the page and each instruction fetch from it is
 * checked individually.
 */
export function definePmp(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.pmpAllows, (frame) => allowsBody(frame));
  builder.define(functions.protect, (frame) => {
    const [pa, va, size, access] = frame.parameters;
    const privilege = select(i32.eq(access.get, i32.const(ACCESS_FETCH)), slot32('PRIVILEGE'), dataPrivilege);
    const allows = (address: Code, bytes: Code): Code =>
      call(functions.pmpAllows, address, bytes, access.get, privilege);
    const wholePage = allows(i64.and(pa.get, i64.const(-4096)), i32.const(4096));
    const cause = causeOf(access.get, ACCESS_FAULT);
    return sequence(
      when(i32.eqz(pmpIsActive), ret(i32.const(1))),
      when(wholePage, ret(i32.const(1))),
      when(i32.eqz(allows(pa.get, size.get)), call(functions.raise, cause, va.get)),
      i32.const(0),
    );
  });
}

interface Search {
  /** The address of the first byte of the access, and the address just past its last byte. */
  start: Local;
  end: Local;
  /** The PMP entry: its number, config byte and address range. */
  index: Local;
  config: Local;
  low: Local;
  high: Local;
}

function allowsBody(frame: Frame): Code {
  const [start, size, access, privilege] = frame.parameters;
  const search: Search = {
    start,
    end: frame.local(I64),
    index: frame.local(I32),
    config: frame.local(I32),
    low: frame.local(I64),
    high: frame.local(I64),
  };
  const { end, index, config, low, high } = search;
  const next = label();
  const skip = label();
  const isMachine = i32.eq(privilege.get, i32.const(PRIVILEGE_MACHINE));
  const needed = select(
    i32.eq(access.get, i32.const(ACCESS_FETCH)),
    i32.const(PMP.EXECUTE),
    i32.add(access.get, i32.const(PMP.READ)),
  );
  const isLocked = i32.and(config.get, i32.const(PMP.LOCK));
  const isPermitted = i32.ne(i32.and(config.get, needed), i32.const(0));
  const covers = i32.and(i64.leU(low.get, start.get), i64.leU(end.get, high.get));
  return sequence(
    when(i32.eqz(pmpIsActive), ret(i32.const(1))),
    set(end, i64.add(start.get, i64.extendU(size.get))),
    loop(
      next,
      block(
        skip,
        set(config, i32.load8u(index.get, SLOT.PMPCFG0)),
        brIf(skip, i32.eq(modeOf(search), i32.const(MODE.OFF))),
        findRange(search),
        brIf(skip, i32.or(i64.geU(low.get, end.get), i64.geU(start.get, high.get))),
        when(i32.eqz(covers), ret(i32.const(0))),
        // Unlocked entries do not apply to M-mode.
        ret(select(i32.and(isMachine, i32.eqz(isLocked)), i32.const(1), isPermitted)),
      ),
      set(index, i32.add(index.get, i32.const(1))),
      brIf(next, i32.ltU(index.get, i32.const(ENTRIES))),
    ),
    isMachine,
  );
}

const modeOf = ({ config }: Search): Code => i32.and(i32.shrU(config.get, i32.const(3)), i32.const(3));

/**
 * Finds the entry's range, from `low` up to, but not including, `high`. The address registers hold addresses divided by
 * four.
 */
function findRange(search: Search): Code {
  const { index, low, high } = search;
  const at = i32.shl(index.get, i32.const(3));
  const address = i64.load(at, SLOT.PMPADDR0);
  // TOR: the range starts at the previous entry's address; for entry 0, at 0.
  const before = select(index.get, i64.load(at, SLOT.PMPADDR0 - 8), i64.const(0));
  const bytes = (words: Code): Code => i64.shl(words, i64.const(2));
  // NAPOT: the trailing ones of the address and the zero above them encode the size.
  const inside = i64.xor(address, i64.add(address, i64.const(1)));
  const sizeBits = select(i32.eq(modeOf(search), i32.const(MODE.FOUR_BYTES)), i64.const(0), inside);
  return ifElse(
    i32.eq(modeOf(search), i32.const(MODE.RANGE)),
    sequence(set(low, bytes(before)), set(high, bytes(address))),
    sequence(
      set(low, bytes(i64.and(address, i64.xor(sizeBits, i64.const(-1))))),
      set(high, i64.add(low.get, bytes(i64.add(sizeBits, i64.const(1))))),
    ),
  );
}
