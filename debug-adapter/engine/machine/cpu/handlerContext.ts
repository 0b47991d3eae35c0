import {
  I32,
  I64,
  type Code,
  type Label,
  type Local,
  br,
  call,
  i32,
  i64,
  label,
  ret,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import type { Frame } from '../../base/wasm/moduleBuilder.ts';
import { type Core, setSlot, setSlot32, slot32 } from './coreContext.ts';
import { ENTRY_BYTES, REGISTERS } from './layout.ts';

/** The variables and labels that the interpreter's handlers share. */
export interface Variables {
  core: Core;
  /** Whether this is the function that ends the run when a watched register changes. It executes no regions. */
  isWatching: boolean;
  budget: Local;
  /** The address of the decode entry being executed. */
  entry: Local;
  /** The address of the first decode entry of the current page, and the page's virtual address. */
  pageEntries: Local;
  pageVa: Local;
  /** The offset of the active data TLB. */
  context: Local;
  low: Local;
  tlb: Local;
  va: Local;
  value: Local;
  /** Jump here after control flow leaves its page: looks up the decoded page for the address in the PC slot. */
  fetch: Label;
  /** Executes `entry`. */
  execute: Label;
  /** Jump here if the instruction is illegal, either in general or in the current state. */
  illegal: Label;
  /** Jump here after a slow-path load or store: takes the fault, if there is one, and continues. */
  loaded: Label;
  stored: Label;
}

export function makeVariables(core: Core, frame: Frame, isWatching: boolean): Variables {
  return {
    core,
    isWatching,
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
    illegal: label(),
    loaded: label(),
    stored: label(),
  };
}

export const spend = ({ budget }: Variables): Code => set(budget, i32.sub(budget.get, i32.const(1)));
export const refund = ({ budget }: Variables): Code => set(budget, i32.add(budget.get, i32.const(1)));

/** The virtual address of the current instruction. */
export const pc = ({ pageVa, entry, pageEntries }: Variables): Code =>
  i64.add(pageVa.get, i64.extendU(i32.shrU(i32.sub(entry.get, pageEntries.get), i32.const(3))));

/** Stores PC and BUDGET in memory, for functions that read them. */
export const storePc = (v: Variables): Code => sequence(setSlot('PC', pc(v)), setSlot32('BUDGET', v.budget.get));

export const leaveOnAttention = (v: Variables): Code => when(slot32('ATTENTION'), ret(v.budget.get));

/** Takes the exception and continues at its handler, or stops before the instruction that raised it. */
export const takeException = (v: Variables): Code =>
  sequence(when(call(v.core.functions.takeException), refund(v), ret(v.budget.get)), leaveOnAttention(v), br(v.fetch));

/** Takes the exception, if there is one. PC and BUDGET must be stored. */
export const takeFault = (v: Variables): Code => when(slot32('FAULT'), takeException(v));

/** A handler's variables, and the length of the instructions that it executes. */
export interface Handler extends Variables {
  lengthBytes: 2 | 4;
}

export const field = (v: Variables, offset: number): Code => i32.load16u(v.entry.get, offset);
export const rs1 = (v: Variables): Code => i64.load(field(v, 4), REGISTERS);
export const rs2 = (v: Variables): Code => i64.load(field(v, 6), REGISTERS);
export const setRd = (v: Variables, value: Code): Code => i64.store(field(v, 2), value, REGISTERS);
export const immediate = (v: Variables): Code => i64.load32s(v.entry.get, 8);
export const immediate32 = (v: Variables): Code => i32.load(v.entry.get, 8);
export const raw = (v: Variables): Code => i32.load(v.entry.get, 12);
/** Continues with the next instruction on the page. */
export const next = (v: Handler): Code =>
  sequence(set(v.entry, i32.add(v.entry.get, i32.const((v.lengthBytes / 2) * ENTRY_BYTES))), br(v.execute));
export const link = (v: Handler): Code => i64.add(pc(v), i64.const(v.lengthBytes));
