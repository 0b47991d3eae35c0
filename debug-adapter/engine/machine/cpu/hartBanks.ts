import { assert } from '../../base/assert.ts';
import type { Position } from '../../base/quantities.ts';
import type { State } from '../../base/state.ts';
import { ENVCFG } from './envcfg.ts';
import type { Hart } from './hart.ts';
import { BANK_WORDS, REGISTERS, REGISTER_COUNT, SLOT, type SlotName } from './layout.ts';
import { MSTATUS } from './mstatus.ts';

/** Read access to one hart, whether or not it is the current one. */
export type HartView = Pick<Hart, 'register' | 'float' | 'slot' | 'csrs' | 'readCsr'>;

export const HARTS_MAX = 8;

/**
 * Several harts on one core. Generated code uses fixed addresses, so each hart has a context, a copy of its state, and
 * the current hart's state is loaded at those addresses. A context switch copies a kilobyte twice, and flushes the TLBs
 * only if the two harts translate addresses differently.
 */
export class HartBanks {
  readonly hart: Hart;
  readonly count: number;
  /** The current hart. */
  private selected = 0;
  /** The state at the core's fixed addresses, which belongs to the current hart. */
  private live: BigUint64Array;
  /** The saved contexts of the other harts; the current hart's entry is stale. */
  private banks: BigUint64Array[];
  private awaySince: Position[];
  /**
   * The satp, MXR and PBMTE under which the paged translations in the TLBs were made: those of the last hart that
   * translated.
   */
  private translatedBy = 0n;

  /** `hart` must be in its initial state, which all harts start from. */
  constructor(hart: Hart, count: number) {
    assert(count >= 1 && count <= HARTS_MAX, 'a machine has one to eight harts');
    this.hart = hart;
    this.count = count;
    this.live = new BigUint64Array(hart.memory.buffer, REGISTERS, BANK_WORDS);
    this.banks = Array.from({ length: count }, (_, i) => {
      const bank = this.live.slice();
      bank[wordOf('HARTID')] = BigInt(i);
      return bank;
    });
    this.awaySince = new Array<Position>(count).fill(0);
  }

  get current(): number {
    return this.selected;
  }

  /**
   * Makes a hart current, between two steps. The steps that other harts executed in the meantime count as not retired
   * by it.
   */
  select(index: number, position: Position): void {
    if (index === this.selected) return;
    const { live, banks } = this;
    const before = banks[this.selected];
    before.set(live);
    this.awaySince[this.selected] = position;
    live.set(banks[index]);
    live[NOT_RETIRED] += BigInt(position - this.awaySince[index]);
    this.selected = index;
    this.forgetTranslations(before);
  }

  /**
   * Whether the hart waits in WFI. `enabled` and `softwarePending` are its mie and the bits of mip that software set.
   */
  waits(index: number): boolean {
    return this.word(index, WAITING) !== 0n;
  }

  /** Ends the wait, whether or not an interrupt is pending. */
  wake(index: number): void {
    (index === this.selected ? this.live : this.banks[index])[WAITING] = 0n;
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
    if (index === this.selected) return this.hart.retired(position);
    return this.awaySince[index] - Number(this.banks[index][NOT_RETIRED]);
  }

  /** Read access to a hart without a context switch; valid until the next step. */
  view(index: number, position: Position): HartView {
    const { hart } = this;
    if (index === this.selected) return hart;
    return {
      csrs: hart.csrs,
      register: (number) => this.as(index, position, () => hart.register(number)),
      float: (number) => this.as(index, position, () => hart.float(number)),
      slot: (name) => this.as(index, position, () => hart.slot(name)),
      readCsr: (number, at) => this.as(index, position, () => hart.readCsr(number, at)),
    };
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  saveState(index: number, position: Position): State {
    return this.as(index, position, () => this.hart.saveState());
  }

  /** Loads the states of all harts, in order, and makes `current` the current one. */
  loadStates(states: readonly State[], { current, position }: { current: number; position: Position }): void {
    const order = [...states.keys()].filter((index) => index !== current).concat(current);
    for (const index of order) {
      this.select(index, position);
      this.hart.loadState(states[index]);
    }
    this.awaySince.fill(position);
  }

  // --- helpers -------------------------------------------------------------------------------------------------------

  private word(index: number, at: number): bigint {
    return (index === this.selected ? this.live : this.banks[index])[at];
  }

  /**
   * Runs `look` with a hart's context loaded temporarily. `look` must only read; it must not create or flush
   * translations.
   */
  private as<T>(index: number, position: Position, look: () => T): T {
    if (index === this.selected) return look();
    const kept = this.live.slice();
    this.live.set(this.banks[index]);
    this.live[NOT_RETIRED] += BigInt(position - this.awaySince[index]);
    try {
      return look();
    } finally {
      this.live.set(kept);
    }
  }

  /**
   * Flushes translations after a context switch, if necessary. Untranslated TLB contexts depend only on PMP. Paged ones
   * depend on satp, MXR and PBMTE. They stay valid while a hart that does not translate runs, because changes of these
   * registers flush the TLBs anyway.
   */
  private forgetTranslations(before: BigUint64Array): void {
    const { live, hart } = this;
    if (translates(before)) this.translatedBy = translationKey(before);
    if (PMP_WORDS.some((word) => before[word] !== live[word])) hart.flushAll();
    else if (translates(live) && translationKey(live) !== this.translatedBy) hart.core.flushPaged();
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

const translates = (bank: BigUint64Array): boolean => bank[SATP] >> 60n !== 0n;

const translationKey = (bank: BigUint64Array): bigint => {
  const makesReadable = (bank[STATUS] / BigInt(MSTATUS.MXR)) & 1n;
  const hasTypes = (bank[MENVCFG] / ENVCFG.PBMTE) & 1n;
  return (bank[SATP] << 2n) | (makesReadable << 1n) | hasTypes;
};

assert(wordOf('PC') > REGISTER_COUNT && wordOf('PMPADDR15') === BANK_WORDS - 1, 'a hart context is contiguous');
