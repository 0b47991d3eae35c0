import { assert } from '../../base/assert.ts';
import { HARTS_MAX } from '../../base/limits.ts';
import type { Position } from '../../base/quantities.ts';
import type { State } from '../../base/state.ts';
import { ENVCFG } from './envcfg.ts';
import type { Hart } from './hart.ts';
import { CONTEXT_WORDS, FLOAT_0, REGISTERS, REGISTER_COUNT, SLOT, type SlotName } from './layout.ts';
import { MSTATUS } from '../../isa/traps.ts';

/** Read access to one hart, even if it is not the current hart. */
export type HartView = Pick<Hart, 'register' | 'float' | 'slot' | 'csrs' | 'readCsr'>;

/**
 * Runs several harts on one core. Generated code uses fixed addresses for the state of the current hart. The state of
 * every other hart is kept in a separate copy, called the hart's context. A context switch copies one kilobyte twice,
 * and flushes the TLBs only if the two harts translate addresses differently.
 */
export class HartContexts {
  readonly hart: Hart;
  readonly count: number;
  private currentIndex = 0;
  /** The state at the core's fixed addresses, which belongs to the current hart. */
  private liveState: BigUint64Array;
  /** The saved contexts of the other harts; the current hart's entry is stale. */
  private contexts: BigUint64Array[];
  private switchedOutAt: Position[];
  /**
   * The values of satp, MXR and PBMTE that were in effect when the paged translations in the TLBs were created. They
   * belong to the last hart that translated addresses.
   */
  private translationKeyInTlbs = 0n;

  /** `hart` must be in its initial state, because every hart starts from a copy of this state. */
  constructor(hart: Hart, count: number) {
    assert(count >= 1 && count <= HARTS_MAX, 'the number of harts is within the limits');
    this.hart = hart;
    this.count = count;
    this.liveState = new BigUint64Array(hart.memory.buffer, REGISTERS, CONTEXT_WORDS);
    this.contexts = Array.from({ length: count }, (_, i) => {
      const context = this.liveState.slice();
      context[wordOf('HARTID')] = BigInt(i);
      return context;
    });
    this.switchedOutAt = new Array<Position>(count).fill(0);
  }

  get current(): number {
    return this.currentIndex;
  }

  /**
   * Makes a hart current; may be called only between two steps. The steps that other harts executed in the meantime do
   * not count as instructions retired by this hart.
   */
  select(index: number, position: Position): void {
    if (index === this.currentIndex) return;
    const { liveState, contexts } = this;
    const before = contexts[this.currentIndex];
    before.set(liveState);
    this.switchedOutAt[this.currentIndex] = position;
    liveState.set(contexts[index]);
    liveState[NOT_RETIRED] += BigInt(position - this.switchedOutAt[index]);
    this.currentIndex = index;
    this.flushStaleTranslations(before);
  }

  /**
   * Whether the hart is waiting in WFI. `enabled` is the hart's mie, and `softwarePending` contains the mip bits set by
   * software.
   */
  isWaiting(index: number): boolean {
    return this.word(index, WAITING) !== 0n;
  }

  /** Ends the wait, whether or not an interrupt is pending. */
  wake(index: number): void {
    (index === this.currentIndex ? this.liveState : this.contexts[index])[WAITING] = 0n;
  }

  enabled(index: number): number {
    return Number(this.word(index, MIE));
  }

  softwarePending(index: number): number {
    return Number(this.word(index, MIP_SOFTWARE));
  }

  /** The compare value of the S-mode timer (Sstc); undefined unless menvcfg enables it. */
  supervisorTimeCompare(index: number): bigint | undefined {
    return this.word(index, MENVCFG) >> 63n ? this.word(index, STIMECMP) : undefined;
  }

  /** An integer register of a hart. */
  register(index: number, register: number): bigint {
    return this.word(index, register);
  }

  /** All 64 bits of a floating-point register of a hart. */
  float(index: number, register: number): bigint {
    return this.word(index, FLOAT_0 + register);
  }

  /** The number of instructions retired by all harts up to the position. */
  retired(position: Position): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.retiredBy(i, position);
    return sum;
  }

  /** The number of instructions retired by one hart up to the position. */
  retiredBy(index: number, position: Position): number {
    if (index === this.currentIndex) return this.hart.retired(position);
    return this.switchedOutAt[index] - Number(this.contexts[index][NOT_RETIRED]);
  }

  /** Read access to a hart without a context switch; valid until the next step. */
  view(index: number, position: Position): HartView {
    const { hart } = this;
    if (index === this.currentIndex) return hart;
    return {
      csrs: hart.csrs,
      register: (number) => this.withHart(index, position, () => hart.register(number)),
      float: (number) => this.withHart(index, position, () => hart.float(number)),
      slot: (name) => this.withHart(index, position, () => hart.slot(name)),
      readCsr: (number, at) => this.withHart(index, position, () => hart.readCsr(number, at)),
    };
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  saveState(index: number, position: Position): State {
    return this.withHart(index, position, () => this.hart.saveState());
  }

  /** Loads the states of all harts, in order, and makes `current` the current hart. */
  loadStates(states: readonly State[], { current, position }: { current: number; position: Position }): void {
    const order = [...states.keys()].filter((index) => index !== current).concat(current);
    for (const index of order) {
      this.select(index, position);
      this.hart.loadState(states[index]);
    }
    this.switchedOutAt.fill(position);
  }

  // --- helpers -------------------------------------------------------------------------------------------------------

  private word(index: number, at: number): bigint {
    return (index === this.currentIndex ? this.liveState : this.contexts[index])[at];
  }

  /**
   * Calls `read` with a hart's context loaded temporarily. `read` must not change anything, and must not create or
   * flush translations.
   */
  private withHart<T>(index: number, position: Position, read: () => T): T {
    if (index === this.currentIndex) return read();
    const saved = this.liveState.slice();
    this.liveState.set(this.contexts[index]);
    this.liveState[NOT_RETIRED] += BigInt(position - this.switchedOutAt[index]);
    try {
      return read();
    } finally {
      this.liveState.set(saved);
    }
  }

  /**
   * Flushes translations after a context switch, if necessary. Untranslated TLB contexts depend only on PMP. Paged TLB
   * contexts depend on satp, MXR and PBMTE. Paged contexts stay valid while a hart without address translation runs,
   * because every change to these registers flushes the TLBs anyway.
   */
  private flushStaleTranslations(before: BigUint64Array): void {
    const { liveState, hart } = this;
    if (translates(before)) this.translationKeyInTlbs = translationKey(before);
    if (PMP_WORDS.some((word) => before[word] !== liveState[word])) hart.flushAll();
    else if (translates(liveState) && translationKey(liveState) !== this.translationKeyInTlbs) hart.core.flushPaged();
  }
}

/** The index of a slot in a saved context. */
const wordOf = (name: SlotName): number => (SLOT[name] - REGISTERS) >> 3;

// These indexes are computed only once, because the slots are read at every step boundary.
const WAITING = wordOf('WAITING');
const MIE = wordOf('MIE');
const MIP_SOFTWARE = wordOf('MIP_SOFTWARE');
const NOT_RETIRED = wordOf('NOT_RETIRED');
const MENVCFG = wordOf('MENVCFG');
const STIMECMP = wordOf('STIMECMP');
const SATP = wordOf('SATP');
const STATUS = wordOf('MSTATUS');

const PMP_WORDS = (Object.keys(SLOT) as SlotName[]).filter((name) => name.startsWith('PMP')).map(wordOf);

const translates = (context: BigUint64Array): boolean => context[SATP] >> 60n !== 0n;

const translationKey = (context: BigUint64Array): bigint => {
  const makesReadable = (context[STATUS] / BigInt(MSTATUS.MXR)) & 1n;
  const hasTypes = (context[MENVCFG] / ENVCFG.PBMTE) & 1n;
  return (context[SATP] << 2n) | (makesReadable << 1n) | hasTypes;
};

assert(wordOf('PC') > REGISTER_COUNT && wordOf('PMPADDR15') === CONTEXT_WORDS - 1, 'a hart context is contiguous');
