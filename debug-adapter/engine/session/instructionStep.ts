import type { BreakpointId, StopReason } from './stopReason.ts';
import type { Session, WantsPause } from './session.ts';

/**
 * A step by one instruction of the code that stands there, either way: the interrupts that come in between run, and
 * are not stepped into. Raw steps (`Session.stepInstruction`) would now and then end in a timer's handler, where no
 * user wants to be and no debugger finds its way back from. Stop points inside a handler still count. Exceptions are
 * the code's own doing, so a step follows them into their handler.
 *
 * `run` is called again after each 'pause', until it says something else.
 */
export interface InstructionStep {
  run(wantsPause: WantsPause): StopReason;
}

/** What tells one piece of code from another that runs the same instruction. */
interface Context {
  pc: bigint;
  stackPointer: bigint;
  privilege: number;
  satp: bigint;
}

const SATP = 0x180;
const TRAP_CSRS = {
  1: { vector: 0x105, epc: 0x141, cause: 0x142 },
  3: { vector: 0x305, epc: 0x341, cause: 0x342 },
} as const;
const INTERRUPT = 1n << 63n;
const STACK_POINTER = 2;
const STEP: StopReason = { kind: 'step' };

export class StepForward implements InstructionStep {
  private session: Session;
  private interrupted: Context | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  run(wantsPause: WantsPause): StopReason {
    for (;;) {
      const stop = this.interrupted ? this.toReturn(this.interrupted, wantsPause) : this.oneStep();
      if (stop) return stop;
      if (wantsPause()) return { kind: 'pause' };
    }
  }

  /** Undefined while the instruction is still to come. */
  private oneStep(): StopReason | undefined {
    const { session } = this;
    const before = contextOf(session);
    const { instructions } = session.timeline.machine;
    const reason = session.stepInstruction();
    if (reason.kind !== 'step' || session.timeline.machine.instructions !== instructions) return reason;
    const { pc } = session.inspector;
    // An outside event, or idle time that passed.
    if (pc === before.pc) return undefined;
    const trap = trapAt(session);
    if (!trap?.isInterrupt || trap.epc !== before.pc) return reason;
    this.interrupted = before;
    return undefined;
  }

  private toReturn(interrupted: Context, wantsPause: WantsPause): StopReason | undefined {
    const { session } = this;
    const stop = withBreakpoints(session, [interrupted.pc], () => session.continue(wantsPause));
    if (stop !== 'mine') return stop;
    if (isSame(contextOf(session), interrupted)) this.interrupted = undefined;
    return undefined;
  }
}

// The handler of the interrupt is the last one that was entered before; a kernel that switches tasks in it enters some
// more. A return that was no interrupt's (a task's first instruction, say) has no entry at all.
const ENTRIES_MAX = 64;

export class StepBack implements InstructionStep {
  private session: Session;
  private search: EntrySearch | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  run(wantsPause: WantsPause): StopReason {
    for (;;) {
      const stop = this.search ? this.searchOn(this.search, wantsPause) : this.oneStep();
      if (stop) return stop;
      if (wantsPause()) return { kind: 'pause' };
    }
  }

  /** Undefined while the instruction before is still to be found. */
  private oneStep(): StopReason | undefined {
    const { session } = this;
    const returned = contextOf(session);
    const { instructions } = session.timeline.machine;
    const reason = session.stepBackInstruction();
    if (reason.kind !== 'step') return reason;
    const { pc } = session.inspector;
    if (session.timeline.machine.instructions === instructions) return pc === returned.pc ? undefined : reason;
    const privilege = returnFrom(session);
    if (privilege === undefined) return reason;
    this.search = { returned, privilege, from: session.position, entriesLeft: ENTRIES_MAX };
    return undefined;
  }

  /** Looks for the entry into the handler that returned; undefined to look on, or to step on from before it. */
  private searchOn(search: EntrySearch, wantsPause: WantsPause): StopReason | undefined {
    const { session } = this;
    const { returned, privilege } = search;
    const stop = withBreakpoints(session, vectorsOf(session, privilege), () => session.reverseContinue(wantsPause));
    if (stop !== 'mine') return stop.kind === 'startOfRecording' ? this.giveUp(search) : stop;
    const trap = trapAt(session)!;
    session.stepBackInstruction();
    const entered = contextOf(session);
    const isHere = isSame({ ...entered, pc: returned.pc }, returned);
    if (isHere && trap.isInterrupt && trap.epc === returned.pc && entered.pc === returned.pc) {
      this.search = undefined;
      return undefined;
    }
    // An exception of this very code: its handler is not skipped.
    const isOwnException = isHere && !trap.isInterrupt && returned.pc - trap.epc >= 0n && returned.pc - trap.epc <= 4n;
    return isOwnException || --search.entriesLeft === 0 ? this.giveUp(search) : undefined;
  }

  private giveUp({ from }: EntrySearch): StopReason {
    this.session.goTo(from);
    return STEP;
  }
}

interface EntrySearch {
  /** The code that the handler returned to. */
  returned: Context;
  /** The mode that the handler ran in. */
  privilege: 1 | 3;
  /** Where its return stands. */
  from: number;
  entriesLeft: number;
}

function contextOf({ inspector }: Session): Context {
  return {
    pc: inspector.pc,
    stackPointer: inspector.register(STACK_POINTER),
    privilege: inspector.privilege,
    satp: inspector.csr(SATP)!,
  };
}

const isSame = (a: Context, b: Context): boolean =>
  a.pc === b.pc && a.stackPointer === b.stackPointer && a.privilege === b.privilege && a.satp === b.satp;

/** The trap whose handler is about to run its first instruction. */
function trapAt({ inspector }: Session): { isInterrupt: boolean; epc: bigint } | undefined {
  const { privilege } = inspector;
  if (privilege !== 1 && privilege !== 3) return undefined;
  const { epc, cause } = TRAP_CSRS[privilege];
  return { isInterrupt: (inspector.csr(cause)! & INTERRUPT) !== 0n, epc: inspector.csr(epc)! };
}

/** Where handlers of a mode begin. */
function vectorsOf({ inspector }: Session, privilege: 1 | 3): bigint[] {
  const vector = inspector.csr(TRAP_CSRS[privilege].vector)!;
  const base = vector & ~3n;
  return (vector & 3n) === 0n ? [base] : Array.from({ length: 16 }, (_, cause) => base + 4n * BigInt(cause));
}

/** The mode whose trap the next instruction returns from, when it is `mret` or `sret`. */
function returnFrom({ inspector }: Session): 1 | 3 | undefined {
  const bytes = inspector.readMemory(inspector.pc, 4);
  if (bytes.length < 4) return undefined;
  switch (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)) {
    case 0x10200073:
      return 1;
    case 0x30200073:
      return 3;
    default:
      return undefined;
  }
}

/** Runs with breakpoints of its own besides the user's: 'mine' when it stopped at these only. */
function withBreakpoints(session: Session, addresses: readonly bigint[], run: () => StopReason): StopReason | 'mine' {
  const mine = new Set<BreakpointId>(addresses.map((address) => session.addBreakpoint(address)));
  try {
    const reason = run();
    if (reason.kind !== 'breakpoint') return reason;
    const ids = reason.ids.filter((id) => !mine.has(id));
    return ids.length === 0 ? 'mine' : { ...reason, ids };
  } finally {
    for (const id of mine) session.removeBreakpoint(id);
  }
}
