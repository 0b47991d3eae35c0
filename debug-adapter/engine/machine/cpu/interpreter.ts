import {
  I32,
  I64,
  type Code,
  type Label,
  type Local,
  block,
  br,
  brIf,
  brTable,
  call,
  callIndirect,
  i32,
  i64,
  ifElse,
  label,
  loop,
  ret,
  sequence,
  set,
  tee,
  when,
} from '../../base/wasm/code.ts';
import type { Frame } from '../../base/wasm/moduleBuilder.ts';
import { type Core, setSlot, setSlot32, slot, slot32 } from './coreContext.ts';
import {
  ENTRY_BYTES,
  FETCH_TLB,
  FETCH_TLB_ENTRIES,
  HOT_COUNTS,
  HOT_COUNTS_ENTRIES,
  LONE_ENTRY_BYTES,
  READ_TLB,
  REGISTERS,
  STRADDLE_ENTRY,
  TLB_ENTRIES,
  WRITE_TLB,
} from './layout.ts';
import { COMPRESSIBLE, OP, OPERATION_NAMES, type OperationName } from './operations.ts';
import { COMPUTE, CONDITION, LOADS, STORES } from './semantics.ts';

/**
 * The interpreter: `run(budget) -> budget left`. It executes exactly one step for each unit of budget, a retired
 * instruction or the entry of the trap it raised, and leaves early only when ATTENTION is set (a device, an interrupt
 * or WFI). The program counter is implicit: `entry` points at the decoded instruction inside its page's entries, and
 * the page's address is kept beside it; PC in memory is only valid outside the loop and around calls that need it.
 */
export function defineInterpreter(core: Core): void {
  core.builder.define(core.functions.run, (frame) => {
    const v = makeVariables(core, frame);
    return sequence(loop(v.fetch, fetch(v), loop(v.execute, execute(v))), i32.const(0));
  });
}

interface Variables {
  core: Core;
  budget: Local;
  /** Address of the decode entry being executed. */
  entry: Local;
  /** Address of the first entry of its page, and that page's virtual address. */
  pageEntries: Local;
  pageVa: Local;
  /** Offset of the data TLB in force. */
  context: Local;
  low: Local;
  tlb: Local;
  va: Local;
  value: Local;
  /** Looks up the page of PC in memory; where control flow that leaves its page goes. */
  fetch: Label;
  /** Executes `entry`. */
  execute: Label;
  /** After a slow load or store; takes its fault, if any, and goes on. */
  loaded: Label;
  stored: Label;
}

function makeVariables(core: Core, frame: Frame): Variables {
  return {
    core,
    budget: frame.parameters[0],
    entry: frame.local(I32),
    pageEntries: frame.local(I32),
    pageVa: frame.local(I64),
    context: frame.local(I32),
    low: frame.local(I32),
    tlb: frame.local(I32),
    va: frame.local(I64),
    value: frame.local(I64),
    fetch: label(),
    execute: label(),
    loaded: label(),
    stored: label(),
  };
}

const one = i32.const(1);
const spend = ({ budget }: Variables): Code => set(budget, i32.sub(budget.get, one));
const refund = ({ budget }: Variables): Code => set(budget, i32.add(budget.get, one));

/** The virtual address of the current instruction. */
const pc = ({ pageVa, entry, pageEntries }: Variables): Code =>
  i64.add(pageVa.get, i64.extendU(i32.shrU(i32.sub(entry.get, pageEntries.get), i32.const(3))));

/** Puts what other code needs to know into memory. */
const publish = (v: Variables): Code => sequence(setSlot('PC', pc(v)), setSlot32('BUDGET', v.budget.get));

const takeFault = (v: Variables): Code => when(slot32('FAULT'), call(v.core.functions.takeException), br(v.fetch));

const leaveOnAttention = (v: Variables): Code => when(slot32('ATTENTION'), ret(v.budget.get));

/** Finds the decoded page of PC, or takes the fault of fetching there. */
function fetch(v: Variables): Code {
  const { budget, entry, pageEntries, pageVa, context, low, tlb, va, core } = v;
  return sequence(
    when(i32.leS(budget.get, i32.const(0)), ret(budget.get)),
    set(context, slot32('DATA_CONTEXT')),
    set(low, i32.wrap(tee(va, slot('PC')))),
    set(pageVa, i64.and(va.get, i64.const(-4096))),
    set(
      tlb,
      i32.add(
        slot32('FETCH_CONTEXT'),
        i32.and(i32.shrU(low.get, i32.const(8)), i32.const((FETCH_TLB_ENTRIES - 1) << 4)),
      ),
    ),
    ifElse(
      i64.eq(i64.load(tlb.get, FETCH_TLB), pageVa.get),
      set(pageEntries, i32.load(tlb.get, FETCH_TLB + 8)),
      sequence(
        set(pageEntries, call(core.functions.fetchPage, va.get)),
        when(i32.eqz(pageEntries.get), spend(v), call(core.functions.takeException), br(v.fetch)),
        when(slot32('ATTENTION'), leaveAfterNext(v)),
      ),
    ),
    set(entry, i32.add(pageEntries.get, i32.shl(i32.and(low.get, i32.const(0xffe)), i32.const(3)))),
    countArrival(v),
  );
}

/** A jump came to `entry`: what is reached often is worth translating. */
function countArrival(v: Variables): Code {
  const { entry, low, tlb } = v;
  const place = i32.and(i32.shrU(entry.get, i32.const(3)), i32.const((HOT_COUNTS_ENTRIES - 1) << 1));
  return sequence(
    set(low, place),
    i32.store16(low.get, tee(tlb, i32.add(i32.load16u(low.get, HOT_COUNTS), one)), HOT_COUNTS),
    when(
      i32.eq(tlb.get, slot32('HOT_THRESHOLD')),
      i32.store16(low.get, i32.const(0), HOT_COUNTS),
      call(v.core.functions.noteHot, entry.get, pc(v)),
    ),
  );
}

/** The variables, in a handler for instructions of one length. */
interface Handler extends Variables {
  lengthBytes: 2 | 4;
}

/** A page walk set a watched accessed bit: that belongs to the step that now begins, which must be the last. */
const leaveAfterNext = ({ budget }: Variables): Code =>
  sequence(setSlot('STEPS_END', i64.sub(slot('STEPS_END'), i64.extendU(i32.sub(budget.get, one)))), set(budget, one));

/** One instruction: a jump through a table to its handler; each handler says where to go on. */
function execute(v: Variables): Code {
  const full = OPERATION_NAMES.map((name) => ({ name, lengthBytes: 4 as const }));
  const compressed = COMPRESSIBLE.map((name) => ({ name, lengthBytes: 2 as const }));
  const handlers = [...full, ...compressed].map((which) => ({ ...which, target: label() }));
  const operation = i32.load8u(v.entry.get, 0);
  const dispatch = handlers.reduce(
    (inner, { name, lengthBytes, target }) => sequence(block(target, inner), handler({ ...v, lengthBytes }, name)),
    brTable(
      operation,
      handlers.map(({ target }) => target),
    ),
  );
  return sequence(
    when(i32.ltS(tee(v.budget, i32.sub(v.budget.get, one)), i32.const(0)), refund(v), publish(v), ret(v.budget.get)),
    block(v.stored, block(v.loaded, dispatch), takeFault(v), setRd(v, v.value.get)),
    takeFault(v),
    set(v.entry, i32.add(v.entry.get, i32.load8u(v.entry.get, 1))),
    setSlot('PC', pc(v)),
    leaveOnAttention(v),
    br(v.execute),
  );
}

// --- operands --------------------------------------------------------------------------------------------------------

const field = (v: Variables, offset: number): Code => i32.load16u(v.entry.get, offset);
const rs1 = (v: Variables): Code => i64.load(field(v, 4), REGISTERS);
const rs2 = (v: Variables): Code => i64.load(field(v, 6), REGISTERS);
const setRd = (v: Variables, value: Code): Code => i64.store(field(v, 2), value, REGISTERS);
const immediate = (v: Variables): Code => i64.load32s(v.entry.get, 8);
const immediate32 = (v: Variables): Code => i32.load(v.entry.get, 8);
const raw = (v: Variables): Code => i32.load(v.entry.get, 12);
/** On to the next instruction of the page. */
const next = (v: Handler): Code =>
  sequence(set(v.entry, i32.add(v.entry.get, i32.const((v.lengthBytes / 2) * ENTRY_BYTES))), br(v.execute));
const link = (v: Handler): Code => i64.add(pc(v), i64.const(v.lengthBytes));

// --- handlers --------------------------------------------------------------------------------------------------------

function handler(v: Handler, name: OperationName): Code {
  const compute = COMPUTE[name];
  if (compute) {
    const operands = { a: rs1(v), b: rs2(v), imm: immediate(v), helpers: v.core.helpers };
    return sequence(setRd(v, compute(operands)), next(v));
  }
  if (LOADS[name]) return loadHandler(v, LOADS[name]);
  if (STORES[name]) return storeHandler(v, STORES[name]);
  const [base, reach] = name.split('_');
  if (CONDITION[base]) return branchHandler(v, CONDITION[base], reach === 'NEAR');
  return specialHandler(v, name);
}

/** Loops end in a jump backwards: those are counted, and calls. */
const jumpNear = (v: Variables, counts: 'backwards' | 'always' = 'backwards'): Code =>
  sequence(
    set(v.entry, i32.add(v.entry.get, tee(v.low, immediate32(v)))),
    counts === 'always' ? countArrival(v) : when(i32.ltS(v.low.get, i32.const(0)), countArrival(v)),
    br(v.execute),
  );
const jumpFar = (v: Variables): Code => sequence(setSlot('PC', i64.add(pc(v), immediate(v))), br(v.fetch));

function branchHandler(v: Handler, condition: (a: Code, b: Code) => Code, isNear: boolean): Code {
  return sequence(when(condition(rs1(v), rs2(v)), isNear ? jumpNear(v) : jumpFar(v)), next(v));
}

/** Index of a TLB entry for `low`: bits 12-23 of the address, times 16. */
const tlbIndex = (v: Variables): Code =>
  i32.add(v.context.get, i32.and(i32.shrU(v.low.get, i32.const(8)), i32.const((TLB_ENTRIES - 1) << 4)));

/** The tag must match page and alignment: its low bits are zero, so a misaligned address never equals it. */
const tlbHit = (v: Variables, table: number, sizeLog2: number): Code =>
  i64.eq(i64.load(tee(v.tlb, tlbIndex(v)), table), i64.and(v.va.get, i64.const(-4096 | ((1 << sizeLog2) - 1))));
const tlbAddress = (v: Variables, table: number): Code => i32.add(v.low.get, i32.load(v.tlb.get, table + 8));
const setAddress = (v: Variables): Code => set(v.low, i32.wrap(tee(v.va, i64.add(rs1(v), immediate(v)))));

function loadHandler(v: Handler, { sizeLog2, kind, load }: NonNullable<(typeof LOADS)['LB']>): Code {
  return sequence(
    setAddress(v),
    when(
      i32.eqz(tlbHit(v, READ_TLB, sizeLog2)),
      publish(v),
      set(v.value, call(v.core.functions.loadSlow, v.va.get, i32.const(kind))),
      br(v.loaded),
    ),
    setRd(v, load(tlbAddress(v, READ_TLB))),
    next(v),
  );
}

function storeHandler(v: Handler, { sizeLog2, kind, store }: NonNullable<(typeof STORES)['SB']>): Code {
  return sequence(
    setAddress(v),
    when(
      i32.eqz(tlbHit(v, WRITE_TLB, sizeLog2)),
      publish(v),
      call(v.core.functions.storeSlow, v.va.get, rs2(v), i32.const(kind)),
      br(v.stored),
    ),
    store(tlbAddress(v, WRITE_TLB), rs2(v)),
    next(v),
  );
}

function specialHandler(v: Handler, name: OperationName): Code {
  const { functions } = v.core;
  switch (name) {
    case 'UNDECODED':
      return sequence(refund(v), call(functions.decodeEntry, v.entry.get, v.pageEntries.get), br(v.execute));
    case 'PAGE_END':
      return sequence(refund(v), setSlot('PC', pc(v)), br(v.fetch));
    case 'STRADDLE':
      return straddle(v);
    case 'BREAK':
      return breakpoint(v);
    case 'REGION':
      return region(v);
    case 'NOP':
      return next(v);
    case 'AUIPC':
      return sequence(setRd(v, i64.add(pc(v), immediate(v))), next(v));
    case 'JAL_NEAR':
      return sequence(setRd(v, link(v)), jumpNear(v, 'always'));
    case 'J_NEAR':
      return jumpNear(v);
    case 'JAL_FAR':
      return sequence(
        set(v.value, link(v)),
        setSlot('PC', i64.add(pc(v), immediate(v))),
        setRd(v, v.value.get),
        br(v.fetch),
      );
    case 'JALR':
      return jalr(v);
    case 'JALR_FAR':
      return sequence(jalrTarget(v), setRd(v, link(v)), setSlot('PC', v.va.get), br(v.fetch));
    case 'AMO':
      return atomic(v);
    case 'CSR':
      return csr(v);
    case 'SYSTEM':
      return sequence(publish(v), call(functions.system, raw(v)), takeFault(v), leaveOnAttention(v), br(v.fetch));
    default:
      return sequence(publish(v), call(functions.raise, i32.const(2), i64.extendU(raw(v))), takeFault(v));
  }
}

const jalrTarget = (v: Variables): Code => set(v.va, i64.and(i64.add(rs1(v), immediate(v)), i64.const(-2)));

/** Most indirect jumps of small programs stay in their page: no look-up then. */
function jalr(v: Handler): Code {
  const offset = i32.and(i32.wrap(v.va.get), i32.const(0xffe));
  return sequence(
    jalrTarget(v),
    setRd(v, link(v)),
    when(
      i64.eq(i64.and(v.va.get, i64.const(-4096)), v.pageVa.get),
      set(v.entry, i32.add(v.pageEntries.get, i32.shl(offset, i32.const(3)))),
      countArrival(v),
      br(v.execute),
    ),
    setSlot('PC', v.va.get),
    br(v.fetch),
  );
}

/** Goes on by `fetch`, which counts: what follows an atomic instruction is where its loop's translation begins. */
function atomic(v: Variables): Code {
  return sequence(
    publish(v),
    set(v.value, call(v.core.functions.atomic, rs1(v), rs2(v), raw(v))),
    takeFault(v),
    setRd(v, v.value.get),
    setSlot('PC', i64.add(slot('PC'), i64.const(4))),
    leaveOnAttention(v),
    br(v.fetch),
  );
}

/**
 * Calls the region that begins here, and the next while one leads to another in the page. When a region could not do
 * even one instruction (the budget is short of its first block, or that instruction is not plain), this one is
 * interpreted.
 */
function region(v: Variables): Code {
  const { core, budget, entry, pageEntries, pageVa, low, va } = v;
  const again = label();
  const loneEntry = i32.add(i32.mul(immediate32(v), i32.const(LONE_ENTRY_BYTES)), i32.const(core.layout.regionEntries));
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

/** CSRs may change everything that `fetch` looks at, so go on from there. */
function csr(v: Variables): Code {
  return sequence(
    publish(v),
    set(v.value, call(v.core.functions.csrInstruction, raw(v), rs1(v))),
    takeFault(v),
    setRd(v, v.value.get),
    setSlot('PC', i64.add(slot('PC'), i64.const(4))),
    leaveOnAttention(v),
    br(v.fetch),
  );
}

/** Stops here, or executes the instruction from the straddle entry. */
function breakpoint(v: Handler): Code {
  const isStraddle = i32.and(
    i32.eq(i32.and(i32.wrap(slot('PC')), i32.const(0xfff)), i32.const(0xffe)),
    i32.eq(i32.and(raw(v), i32.const(3)), i32.const(3)),
  );
  return sequence(
    publish(v),
    when(call(v.core.functions.breakpointHit), refund(v), ret(v.budget.get)),
    when(isStraddle, straddle(v)),
    call(v.core.functions.decodeStraddle, raw(v)),
    executeStraddleEntry(v),
  );
}

/**
 * A 4-byte instruction whose second half is on the next page is decoded anew each time, because the next page may be
 * another one by then. The straddle entry pretends to start a page of its own at the instruction's address.
 */
function straddle(v: Variables): Code {
  return sequence(publish(v), call(v.core.functions.fetchStraddle, slot('PC')), takeFault(v), executeStraddleEntry(v));
}

const executeStraddleEntry = (v: Variables): Code =>
  sequence(refund(v), executeLoneEntry(v, i32.const(STRADDLE_ENTRY)));

/** An entry outside its page, whose jumps are all far, pretends to start a page at the instruction's address. */
const executeLoneEntry = (v: Variables, entry: Code): Code =>
  sequence(set(v.pageVa, slot('PC')), set(v.pageEntries, entry), set(v.entry, v.pageEntries.get), br(v.execute));
