import { assert } from '../../base/assert.ts';
import type { Position } from '../../base/quantities.ts';
import type { State } from '../../base/state.ts';
import { ENVCFG } from './envcfg.ts';
import type { Hart } from './hart.ts';
import { CONTEXT_WORDS, REGISTERS, REGISTER_COUNT, SLOT, type SlotName } from './layout.ts';
import { MSTATUS } from './mstatus.ts';

/** Read access to one hart, whether or not it is the current one. */
export type HartView = Pick<Hart, 'register' | 'float' | 'slot' | 'csrs' | 'readCsr'>;

export const HARTS_MAX = 8;

/**
 * Several harts on one core. Generated code uses fixed addresses, so each hart has a context, a copy of its state, and
 * the current hart's state is loaded at those addresses. A context switch copies a kilobyte twice, and flushes the TLBs
 * only if the two harts translate addresses differently.
 */
export class HartContexts {
  readonly hart: Hart;
  readonly count: number;
  /** The current hart. */
  private currentIndex = 0;
  /** The state at the core's fixed addresses, which belongs to the current hart. */
  private liveState: BigUint64Array;
  /** The saved contexts of the other harts; the current hart's entry is stale. */
  private contexts: BigUint64Array[];
  private switchedOutAt: Position[];
  /**
   * The satp, MXR and PBMTE under which the paged translations in the TLBs were made: those of the last hart that
   * translated.
   */
  private translationKeyInTlbs = 0n;

  /** `hart` must be in its initial state, which all harts start from. */
  constructor(hart: Hart, count: number) {
    assert(count >= 1 && count <= HARTS_MAX, 'a machine has one to eight harts');
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
   * Makes a hart current, between two steps. The steps that other harts executed in the meantime count as not retired
   * by it.
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
   * Whether the hart waits in WFI. `enabled` and `softwarePending` are its mie and the bits of mip that software set.
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

  /** The number of instructions retired by all harts, given the position. */
  retired(position: Position): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.retiredBy(i, position);
    return sum;
  }

  /** The number of instructions retired by one hart, given the position. */
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

  /** Loads the states of all harts, in order, and makes `current` the current one. */
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
   * Runs `look` with a hart's context loaded temporarily. `look` must only read; it must not create or flush
   * translations.
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
   * Flushes translations after a context switch, if necessary. Untranslated TLB contexts depend only on PMP. Paged ones
   * depend on satp, MXR and PBMTE. They stay valid while a hart that does not translate runs, because changes of these
   * registers flush the TLBs anyway.
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

// Computed once, because these are read at each boundary.
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
