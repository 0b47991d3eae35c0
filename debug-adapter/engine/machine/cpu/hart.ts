import type { State } from '../../base/state.ts';
import type { Stateful } from '../../base/stateCodec.ts';
import type { Position } from '../../base/quantities.ts';
import type { Predicate } from '../../target/predicate.ts';
import { type CoreExports, coreMemory, instantiateCore } from './coreInstance.ts';
import { coreModule } from './coreModule.ts';
import type { CsrName } from './csr.ts';
import { DecodeCache } from './decodeCache.ts';
import { menvcfgAtReset } from './envcfg.ts';
import type { InstructionSet } from './extensions.ts';
import { forEachSlot, HART_STATE } from './hartState.ts';
import type { HartBus } from './hartBus.ts';
import { CSR_INDEX, FLOAT_0, RAM, RAM_BASE, REGISTERS, SLOT, type SlotName, STATE_SLOTS } from './layout.ts';
import { undoMarks } from './markedEntries.ts';
import { MSTATUS } from '../../isa/traps.ts';
import type { MmuType } from './satp.ts';
import { readNumber, WORD, writeNumber } from './slotWords.ts';
import { initializeTlbs, invalidateTlbs } from './tlbs.ts';
import { Translator } from './translator/translator.ts';

/** A summary of all watchpoints, for the generated code. */
export interface WatchedRange {
  /**
   * The offsets in RAM of the first watched word and of the end of the last one. The offsets are equal if no word is
   * watched.
   */
  start: number;
  end: number;
  /** Whether there is a watchpoint that reports every access, and not only changes. */
  everyAccess: boolean;
  /** Whether there is a watchpoint that reports reads. */
  reads: boolean;
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
    this.memory = coreMemory(options.memoryBytes);
    this.words = new Int32Array(this.memory.buffer, 0, CSR_INDEX / 4);
    this.slots = new BigUint64Array(this.memory.buffer, 0, CSR_INDEX / 8);
    this.decodeCache = new DecodeCache(this.memory, options.instructions, options.decodePoolPages);
    const { module, csrIndex, csrs } = coreModule();
    new Uint8Array(this.memory.buffer).set(csrIndex, CSR_INDEX);
    this.csrs = csrs;
    const { memory, decodeCache, memoryBytes: ramBytes } = this;
    this.core = instantiateCore(module, { memory, bus: options.bus, decodeCache, translator: () => this.translator });
    const { translationThreshold: threshold } = options;
    this.translator = new Translator({ memory, decodeCache, ramBytes, table: this.core.regions, threshold });
    this.decodeCache.connect(this.core, this.translator);
    writeNumber(this.words, WORD.RAM_START, RAM_BASE);
    writeNumber(this.words, WORD.RAM_BYTES, options.memoryBytes);
    this.words[WORD.EXTENSIONS] = options.instructions.bits;
    this.words[WORD.HAS_SV48] = options.mmu === 'sv48' ? 1 : 0;
    this.setSlot('MENVCFG', menvcfgAtReset(options.instructions));
    this.setSlot('PRIVILEGE', 3n);
    this.setSlot('STIMECMP', 0n);
    initializeTlbs(this.memory);
  }

  // --- running -------------------------------------------------------------------------------------------------------

  /**
   * Executes at most `budgetMax` steps from `position`; returns the number of steps executed, which may be
   * less than `budgetMax`, for example if a device sets ATTENTION.
   */
  run(position: Position, budgetMax: number): number {
    this.translator.prepareRun();
    const budget = Math.min(budgetMax, this.translator.stepsMax);
    this.words[WORD.ATTENTION] = 0;
    writeNumber(this.words, WORD.MARKED_POSITION, -1);
    writeNumber(this.words, WORD.STEPS_END, position + budget);
    this.words[WORD.BUDGET] = budget;
    const left = this.words[WORD.REGISTERS_WATCHED] > 0 ? this.core.runWatched(budget) : this.core.run(budget);
    this.translator.translatePending();
    // The core may have reduced STEPS_END during the run.
    const end = readNumber(this.words, WORD.STEPS_END) - left;
    if (readNumber(this.words, WORD.MARKED_POSITION) === end) {
      undoMarks(this.memory, this.core);
      this.flushAll();
    }
    return end - position;
  }

  get regionCount(): number {
    return this.translator.regionCount;
  }

  /** Replaces the breakpoints, which are at virtual addresses. The caller must flush the TLBs. */
  setBreakpoints(addresses: Iterable<bigint>, predicates?: ReadonlyMap<bigint, Predicate>): void {
    this.translator.breaksChanged(this.decodeCache.setBreakpoints(addresses, predicates));
  }

  /** Passes the summary of the watchpoints to the generated code. */
  setWatched({ start, end, everyAccess, reads }: WatchedRange): void {
    this.words[WORD.WATCHED_START] = RAM + start;
    this.words[WORD.WATCHED_BYTES] = end - start;
    this.words[WORD.ACCESSES_WATCHED] = everyAccess ? 1 : 0;
    this.translator.setWatched({ any: end > start, reads });
  }

  /** The position of the step in progress; valid only during `run`. */
  positionInRun(): Position {
    return readNumber(this.words, WORD.STEPS_END) - this.words[WORD.BUDGET] - 1;
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
    return position - readNumber(this.words, WORD.NOT_RETIRED);
  }

  /** Sets the offsets that are added to the position to compute the `time` CSR. */
  setClock(clock: { offsetNanoseconds: number; tickDelta: bigint }): void {
    writeNumber(this.words, WORD.CLOCK_OFFSET, clock.offsetNanoseconds);
    this.slots[WORD.TICK_DELTA >> 1] = clock.tickDelta;
  }

  /**
   * The value that M-mode reads from a CSR at a position; undefined if the CSR does not exist. Reading the value has no
   * side effects and is also allowed while a breakpoint or an exception is checked during a run.
   */
  readCsr(number: number, position: Position): bigint | undefined {
    const [privilege, status] = [this.slot('PRIVILEGE'), this.slot('MSTATUS')];
    const [cause, tval] = [this.slot('CAUSE'), this.slot('TVAL')];
    const run = { end: readNumber(this.words, WORD.STEPS_END), budget: this.words[WORD.BUDGET] };
    writeNumber(this.words, WORD.STEPS_END, position + 1);
    this.words[WORD.BUDGET] = 0;
    this.setSlot('PRIVILEGE', 3n);
    // Turn the floating-point unit on, because otherwise fflags, frm and fcsr could not be read.
    if (number >= 1 && number <= 3) this.setSlot('MSTATUS', status | BigInt(MSTATUS.FS));
    const value = BigInt.asUintN(64, this.core.csrRead(number));
    this.setSlot('PRIVILEGE', privilege);
    this.setSlot('MSTATUS', status);
    writeNumber(this.words, WORD.STEPS_END, run.end);
    this.words[WORD.BUDGET] = run.budget;
    const exists = this.words[WORD.FAULT] === 0;
    this.words[WORD.FAULT] = 0;
    this.setSlot('CAUSE', cause);
    this.setSlot('TVAL', tval);
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

  flushAll(): void {
    invalidateTlbs(this.memory);
    this.words[WORD.FLUSH_COUNT] = 0;
  }
}
