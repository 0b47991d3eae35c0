import {
  I32,
  I64,
  type Code,
  type Local,
  call,
  i32,
  i64,
  ifElse,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { encode } from '../../isa/expansion.ts';
import {
  EXCEPTION,
  INTERRUPT_BIT,
  IRQ_PRIORITY,
  MSTATUS,
  PRIVILEGE,
  TRAP_REGISTERS,
  type TrapMode,
  VECTOR,
} from '../../isa/traps.ts';
import {
  CAUSE_ILLEGAL,
  type Core,
  csrChanged,
  PRIVILEGE_MACHINE,
  PRIVILEGE_SUPERVISOR,
  PRIVILEGE_USER,
  setSlot,
  setSlot32,
  slot,
  slot32,
} from './coreContext.ts';
import type { SlotName } from './layout.ts';

/**
 * Defines traps and privilege changes: exceptions and interrupts, MRET, SRET, ECALL, EBREAK, WFI, WRS.NTO, WRS.STO,
 * SFENCE.VMA and Svinval (Volume II, "Trap-Return Instructions", "Machine Cause Register", "Wait for Interrupt"). A
 * trap entry is a separate step that retires no instruction.
 */
export function definePrivilege(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.takeException, (frame) =>
    sequence(
      setSlot32('FAULT', i32.const(0)),
      when(isWatched, when(call(functions.exceptionReached), ret(i32.const(1)))),
      enterTrap(core, frame.local(I64), false),
      csrChanged,
      i32.const(0),
    ),
  );
  builder.define(functions.takeInterrupt, (frame) => {
    const [cause] = frame.parameters;
    return sequence(
      setSlot('CAUSE', i64.extendU(cause.get)),
      setSlot('TVAL', i64.const(0)),
      enterTrap(core, frame.local(I64), true),
    );
  });
  definePendingInterrupt(core);
  defineSystem(core);
}

/** Whether the exception in CAUSE is one of EXCEPTIONS_WATCHED. */
const isWatched = i32.and(i32.wrap(i64.shrU(slot('EXCEPTIONS_WATCHED'), slot('CAUSE'))), i32.const(1));

const statusBits = (mask: number): Code => i64.and(slot('MSTATUS'), i64.const(mask));
/** One mstatus bit, moved to the position of another. */
const moved = (from: number, to: number): Code =>
  i64.mul(i64.extendU(i64.ne(statusBits(from), i64.const(0))), i64.const(to));
const setStatus = (clear: number, ...add: Code[]): Code =>
  setSlot(
    'MSTATUS',
    add.reduce((sum, bit) => i64.or(sum, bit), i64.and(slot('MSTATUS'), i64.const(~BigInt(clear)))),
  );

/** As in QEMU, an SC fails if a trap or trap return occurred after its LR. */
const dropReservation = setSlot32('RESERVED', i32.const(0));

function enterTrap(core: Core, cause: Local, isInterrupt: boolean): Code {
  const delegated = i64.ne(
    i64.and(i64.shrU(slot(isInterrupt ? 'MIDELEG' : 'MEDELEG'), slot('CAUSE')), i64.const(1)),
    i64.const(0),
  );
  const toSupervisor = i32.and(i32.leU(slot32('PRIVILEGE'), i32.const(PRIVILEGE_SUPERVISOR)), delegated);
  return sequence(
    setSlot('NOT_RETIRED', i64.add(slot('NOT_RETIRED'), i64.const(1))),
    setSlot32('WAITING', i32.const(0)),
    dropReservation,
    set(cause, i64.or(slot('CAUSE'), i64.const(isInterrupt ? BigInt.asIntN(64, INTERRUPT_BIT) : 0n))),
    ifElse(
      toSupervisor,
      enterMode(PRIVILEGE.SUPERVISOR, cause, isInterrupt),
      enterMode(PRIVILEGE.MACHINE, cause, isInterrupt),
    ),
    call(core.functions.updateContexts),
  );
}

/** Writes the registers that describe the trap, and continues at the handler. */
function enterMode(mode: TrapMode, cause: Local, isInterrupt: boolean): Code {
  const to = TRAP_REGISTERS[mode];
  return sequence(
    setSlot(slotOf(to.cause), cause.get),
    setSlot(slotOf(to.epc), slot('PC')),
    setSlot(slotOf(to.value), slot('TVAL')),
    setStatus(
      to.previousEnabled | to.enabled | to.previousPrivilege,
      moved(to.enabled, to.previousEnabled),
      i64.shl(slot('PRIVILEGE'), i64.const(to.previousPrivilegeShift)),
    ),
    setSlot32('PRIVILEGE', i32.const(mode)),
    setSlot('PC', handler(slotOf(to.vector), isInterrupt)),
  );
}

/** The slot that holds a CSR. */
const slotOf = (csr: Lowercase<SlotName>): SlotName => csr.toUpperCase() as SlotName;

/** The address of the handler: the base address, plus one entry per cause for an interrupt in vectored mode. */
function handler(vector: SlotName, isInterrupt: boolean): Code {
  const base = i64.and(slot(vector), i64.const(~VECTOR.MODE));
  if (!isInterrupt) return base;
  const isVectored = i64.and(slot(vector), i64.const(VECTOR.VECTORED));
  return i64.add(base, i64.mul(isVectored, i64.shl(slot('CAUSE'), i64.const(Math.log2(VECTOR.ENTRY_BYTES)))));
}

/** The value of mip: the bits driven by devices and timers, and the bits set by software. */
export const pendingBits: Code = i32.or(slot32('MIP_LINES'), slot32('MIP_SOFTWARE'));

function definePendingInterrupt({ builder, functions }: Core): void {
  builder.define(functions.pendingInterrupt, (frame) => {
    const ready = frame.local(I32);
    const forMachine = frame.local(I32);
    const forSupervisor = frame.local(I32);
    const isEnabled = (own: number, bit: number): Code =>
      i32.or(
        i32.ltU(slot32('PRIVILEGE'), i32.const(own)),
        i32.and(
          i32.eq(slot32('PRIVILEGE'), i32.const(own)),
          i32.ne(i32.and(slot32('MSTATUS'), i32.const(bit)), i32.const(0)),
        ),
      );
    const pick = (set_: Local): Code =>
      sequence(...IRQ_PRIORITY.map((irq) => when(i32.and(set_.get, i32.const(1 << irq)), ret(i32.const(irq)))));
    return sequence(
      set(ready, i32.and(pendingBits, slot32('MIE'))),
      when(i32.eqz(ready.get), ret(i32.const(-1))),
      set(forMachine, i32.and(ready.get, i32.xor(slot32('MIDELEG'), i32.const(-1)))),
      set(forSupervisor, i32.and(ready.get, slot32('MIDELEG'))),
      when(i32.and(isEnabled(PRIVILEGE_MACHINE, MSTATUS.MIE), i32.ne(forMachine.get, i32.const(0))), pick(forMachine)),
      when(isEnabled(PRIVILEGE_SUPERVISOR, MSTATUS.SIE), pick(forSupervisor)),
      i32.const(-1),
    );
  });
}

/**
 * Called after any change that may enable a pending interrupt: leaves the interpreter's loop if an interrupt can be
 * taken.
 */
export const checkInterrupts = (core: Core): Code =>
  when(i32.geS(call(core.functions.pendingInterrupt), i32.const(0)), setSlot32('ATTENTION', i32.const(1)));

// --- SYSTEM instructions ---------------------------------------------------------------------------------------------

const C_EBREAK = 0x9002;

function defineSystem(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.system, (frame) => {
    const [raw] = frame.parameters;
    const is = (mnemonic: string): Code => isInstruction(raw, mnemonic);
    const fault = (cause: Code, tval: Code): Code => sequence(call(functions.raise, cause, tval), ret());
    const illegal = fault(i32.const(CAUSE_ILLEGAL), i64.extendU(raw.get));
    const next = setSlot('PC', i64.add(slot('PC'), i64.const(4)));
    return sequence(
      when(is('ecall'), fault(i32.add(slot32('PRIVILEGE'), i32.const(EXCEPTION.ECALL)), i64.const(0))),
      when(is('ebreak'), when(call(functions.semihost), ret())),
      when(
        i32.or(is('ebreak'), i32.eq(raw.get, i32.const(C_EBREAK))),
        fault(i32.const(EXCEPTION.BREAKPOINT), i64.const(0)),
      ),
      when(is('mret'), returnFromMachine(core, illegal), ret()),
      when(is('sret'), returnFromSupervisor(core, illegal), ret()),
      when(is('wfi'), waitForInterrupt(illegal), next, ret()),
      when(
        i32.or(is('wrs.nto'), is('wrs.sto')),
        waitOnReservation(raw, fault(i32.const(CAUSE_ILLEGAL), i64.const(0))),
        next,
        ret(),
      ),
      // Svinval: the fences around SINVAL.VMA have no effect, because accesses are always performed in order. TVM does
      // not trap them.
      when(
        i32.or(is('sfence.w.inval'), is('sfence.inval.ir')),
        when(i32.eqz(slot32('PRIVILEGE')), illegal),
        next,
        ret(),
      ),
      // SFENCE.VMA and SINVAL.VMA flush everything, ignoring address and ASID.
      when(belowOrTrapped(MSTATUS.TVM), illegal),
      call(functions.flushPaged),
      next,
    );
  });
}

/** Whether `raw` is the instruction with this mnemonic, which has no operands. */
const isInstruction = (raw: Local, mnemonic: string): Code => i32.eq(raw.get, i32.const(encode(mnemonic)));

/** Whether the hart is in U-mode, or in S-mode while the given mstatus bit traps the instruction. */
export const belowOrTrapped = (trapBit: number): Code =>
  i32.or(
    i32.eq(slot32('PRIVILEGE'), i32.const(PRIVILEGE_USER)),
    i32.and(
      i32.eq(slot32('PRIVILEGE'), i32.const(PRIVILEGE_SUPERVISOR)),
      i32.ne(i32.and(slot32('MSTATUS'), i32.const(trapBit)), i32.const(0)),
    ),
  );

function returnFromMachine(core: Core, illegal: Code): Code {
  const previous = i32.and(i32.shrU(slot32('MSTATUS'), i32.const(MSTATUS.MPP_SHIFT)), i32.const(3));
  const dropMprv = select(
    i32.eq(previous, i32.const(PRIVILEGE_MACHINE)),
    i64.const(-1),
    i64.const(~BigInt(MSTATUS.MPRV)),
  );
  return sequence(
    when(i32.ne(slot32('PRIVILEGE'), i32.const(PRIVILEGE_MACHINE)), illegal),
    setSlot32('PRIVILEGE', previous),
    setSlot('MSTATUS', i64.and(slot('MSTATUS'), dropMprv)),
    setStatus(MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP, moved(MSTATUS.MPIE, MSTATUS.MIE), i64.const(MSTATUS.MPIE)),
    dropReservation,
    setSlot('PC', slot('MEPC')),
    call(core.functions.updateContexts),
    checkInterrupts(core),
    csrChanged,
  );
}

function returnFromSupervisor(core: Core, illegal: Code): Code {
  return sequence(
    when(belowOrTrapped(MSTATUS.TSR), illegal),
    setSlot32('PRIVILEGE', i32.wrap(moved(MSTATUS.SPP, PRIVILEGE_SUPERVISOR))),
    setStatus(
      MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP | MSTATUS.MPRV,
      moved(MSTATUS.SPIE, MSTATUS.SIE),
      i64.const(MSTATUS.SPIE),
    ),
    dropReservation,
    setSlot('PC', slot('SEPC')),
    call(core.functions.updateContexts),
    checkInterrupts(core),
    csrChanged,
  );
}

/** Waits unless an enabled interrupt is already pending, even one that cannot be taken. */
function waitForInterrupt(illegal: Code): Code {
  return sequence(
    when(belowOrTrapped(MSTATUS.TW), illegal),
    when(
      i32.eqz(i32.and(pendingBits, slot32('MIE'))),
      setSlot32('WAITING', i32.const(1)),
      setSlot32('ATTENTION', i32.const(1)),
    ),
  );
}

/**
 * Zawrs: the stall may end at any time for any reason. As in QEMU, it ends immediately and clears the reservation. TW
 * traps only WRS.NTO, which has no timeout, and does so in U-mode too. As in QEMU, tval is then 0.
 */
function waitOnReservation(raw: Local, illegal: Code): Code {
  const isTrapped = i32.and(
    i32.and(isInstruction(raw, 'wrs.nto'), i32.ne(slot32('PRIVILEGE'), i32.const(PRIVILEGE_MACHINE))),
    i32.ne(i32.and(slot32('MSTATUS'), i32.const(MSTATUS.TW)), i32.const(0)),
  );
  return sequence(when(isTrapped, illegal), dropReservation);
}
