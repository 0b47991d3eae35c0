import {
  I32,
  I64,
  type Code,
  type Local,
  block,
  br,
  brIf,
  call,
  choose,
  i32,
  i64,
  label,
  loop,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import {
  INDEX_BITS,
  INVALID_VALUES,
  type InvalidValue,
  LEAF,
  LEVELS,
  levelShift,
  PAGE_BITS,
  PPN,
  PTE,
  PTE_BYTES,
  RESERVED,
  SATP,
  SATP_MODE,
} from '../../isa/pageTables.ts';
import { MSTATUS, ACCESS_FAULT, type FaultCauses, PAGE_FAULT } from '../../isa/traps.ts';
import {
  type Core,
  PRIVILEGE_MACHINE,
  PRIVILEGE_SUPERVISOR,
  isRam,
  positionNow,
  ramAt,
  ramOffset,
  setSlot,
  setSlot32,
  slot,
  slot32,
} from './coreContext.ts';
import { ENVCFG } from './envcfg.ts';
import {
  DATA_CONTEXT_BYTES,
  FETCH_CONTEXT_BYTES,
  MARKED_ENTRIES,
  MARKED_ENTRIES_MAX,
  MARKED_ENTRY_BYTES,
  PAGE_FLAGS,
  PAGE_TABLE,
} from './layout.ts';

import { ACCESS_FETCH, ACCESS_READ, ACCESS_WRITE, causeOf, dataPrivilege } from './access.ts';
import { pmpIsActive } from './pmp.ts';

/**
 * Defines address translation through the page tables that isa/pageTables.ts describes, with accessed and dirty bits
 * set by hardware. Page tables outside RAM cause an access fault. The guest never observes a stale TLB entry: all
 * translations are flushed by a write to a page table that was walked (see `touch`), and by a change to menvcfg.PBMTE,
 * which changes the meaning of page table entries.
 */
export function defineMmu(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.raise, (frame) => {
    const [cause, tval] = frame.parameters;
    return sequence(
      setSlot32('FAULT', i32.const(1)),
      setSlot('CAUSE', i64.extendU(cause.get)),
      setSlot('TVAL', tval.get),
    );
  });
  defineTranslate(core);
  defineUpdateContexts(core);
}

const mstatusHas = (mask: number): Code => i32.and(i32.wrap(slot('MSTATUS')), i32.const(mask));
const satpMode: Code = i64.shrU(slot('SATP'), i64.const(SATP.MODE_SHIFT));
const satpIsBare: Code = i64.eqz(satpMode);

interface Walk {
  core: Core;
  va: Local;
  access: Local;
  privilege: Local;
  pte: Local;
  /** The physical address of the page table entry, and later that of the next table. */
  at: Local;
  shift: Local;
}

function defineTranslate(core: Core): void {
  core.builder.define(core.functions.translate, (frame) => {
    const [va, access] = frame.parameters;
    const walk: Walk = {
      core,
      va,
      access,
      privilege: frame.local(I32),
      pte: frame.local(I64),
      at: frame.local(I64),
      shift: frame.local(I64),
    };
    const { privilege } = walk;
    return sequence(
      set(privilege, select(i32.eq(access.get, i32.const(ACCESS_FETCH)), slot32('PRIVILEGE'), dataPrivilege)),
      when(i32.or(i32.eq(privilege.get, i32.const(PRIVILEGE_MACHINE)), satpIsBare), ret(va.get)),
      set(
        walk.shift,
        select(i64.eq(satpMode, i64.const(SATP_MODE.SV48)), topShift(SATP_MODE.SV48), topShift(SATP_MODE.SV39)),
      ),
      pageFaultWhen(walk, isNotCanonical(walk)),
      findLeaf(walk),
      checkLeaf(walk),
      markLeaf(walk),
      leafAddress(walk),
    );
  });
}

/** The shift amount for the topmost level. */
const topShift = (mode: keyof typeof LEVELS): Code => i64.const(levelShift(LEVELS[mode] - 1));

const faultWhen = ({ core, va, access }: Walk, condition: Code, causes: FaultCauses): Code =>
  when(condition, call(core.functions.raise, causeOf(access.get, causes), va.get), ret(i64.const(0)));
const pageFaultWhen = (walk: Walk, condition: Code): Code => faultWhen(walk, condition, PAGE_FAULT);
const accessFaultWhen = (walk: Walk, condition: Code): Code => faultWhen(walk, condition, ACCESS_FAULT);

/**
 * Whether the address is invalid. In a valid address, the bits above the topmost page table index all equal the highest
 * bit of that index.
 */
function isNotCanonical({ va, shift }: Walk): Code {
  const bitsAbove = i64.sub(i64.const(64 - INDEX_BITS), shift.get);
  return i64.ne(i64.shrS(i64.shl(va.get, bitsAbove), bitsAbove), va.get);
}

/** Nonzero if any of `bits` is set in the entry; `bits` must lie in the entry's lower half. */
const pteHas = ({ pte }: Walk, bits: bigint): Code => i32.and(i32.wrap(pte.get), i32.const(Number(bits)));
const ppn = ({ pte }: Walk): Code => i64.and(i64.shrU(pte.get, i64.const(PPN.SHIFT)), i64.const(PPN.MASK));
const pageAddress = (pageNumber: Code): Code => i64.shl(pageNumber, i64.const(PAGE_BITS));

const hasValue = (walk: Walk, { bits, are }: InvalidValue): Code =>
  bits < 1n << 31n
    ? i32.eq(pteHas(walk, bits), i32.const(Number(are)))
    : i64.eq(i64.and(walk.pte.get, i64.const(bits)), i64.const(are));

const hasAnyOf = ({ pte }: Walk, bits: Code): Code => i64.ne(i64.and(pte.get, bits), i64.const(0));

function findLeaf(walk: Walk): Code {
  const { va, pte, at, shift } = walk;
  const found = label();
  const descend = label();
  const index = i64.and(i64.shrU(va.get, shift.get), i64.const((1 << INDEX_BITS) - 1));
  return sequence(
    set(at, pageAddress(i64.and(slot('SATP'), i64.const(SATP.ROOT)))),
    block(
      found,
      loop(
        descend,
        set(at, i64.add(at.get, i64.shl(index, i64.const(Math.log2(PTE_BYTES))))),
        accessFaultWhen(walk, i32.eqz(isRam(at.get, i32.const(PTE_BYTES)))),
        accessFaultWhen(walk, i32.eqz(walkAllowed(walk))),
        markTable(walk),
        set(pte, i64.load(ramAt(ramOffset(at.get)))),
        ...INVALID_VALUES.map((value) => pageFaultWhen(walk, hasValue(walk, value))),
        pageFaultWhen(walk, hasAnyOf(walk, reservedInEntries)),
        brIf(found, pteHas(walk, LEAF)),
        pageFaultWhen(walk, hasAnyOf(walk, i64.const(RESERVED.IN_POINTERS))),
        pageFaultWhen(walk, i64.eq(shift.get, i64.const(levelShift(0)))),
        set(at, pageAddress(ppn(walk))),
        set(shift, i64.sub(shift.get, i64.const(INDEX_BITS))),
        br(descend),
      ),
    ),
  );
}

const reservedInEntries: Code = select(
  i64.ne(i64.and(slot('MENVCFG'), i64.const(ENVCFG.PBMTE)), i64.const(0)),
  i64.const(BigInt.asIntN(64, RESERVED.ALWAYS)),
  i64.const(BigInt.asIntN(64, RESERVED.ALWAYS | RESERVED.WITHOUT_PBMTE)),
);

/** PMP checks page table reads with S-mode privilege, regardless of the privilege of the access. */
const walkAllowed = ({ core, at }: Walk): Code =>
  call(core.functions.pmpAllows, at.get, i32.const(PTE_BYTES), i32.const(ACCESS_READ), i32.const(PRIVILEGE_SUPERVISOR));

/** The RAM page that contains the page table entry at `at`. */
const tablePage = ({ at }: Walk): Code => i32.shrU(ramOffset(at.get), i32.const(PAGE_BITS));

function markTable(walk: Walk): Code {
  const { core } = walk;
  const flags = i32.load8u(tablePage(walk), PAGE_FLAGS);
  return when(i32.eqz(i32.and(flags, i32.const(PAGE_TABLE))), call(core.functions.markPageTable, tablePage(walk)));
}

function checkLeaf(walk: Walk): Code {
  const { access, privilege, shift } = walk;
  const isSupervisor = i32.eq(privilege.get, i32.const(PRIVILEGE_SUPERVISOR));
  const sumForbids = i32.or(i32.eq(access.get, i32.const(ACCESS_FETCH)), i32.eqz(mstatusHas(MSTATUS.SUM)));
  // MXR makes executable pages readable.
  const readable = i32.or(pteHas(walk, PTE.R), select(mstatusHas(MSTATUS.MXR), pteHas(walk, PTE.X), i32.const(0)));
  const allowed = select(
    i32.eq(access.get, i32.const(ACCESS_FETCH)),
    pteHas(walk, PTE.X),
    select(access.get, pteHas(walk, PTE.W), readable),
  );
  const offsetBits = i64.sub(i64.shl(i64.const(1), i64.sub(shift.get, i64.const(PAGE_BITS))), i64.const(1));
  return sequence(
    pageFaultWhen(walk, choose(I32, pteHas(walk, PTE.U), i32.and(isSupervisor, sumForbids), i32.eqz(isSupervisor))),
    pageFaultWhen(walk, i32.eqz(allowed)),
    // A misaligned superpage causes a page fault.
    pageFaultWhen(walk, i64.ne(i64.and(ppn(walk), offsetBits), i64.const(0))),
  );
}

/** Sets the A bit in the page table entry and, for a write, also the D bit. */
function markLeaf(walk: Walk): Code {
  const { core, access, pte, at } = walk;
  const need = select(i32.eq(access.get, i32.const(ACCESS_WRITE)), i64.const(PTE.A | PTE.D), i64.const(PTE.A));
  return when(
    i64.ne(i64.and(pte.get, need), need),
    recordMarked(walk),
    set(pte, i64.or(pte.get, need)),
    // Setting A or D does not invalidate translations, so the page's table flag is cleared while `touch` runs.
    setTableFlag(walk, false),
    call(core.functions.touch, ramOffset(at.get), i32.const(PTE_BYTES)),
    setTableFlag(walk, true),
    i64.store(ramAt(ramOffset(at.get)), pte.get),
  );
}

/**
 * Records a page table entry before its A or D bit is set, so that the hart can restore the entry if the run stops
 * before the step that the page walk belongs to. BUDGET must be stored.
 */
function recordMarked({ at, pte }: Walk): Code {
  const entry = i32.mul(slot32('MARKED_COUNT'), i32.const(MARKED_ENTRY_BYTES));
  return sequence(
    when(
      i64.ne(slot('MARKED_POSITION'), positionNow),
      setSlot('MARKED_POSITION', positionNow),
      setSlot32('MARKED_COUNT', i32.const(0)),
    ),
    when(
      i32.ltU(slot32('MARKED_COUNT'), i32.const(MARKED_ENTRIES_MAX)),
      i64.store(entry, pte.get, MARKED_ENTRIES),
      i32.store(entry, ramOffset(at.get), MARKED_ENTRIES + 8),
      setSlot32('MARKED_COUNT', i32.add(slot32('MARKED_COUNT'), i32.const(1))),
    ),
  );
}

function setTableFlag(walk: Walk, on: boolean): Code {
  const flags = i32.load8u(tablePage(walk), PAGE_FLAGS);
  const changed = on ? i32.or(flags, i32.const(PAGE_TABLE)) : i32.and(flags, i32.const(~PAGE_TABLE));
  return i32.store8(tablePage(walk), changed, PAGE_FLAGS);
}

function leafAddress(walk: Walk): Code {
  const { va, shift } = walk;
  const offsetMask = i64.sub(i64.shl(i64.const(1), shift.get), i64.const(1));
  return i64.or(pageAddress(ppn(walk)), i64.and(va.get, offsetMask));
}

// --- contexts --------------------------------------------------------------------------------------------------------

/** Selects the TLBs for the current privilege, MPRV, SUM, satp mode and PMP. */
function defineUpdateContexts({ builder, functions }: Core): void {
  const context = (privilege: Code, supervisor: Code, untranslated: number): Code =>
    select(
      i32.eq(privilege, i32.const(PRIVILEGE_MACHINE)),
      i32.const(0),
      select(
        satpIsBare,
        select(pmpIsActive, i32.const(untranslated), i32.const(0)),
        select(privilege, supervisor, i32.const(2)),
      ),
    );
  builder.define(functions.updateContexts, () =>
    sequence(
      setSlot32(
        'DATA_CONTEXT',
        i32.mul(
          context(dataPrivilege, select(mstatusHas(MSTATUS.SUM), i32.const(3), i32.const(1)), 4),
          i32.const(DATA_CONTEXT_BYTES),
        ),
      ),
      setSlot32(
        'FETCH_CONTEXT',
        i32.mul(context(slot32('PRIVILEGE'), i32.const(1), 3), i32.const(FETCH_CONTEXT_BYTES)),
      ),
      setSlot32('READS_CHECKED', i32.or(slot32('DATA_CONTEXT'), pmpIsActive)),
    ),
  );
}
