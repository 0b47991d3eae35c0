import { lazy } from '../../base/once.ts';
import type { State } from '../../base/state.ts';
import { number, record, type Stateful } from '../../base/stateCodec.ts';
import { encode } from '../../isa/expansion.ts';
import type { BootPlan } from '../boot/bootPlan.ts';
import type { HartContexts } from '../cpu/hartContexts.ts';
import type { HostFileResult, HostFileQuery } from '../ports/hostFilePort.ts';
import type { CallMemory } from './callMemory.ts';
import { GuestMemoryError } from './callMemory.ts';
import { type HeapGap, heapGap } from './heapGap.ts';
import { ERRNO, OPEN_FILES_STATE, OpenFiles } from './openFiles.ts';
import { type CallResult, type CallContext, operationOf, WAIT_FOR_CONSOLE } from './operations.ts';

/** The parts of the machine that semihosting uses. */
export interface SemihostingContext {
  harts: HartContexts;
  memory: CallMemory;
  ram: { base: number; lengthBytes: number };
  outside: { hostTime: () => number; hostFile: (question: HostFileQuery) => HostFileResult };
  nanoseconds: () => number;
  /** Prints bytes on the guest's console, all in one step. */
  print: (bytes: Uint8Array) => void;
  /** Stops the machine with this exit status, 0 to 255. */
  exit: (status: number) => void;
  /** Requests a boundary after this step. */
  attention: () => void;
}

/** The boot information that a guest can query. */
export interface SemihostingBoot {
  commandLine: string;
  heap: HeapGap;
}

/**
 * Semihosting lets a guest use its debugger's console, files and other services ("RISC-V Semihosting", which takes its
 * operations from "Semihosting for AArch32 and AArch64"). As in QEMU without `userspace=on`, an EBREAK between two
 * specific shifts of x0 is a call if the hart is in M or S mode; any other EBREAK remains a breakpoint. A call is one
 * step. All input from outside passes through `Inputs`, so a replay does not need the host's files. If no input is
 * available, a console read waits for a byte in the same way as WFI waits for an interrupt.
 */
export class Semihosting implements Stateful {
  readonly name = 'semihosting';
  readonly stateCodec = STATE;
  private parts: SemihostingContext;
  private files = new OpenFiles();
  private errno = 0;
  /** A console byte that no read has consumed yet. */
  private received = NOTHING;
  /** One bit for each hart: whether a read on the hart is waiting for console input. */
  private waiting = 0;
  private boot: SemihostingBoot = { commandLine: '', heap: { base: 0, limit: 0 } };

  constructor(parts: SemihostingContext) {
    this.parts = parts;
  }

  /**
   * Stores the boot information, which is not part of the saved state because it can be derived from the boot files.
   */
  powerOn({ commandLine, regions }: BootPlan): void {
    this.boot = { commandLine, heap: heapGap(regions, this.parts.ram) };
  }

  /** Performs the call at an EBREAK. Returns false if it is not a semihosting call. */
  call(): boolean {
    const { hart } = this.parts.harts;
    const pc = hart.slot('PC');
    if (hart.slot('PRIVILEGE') === USER || !this.isCallAt(pc)) return false;
    const answer = this.answer(Number(hart.register(A0) & 0xffff_ffffn));
    if (answer === WAIT_FOR_CONSOLE) {
      this.waitForConsole();
      return true;
    }
    if (answer.error !== undefined) this.errno = answer.error;
    hart.setRegister(A0, BigInt.asUintN(64, answer.value));
    hart.setSlot('PC', pc + 4n);
    return true;
  }

  /** Whether a read is waiting for console input. */
  get isWaitingForByte(): boolean {
    return this.waiting !== 0 && this.received === NOTHING;
  }

  /** Receives one byte of console input and wakes the waiting reads. */
  receive(byte: number): void {
    this.received = byte;
    const { harts } = this.parts;
    for (let hart = 0; hart < harts.count; hart++) if (this.waiting & (1 << hart)) harts.wake(hart);
    this.waiting = 0;
  }

  saveState(): State {
    const { errno, received, waiting } = this;
    return STATE.save({ errno, received, waiting, files: this.files.state });
  }

  loadState(state: State): void {
    const { errno, received, waiting, files } = STATE.load(state);
    this.errno = errno;
    this.received = received;
    this.waiting = waiting;
    this.files.state = files;
  }

  /**
   * Whether the EBREAK at `pc` is a semihosting call. The three instructions of a call are in one page, so reading them
   * cannot fault after the EBREAK was fetched.
   */
  private isCallAt(pc: bigint): boolean {
    const [before, after] = [BigInt.asUintN(64, pc - 4n), BigInt.asUintN(64, pc + 4n)];
    if (before >> PAGE_BITS !== after >> PAGE_BITS) return false;
    const code = this.parts.memory.read(before, 12);
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    return CALL().every((word, i) => view.getInt32(4 * i, true) === word);
  }

  private answer(operation: number): CallResult {
    try {
      return operationOf(operation)(this.context());
    } catch (error) {
      if (error instanceof GuestMemoryError) return { value: -1n, error: ERRNO.EFAULT };
      throw error;
    }
  }

  private context(): CallContext {
    const { parts, files, boot } = this;
    const parameter = parts.harts.hart.register(A1);
    return {
      ...{ parameter, files, boot, memory: parts.memory, nanoseconds: parts.nanoseconds },
      argument: (index) => parts.memory.word(parameter + 8n * BigInt(index)),
      lastError: () => this.errno,
      ...{ print: parts.print, exit: parts.exit, outside: parts.outside },
      received: () => this.takeByte(),
    };
  }

  private takeByte(): number | undefined {
    const { received } = this;
    if (received === NOTHING) return undefined;
    this.received = NOTHING;
    return received;
  }

  /**
   * Makes the hart wait. The hart executes the same EBREAK again after a byte has arrived or an interrupt has been
   * taken.
   */
  private waitForConsole(): void {
    const { harts, attention } = this.parts;
    this.waiting |= 1 << harts.current;
    harts.hart.setSlot('WAITING', 1n);
    harts.hart.countUnretiredStep();
    attention();
  }
}

const STATE = record({ errno: number, received: number, waiting: number, files: OPEN_FILES_STATE });

/** The instructions of a call, none of them compressed. */
const CALL = lazy(() => ['slli zero,zero,0x1f', 'ebreak', 'srai zero,zero,7'].map(encode));
const USER = 0n;
const PAGE_BITS = 12n;
const NOTHING = -1;
const A0 = 10;
const A1 = 11;
