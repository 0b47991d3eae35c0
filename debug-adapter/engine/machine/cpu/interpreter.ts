import {
  type Code,
  block,
  br,
  brTable,
  call,
  i32,
  i64,
  ifElse,
  label,
  loop,
  nothing,
  ret,
  sequence,
  set,
  tee,
  when,
} from '../../base/wasm/code.ts';
import { ATOMIC } from './atomicSemantics.ts';
import { recordCall, RETURN_ADDRESS } from './callTargets.ts';
import { CAUSE_ILLEGAL, type Core, setSlot, setSlot32, slot, slot32 } from './coreContext.ts';
import { mayContainBreakpoint } from './fetch.ts';
import { floatHandler, floatLoadHandler, floatStoreHandler, halfHandler } from './floatHandlers.ts';
import type { FloatName } from './floatNames.ts';
import { FLOAT } from './floatSemantics.ts';
import {
  type Handler,
  type Variables,
  field,
  immediate,
  immediate32,
  leaveOnAttention,
  link,
  makeVariables,
  next,
  pc,
  storePc,
  raw,
  refund,
  rs1,
  rs2,
  setRd,
  spend,
  takeException,
  takeFault,
} from './handlerContext.ts';
import { FETCH_TLB, STRADDLE_ENTRY } from './layout.ts';
import { loadHandler, storeHandler, zeroBlockHandler } from './memoryHandlers.ts';
import { COMPRESSIBLE, HANDLER_NAMES, type OperationName } from './operations.ts';
import { countJump, executeSingleEntry, fetchTlbEntry, regionHandler, withoutRegion } from './regionHandler.ts';
import { whenRegisterChanged } from './watchedRegisters.ts';
import { COMPUTE, CONDITION, FLOAT_LOADS, FLOAT_STORES, LOADS, STORES } from './semantics.ts';

/**
 * Defines the interpreter: `run(budget) -> budget left`. It executes exactly one step for each unit of budget. A step
 * is a retired instruction, or the trap entry of an instruction that faulted. `run` returns early only if ATTENTION is
 * set (by a device, an interrupt or WFI). The program counter is implicit: `entry` points to the decoded instruction
 * within its page's entries, and `pageVa` holds the page's address; PC in memory is valid only outside the loop and
 * around calls that need it.
 */
export function defineInterpreter(core: Core): void {
  for (const name of ['run', 'runWatched'] as const) {
    core.builder.define(core.functions[name], (frame) => {
      const v = makeVariables(core, frame, name === 'runWatched');
      return sequence(loop(v.fetch, fetch(v), loop(v.execute, execute(v))), i32.const(0));
    });
  }
}

/** Finds the decoded page for PC, or takes the fetch fault. */
function fetch(v: Variables): Code {
  const { budget, entry, pageEntries, pageVa, context, low, tlb, va, core } = v;
  const located = label();
  return sequence(
    v.isWatching ? whenRegisterChanged(ret(budget.get)) : nothing,
    when(i32.leS(budget.get, i32.const(0)), ret(budget.get)),
    set(context, slot32('DATA_CONTEXT')),
    set(low, i32.wrap(tee(va, slot('PC')))),
    set(pageVa, i64.and(va.get, i64.const(-4096))),
    set(tlb, fetchTlbEntry(low.get)),
    block(
      located,
      ifElse(
        i64.eq(i64.load(tlb.get, FETCH_TLB), pageVa.get),
        set(pageEntries, i32.load(tlb.get, FETCH_TLB + 8)),
        sequence(
          // The page walk belongs to the step that is about to begin.
          setSlot32('BUDGET', i32.sub(budget.get, i32.const(1))),
          set(pageEntries, call(core.functions.fetchPage, va.get)),
          when(i32.eqz(pageEntries.get), cannotFetch(v)),
          when(slot32('ATTENTION'), leaveAfterNext(v)),
          when(i32.eq(pageEntries.get, i32.const(STRADDLE_ENTRY)), executeFetched(v), br(located)),
        ),
      ),
      set(entry, i32.add(pageEntries.get, i32.shl(i32.and(low.get, i32.const(0xffe)), i32.const(3)))),
      countJump(v),
    ),
  );
}

/** Stops if there is a breakpoint at PC; otherwise takes the fetch fault. */
const cannotFetch = (v: Variables): Code =>
  sequence(
    when(
      mayContainBreakpoint(v.va),
      setSlot32('FAULT', i32.const(0)),
      when(call(v.core.functions.breakpointHit), ret(v.budget.get)),
    ),
    spend(v),
    takeException(v),
  );

/**
 * Executes one instruction from a page whose bytes have different PMP permissions. The straddle entry already holds the
 * decoded instruction, but no entry in the page can check for a breakpoint, so this code performs the check.
 */
const executeFetched = (v: Variables): Code =>
  sequence(
    setSlot32('BUDGET', i32.sub(v.budget.get, i32.const(1))),
    when(call(v.core.functions.breakpointHit), ret(v.budget.get)),
    set(v.pageVa, v.va.get),
    set(v.entry, i32.const(STRADDLE_ENTRY)),
  );

/**
 * Makes the run end after the next step. Used when the page walk for a fetch has set an accessed bit in a watched page
 * table, because that write belongs to the next step.
 */
const leaveAfterNext = ({ budget }: Variables): Code =>
  sequence(
    setSlot('STEPS_END', i64.sub(slot('STEPS_END'), i64.extendU(i32.sub(budget.get, i32.const(1))))),
    set(budget, i32.const(1)),
  );

/** Executes one instruction: a jump table selects its handler, and the handler continues with the next instruction. */
function execute(v: Variables): Code {
  const full = HANDLER_NAMES.map((name) => ({ name, lengthBytes: 4 as const }));
  const compressed = COMPRESSIBLE.map((name) => ({ name, lengthBytes: 2 as const }));
  const handlers = [...full, ...compressed].map((handler) => ({ ...handler, target: label() }));
  const operation = i32.load8u(v.entry.get, 0);
  const dispatch = handlers.reduce(
    (inner, { name, lengthBytes, target }) => sequence(block(target, inner), handler({ ...v, lengthBytes }, name)),
    brTable(
      operation,
      handlers.map(({ target }) => target),
    ),
  );
  return sequence(
    v.isWatching ? whenRegisterChanged(sequence(setSlot('PC', pc(v)), ret(v.budget.get))) : nothing,
    when(
      i32.ltS(tee(v.budget, i32.sub(v.budget.get, i32.const(1))), i32.const(0)),
      refund(v),
      storePc(v),
      ret(v.budget.get),
    ),
    block(
      v.illegal,
      block(v.stored, block(v.loaded, dispatch), takeFault(v), setRd(v, v.value.get)),
      takeFault(v),
      set(v.entry, i32.add(v.entry.get, i32.load8u(v.entry.get, 1))),
      setSlot('PC', pc(v)),
      leaveOnAttention(v),
      br(v.execute),
    ),
    storePc(v),
    call(v.core.functions.raise, i32.const(CAUSE_ILLEGAL), i64.extendU(raw(v))),
    takeFault(v),
  );
}

// --- handlers --------------------------------------------------------------------------------------------------------

function handler(v: Handler, name: OperationName): Code {
  const compute = COMPUTE[name];
  if (compute) {
    const operands = { a: rs1(v), b: rs2(v), imm: immediate(v), helpers: v.core.helpers };
    return sequence(setRd(v, compute(operands)), next(v));
  }
  if (LOADS[name]) return loadHandler(v, LOADS[name]);
  if (STORES[name]) return storeHandler(v, STORES[name]);
  const float = FLOAT[name as FloatName];
  if (float) return floatHandler(v, float);
  if (FLOAT_LOADS[name]) return floatLoadHandler(v, FLOAT_LOADS[name]);
  if (FLOAT_STORES[name]) return floatStoreHandler(v, FLOAT_STORES[name]);
  if (ATOMIC[name]) return atomic(v);
  const [base, range] = name.split('_');
  if (CONDITION[base]) return branchHandler(v, CONDITION[base], range === 'NEAR');
  return specialHandler(v, name);
}

/** Counts backward jumps, because they close loops. With 'always' (for calls), also counts forward jumps. */
const jumpNear = (v: Variables, counts: 'backwards' | 'always' = 'backwards'): Code =>
  sequence(
    set(v.entry, i32.add(v.entry.get, tee(v.low, immediate32(v)))),
    counts === 'always' ? countJump(v) : when(i32.ltS(v.low.get, i32.const(0)), countJump(v)),
    br(v.execute),
  );
const jumpFar = (v: Variables): Code => sequence(setSlot('PC', i64.add(pc(v), immediate(v))), br(v.fetch));

function branchHandler(v: Handler, condition: (a: Code, b: Code) => Code, isNear: boolean): Code {
  return sequence(when(condition(rs1(v), rs2(v)), isNear ? jumpNear(v) : jumpFar(v)), next(v));
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
      return v.isWatching ? withoutRegion(v) : regionHandler(v);
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
    case 'HALF':
      return halfHandler(v);
    case 'CBO':
      return sequence(storePc(v), call(functions.manageBlock, rs1(v), raw(v)), br(v.stored));
    case 'CBO_ZERO':
      return zeroBlockHandler(v);
    case 'CSR':
      return csr(v);
    case 'SYSTEM':
    case 'WRS':
      return sequence(storePc(v), call(functions.system, raw(v)), takeFault(v), leaveOnAttention(v), br(v.fetch));
    default:
      return br(v.illegal);
  }
}

const jalrTarget = (v: Variables): Code => set(v.va, i64.and(i64.add(rs1(v), immediate(v)), i64.const(-2)));

/** An indirect jump that stays in its page, as most do in small programs, does not need a lookup. */
function jalr(v: Handler): Code {
  const offset = i32.and(i32.wrap(v.va.get), i32.const(0xffe));
  return sequence(
    jalrTarget(v),
    when(
      i32.eq(field(v, 2), i32.const(RETURN_ADDRESS * 8)),
      recordCall({ link: link(v), target: v.va.get, at: v.tlb }),
    ),
    setRd(v, link(v)),
    when(
      i64.eq(i64.and(v.va.get, i64.const(-4096)), v.pageVa.get),
      set(v.entry, i32.add(v.pageEntries.get, i32.shl(offset, i32.const(3)))),
      countJump(v),
      br(v.execute),
    ),
    setSlot('PC', v.va.get),
    br(v.fetch),
  );
}

/**
 * In the interpreter, atomics always take the slow path, like loads that miss the TLB. This is fast enough, because hot
 * atomics are executed in regions.
 */
function atomic(v: Variables): Code {
  return sequence(storePc(v), set(v.value, call(v.core.functions.atomic, rs1(v), rs2(v), raw(v))), br(v.loaded));
}

/** Writing a CSR can change anything that `fetch` depends on, so continue at `fetch`. */
function csr(v: Variables): Code {
  return sequence(
    storePc(v),
    set(v.value, call(v.core.functions.csrInstruction, raw(v), rs1(v))),
    takeFault(v),
    setRd(v, v.value.get),
    setSlot('PC', i64.add(slot('PC'), i64.const(4))),
    leaveOnAttention(v),
    br(v.fetch),
  );
}

/** Stops if a breakpoint is hit; otherwise executes the instruction from the straddle entry. */
function breakpoint(v: Handler): Code {
  const isStraddle = i32.and(
    i32.eq(i32.and(i32.wrap(slot('PC')), i32.const(0xfff)), i32.const(0xffe)),
    i32.eq(i32.and(raw(v), i32.const(3)), i32.const(3)),
  );
  return sequence(
    storePc(v),
    when(call(v.core.functions.breakpointHit), refund(v), ret(v.budget.get)),
    when(isStraddle, straddle(v)),
    call(v.core.functions.decodeStraddle, raw(v)),
    executeStraddleEntry(v),
  );
}

/**
 * A 4-byte instruction whose second half is on the next page is decoded each time it is executed, because the mapping
 * of the next page may have changed. The straddle entry acts as the start of a page at the instruction's address.
 */
function straddle(v: Variables): Code {
  return sequence(storePc(v), call(v.core.functions.fetchStraddle, slot('PC')), takeFault(v), executeStraddleEntry(v));
}

const executeStraddleEntry = (v: Variables): Code =>
  sequence(refund(v), executeSingleEntry(v, i32.const(STRADDLE_ENTRY)));
