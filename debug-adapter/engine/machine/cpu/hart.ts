import type { State } from '../../base/state.ts';
import type { Stateful } from '../../base/stateCodec.ts';
import type { Position } from '../../base/quantities.ts';
import { memoryNotGiven, machineRam } from '../../../messages/outOfMemory.ts';
import { coreModule } from './coreModule.ts';
import type { CsrName } from './csr.ts';
import { DecodeCache } from './decodeCache.ts';
import { menvcfgAtReset } from './envcfg.ts';
import type { InstructionSet } from './extensions.ts';
import { forEachSlot, HART_STATE } from './hartState.ts';
import {
  CSR_INDEX,
  FETCH_CONTEXT_BYTES,
  FETCH_CONTEXTS,
  FETCH_TLB,
  FLOAT_0,
  RAM_BASE,
  READ_TLB,
  REGISTERS,
  SLOT,
  type SlotName,
  STATE_SLOTS,
  TLB_BYTES,
  wasmPagesFor,
} from './layout.ts';
import { MSTATUS } from './mstatus.ts';
import type { MmuType } from './satp.ts';
import { Translator } from './translator/translator.ts';

/** The machine functions that a hart calls. */
export interface HartBus {
  /** Reads from a device. Returns the low 32 bits; undefined if no device accepts the access. */
  read(address: number, sizeBytes: 1 | 2 | 4 | 8): number | undefined;
  /** Writes to a device. Returns false if no device accepts the access. */
  write(address: number, value: number, sizeBytes: 1 | 2 | 4 | 8): boolean;
  /** The upper 32 bits of an 8-byte access: valid after a read, set before a write. */
  upperHalf: number;
  /** Called at an address that may have a breakpoint. Returns true to stop before the instruction. */
  atBreakpoint(pc: bigint): boolean;
  /** Called when PC is at an EBREAK. Returns true after a semihosting call, which has advanced PC. */
  semihost?(): boolean;
  /** Called on an access to a watched page, before a write and after a read. */
  watched(access: 'read' | 'write', offset: number, lengthBytes: number): void;
}

interface CoreExports {
  run(budget: number): number;
  pendingInterrupt(): number;
  takeInterrupt(cause: number): void;
  updateContexts(): void;
  flushPaged(): void;
  flushWrites(): void;
  nextFlagged(page: number, marks: number): number;
  clearPageFlags(marks: number): void;
  touch(offset: number, length: number): void;
  digestRam(): bigint;
  csrRead(number: number): bigint;
  regions: WebAssembly.Table;
}

/**
 * One hart: the generated core with its memory. The hart executes up to a budget of steps, reports the number of steps
 * executed, and takes the interrupts that the machine selects. All 64-bit state is in named slots of the memory;
 * `saveState` returns the state, keyed by slot name.
 */
export class Hart implements Stateful {
  readonly stateCodec = HART_STATE;
  readonly memoryBytes: number;
  readonly memory: WebAssembly.Memory;
  readonly core: CoreExports;
  /** The CSRs that the hart implements. */
  readonly csrs: readonly CsrName[];
  readonly decodeCache: DecodeCache;
  private translator: Translator;
  private words: Int32Array;
  private slots: BigUint64Array;

  constructor(options: {
    memoryBytes: number;
    instructions: InstructionSet;
    mmu: MmuType;
    bus: HartBus;
    decodePoolPages?: number;
    translationThreshold?: number;
  }) {
    this.memoryBytes = options.memoryBytes;
    this.memory = memoryFor(options.memoryBytes);
    this.words = new Int32Array(this.memory.buffer, 0, CSR_INDEX / 4);
    this.slots = new BigUint64Array(this.memory.buffer, 0, CSR_INDEX / 8);
    this.decodeCache = new DecodeCache(this.memory, options.instructions, options.decodePoolPages);
    const { module, csrIndex, csrs } = coreModule();
    new Uint8Array(this.memory.buffer).set(csrIndex, CSR_INDEX);
    this.csrs = csrs;
    this.core = this.instantiate(module, options.bus);
    const { memory, decodeCache, memoryBytes: ramBytes } = this;
    const { translationThreshold: threshold } = options;
    this.translator = new Translator({ memory, decodeCache, ramBytes, table: this.core.regions, threshold });
    this.decodeCache.connect(this.core, this.translator);
    this.setNumber(WORD.RAM_START, RAM_BASE);
    this.setNumber(WORD.RAM_BYTES, options.memoryBytes);
    this.words[WORD.EXTENSIONS] = options.instructions.bits;
    this.words[WORD.HAS_SV48] = options.mmu === 'sv48' ? 1 : 0;
    this.setSlot('MENVCFG', menvcfgAtReset(options.instructions));
    this.setSlot('PRIVILEGE', 3n);
    this.setSlot('STIMECMP', 0n);
    this.emptyTlbs();
  }

  private instantiate(module: WebAssembly.Module, bus: HartBus): CoreExports {
    const fault = () => (this.words[WORD.FAULT] = 1);
    const env = {
      memory: this.memory,
      // Size 0 selects the upper half of an 8-byte access; see memoryAccess.ts.
      mmioRead: (address: number, size: number): number => {
        if (size === 0) return bus.upperHalf;
        const value = bus.read(address >>> 0, size as 1 | 2 | 4 | 8);
        return value ?? fault();
      },
      mmioWrite: (address: number, value: number, size: number): void => {
        if (size === 0) {
          bus.upperHalf = value >>> 0;
          return;
        }
        const kept = size >= 4 ? value >>> 0 : value & (size === 1 ? 0xff : 0xffff);
        if (!bus.write(address >>> 0, kept, size as 1 | 2 | 4 | 8)) fault();
      },
      breakpointHit: (): number => (bus.atBreakpoint(this.slot('PC')) ? 1 : 0),
      semihost: (): number => (bus.semihost?.() ? 1 : 0),
      watchWrite: (offset: number, length: number): void => bus.watched('write', offset >>> 0, length),
      watchRead: (offset: number, length: number): void => bus.watched('read', offset >>> 0, length),
      decodeEntry: (entry: number, page: number): void => this.decodeCache.decodeEntry(entry, page),
      recordHot: (entry: number, va: bigint): number =>
        this.translator.recordHot(entry >>> 0, va, this.words[WORD.FETCH_CONTEXT]) ? 1 : 0,
      codeWritten: (offset: number, length: number): void => this.translator.codeWritten(offset >>> 0, length),
      decodeStraddle: (raw: number): void => this.decodeCache.decodeStraddle(raw),
      allocateDecodePage: (page: number): number => this.decodeCache.allocateDecodePage(page),
    };
    return new WebAssembly.Instance(module, { env }).exports as unknown as CoreExports;
  }

  // --- running -------------------------------------------------------------------------------------------------------

  /**
   * Executes at most `budgetMax` steps from `position`; returns the number of steps executed, which may be
   * less than `budgetMax`, for example if a device sets ATTENTION.
   */
  run(position: Position, budgetMax: number): number {
    const budget = Math.min(budgetMax, this.translator.stepsMax);
    this.words[WORD.ATTENTION] = 0;
    this.setNumber(WORD.STEPS_END, position + budget);
    this.words[WORD.BUDGET] = budget;
    const left = this.core.run(budget);
    this.translator.translatePending();
    // The core may have reduced STEPS_END during the run.
    return this.number(WORD.STEPS_END) - left - position;
  }

  /** The number of translated regions. */
  get regionCount(): number {
    return this.translator.regionCount;
  }

  /** Sets the page offsets at which any page may have a breakpoint. */
  setBreakOffsets(offsets: ReadonlySet<number>): void {
    this.decodeCache.setBreakOffsets(offsets);
    this.translator.setBreakOffsets(offsets);
  }

  /** Sets whether there are any watchpoints on reads. */
  setReadsWatched(are: boolean): void {
    this.translator.setReadsWatched(are);
  }

  /** The position of the step in progress, during `run`. */
  positionInRun(): Position {
    return this.number(WORD.STEPS_END) - this.words[WORD.BUDGET] - 1;
  }

  /** Makes `run` return after the current instruction. */
  requestAttention(): void {
    this.words[WORD.ATTENTION] = 1;
  }

  get isWaiting(): boolean {
    return this.words[WORD.WAITING] !== 0;
  }

  /**
   * Ends the wait in WFI. A waiting hart continues when an enabled interrupt is pending, whether or not it takes the
   * interrupt.
   */
  wake(): void {
    this.words[WORD.WAITING] = 0;
  }

  /** The pending interrupts that are enabled in mie, as mip bits. */
  get enabledPending(): number {
    const words = this.words;
    return (words[WORD.MIP_LINES] | words[WORD.MIP_SOFTWARE]) & words[WORD.MIE];
  }

  setInterruptLines(lines: number): void {
    this.words[WORD.MIP_LINES] = lines;
  }

  /** The cause of the interrupt to take now; -1 if there is none. */
  pendingInterrupt(): number {
    return this.core.pendingInterrupt();
  }

  /** Enters the interrupt handler, which counts as one step. */
  takeInterrupt(cause: number): void {
    this.core.takeInterrupt(cause);
  }

  /** Counts a step that retires no instruction. */
  countUnretiredStep(): void {
    this.slots[WORD.NOT_RETIRED >> 1]++;
  }

  /** The number of instructions retired up to the position. */
  retired(position: Position): number {
    return position - this.number(WORD.NOT_RETIRED);
  }

  /** Sets the offsets that are added to the position to compute the `time` CSR. */
  setClock(clock: { offsetNanoseconds: number; tickDelta: bigint }): void {
    this.setNumber(WORD.CLOCK_OFFSET, clock.offsetNanoseconds);
    this.slots[WORD.TICK_DELTA >> 1] = clock.tickDelta;
  }

  /**
   * The value that M-mode reads from a CSR at a position; undefined if the CSR does not exist. Reading the value has no
   * side effects and is also allowed at a breakpoint during a run.
   */
  readCsr(number: number, position: Position): bigint | undefined {
    const [privilege, status] = [this.slot('PRIVILEGE'), this.slot('MSTATUS')];
    const run = { end: this.number(WORD.STEPS_END), budget: this.words[WORD.BUDGET] };
    this.setNumber(WORD.STEPS_END, position + 1);
    this.words[WORD.BUDGET] = 0;
    this.setSlot('PRIVILEGE', 3n);
    // Turn the floating-point unit on, because otherwise fflags, frm and fcsr could not be read.
    if (number >= 1 && number <= 3) this.setSlot('MSTATUS', status | BigInt(MSTATUS.FS));
    const value = BigInt.asUintN(64, this.core.csrRead(number));
    this.setSlot('PRIVILEGE', privilege);
    this.setSlot('MSTATUS', status);
    this.setNumber(WORD.STEPS_END, run.end);
    this.words[WORD.BUDGET] = run.budget;
    const exists = this.words[WORD.FAULT] === 0;
    this.words[WORD.FAULT] = 0;
    return exists ? value : undefined;
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  register(index: number): bigint {
    return this.slots[(REGISTERS >> 3) + index];
  }

  setRegister(index: number, value: bigint): void {
    if (index !== 0) this.slots[(REGISTERS >> 3) + index] = value;
  }

  /** All 64 bits of a floating-point register; a single-precision value is NaN-boxed. */
  float(index: number): bigint {
    return this.slots[(REGISTERS >> 3) + FLOAT_0 + index];
  }

  setFloat(index: number, value: bigint): void {
    this.slots[(REGISTERS >> 3) + FLOAT_0 + index] = value;
  }

  slot(name: SlotName): bigint {
    return this.slots[SLOT[name] >> 3];
  }

  setSlot(name: SlotName, value: bigint): void {
    this.slots[SLOT[name] >> 3] = value;
  }

  saveState(): State {
    const file = (first: number) => Array.from({ length: 32 }, (_, i) => this.slots[(REGISTERS >> 3) + first + i]);
    return HART_STATE.save({ registers: file(0), floats: file(FLOAT_0), ...forEachSlot((name) => this.slot(name)) });
  }

  loadState(state: State): void {
    const { registers, floats, ...slots } = HART_STATE.load(state);
    registers.forEach((value, i) => this.setRegister(i, value));
    floats.forEach((value, i) => this.setFloat(i, value));
    for (const name of STATE_SLOTS) this.setSlot(name, slots[name]);
    this.core.updateContexts();
    this.flushAll();
  }

  /**
   * Invalidates the first entry of each TLB, because in zeroed memory its tag of 0 would match page 0. In all other
   * entries a tag of 0 never matches.
   */
  private emptyTlbs(): void {
    const tags = new BigInt64Array(this.memory.buffer);
    for (let at = READ_TLB; at < FETCH_TLB; at += TLB_BYTES) tags[at >> 3] = -1n;
    for (let i = 0; i < FETCH_CONTEXTS; i++) tags[(FETCH_TLB + i * FETCH_CONTEXT_BYTES) >> 3] = -1n;
  }

  /** Flushes all TLBs, for restores and initialization. */
  flushAll(): void {
    const bytes = new Uint8Array(this.memory.buffer);
    bytes.fill(0xff, READ_TLB, FETCH_TLB + FETCH_CONTEXTS * FETCH_CONTEXT_BYTES);
    this.words[WORD.FLUSH_COUNT] = 0;
  }

  /** Writes the number as two halves. This does not require a BigInt and is exact below 2^53. */
  private setNumber(at: number, value: number): void {
    this.words[at] = value;
    this.words[at + 1] = Math.floor(value / 0x1_0000_0000);
  }

  private number(at: number): number {
    return (this.words[at] >>> 0) + this.words[at + 1] * 0x1_0000_0000;
  }
}

/** The offsets, in 32-bit words, of the slots that are accessed between runs. They are computed only once. */
const WORD = {
  ATTENTION: SLOT.ATTENTION >> 2,
  BUDGET: SLOT.BUDGET >> 2,
  CLOCK_OFFSET: SLOT.CLOCK_OFFSET >> 2,
  EXTENSIONS: SLOT.EXTENSIONS >> 2,
  FAULT: SLOT.FAULT >> 2,
  FETCH_CONTEXT: SLOT.FETCH_CONTEXT >> 2,
  FLUSH_COUNT: SLOT.FLUSH_COUNT >> 2,
  HAS_SV48: SLOT.HAS_SV48 >> 2,
  MIE: SLOT.MIE >> 2,
  MIP_LINES: SLOT.MIP_LINES >> 2,
  MIP_SOFTWARE: SLOT.MIP_SOFTWARE >> 2,
  NOT_RETIRED: SLOT.NOT_RETIRED >> 2,
  RAM_BYTES: SLOT.RAM_BYTES >> 2,
  RAM_START: SLOT.RAM_START >> 2,
  STEPS_END: SLOT.STEPS_END >> 2,
  TICK_DELTA: SLOT.TICK_DELTA >> 2,
  WAITING: SLOT.WAITING >> 2,
};

function memoryFor(ramBytes: number): WebAssembly.Memory {
  const initial = wasmPagesFor(ramBytes);
  try {
    return new WebAssembly.Memory({ initial });
  } catch {
    throw memoryNotGiven({ what: machineRam(), lengthBytes: ramBytes });
  }
}
