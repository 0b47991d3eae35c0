import { assert } from '../../base/assert.ts';
import type { Position } from '../../base/quantities.ts';
import type { State } from '../../base/state.ts';
import { ENVCFG } from './envcfg.ts';
import type { Hart } from './hart.ts';
import { BANK_WORDS, REGISTERS, REGISTER_COUNT, SLOT, type SlotName } from './layout.ts';
import { MSTATUS } from './mstatus.ts';

/**
 * Several harts on one core: generated code names fixed addresses, so each hart has a bank, a copy of all that is its
 * own there, and the one whose turn it is has it in place. Selecting another costs two copies of a kilobyte, and the
 * translations in the TLBs only where the two harts do not translate alike.
 */
export type HartView = Pick<Hart, 'register' | 'float' | 'slot' | 'csrs' | 'readCsr'>;

export const HARTS_MAX = 8;

export class HartBanks {
  readonly hart: Hart;
  readonly count: number;
  /** The hart that is in place. */
  private selected = 0;
  /** In place: of the selected hart. */
  private live: BigUint64Array;
  /** The others', as they were when they were put aside; the selected hart's own is stale. */
  private banks: BigUint64Array[];
  private awaySince: Position[];
  /** By what the paged translations in the TLBs were made: satp, MXR and PBMTE of the last hart that had any. */
  private translatedBy = 0n;

  /** Before anything has happened in the hart: all are as this one. */
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

  /** Puts a hart in place, between two steps. While it was away the steps of others did not retire anything of its. */
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

  /** Whether a hart waits, and which interrupts it has enabled and made pending itself (bits of mip). */
  waits(index: number): boolean {
    return this.word(index, WAITING) !== 0n;
  }

  /** It waits no longer, whatever is pending. */
  wake(index: number): void {
    (index === this.selected ? this.live : this.banks[index])[WAITING] = 0n;
  }

  enabled(index: number): number {
    return Number(this.word(index, MIE));
  }

  softwarePending(index: number): number {
    return Number(this.word(index, MIP_SOFTWARE));
  }

  /** The S-mode timer (Sstc): its compare value while menvcfg enables it. */
  supervisorTimeCompare(index: number): bigint | undefined {
    return this.word(index, MENVCFG) >> 63n ? this.word(index, STIMECMP) : undefined;
  }

  /** Instructions that all of them retired, given the position. */
  retired(position: Position): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.retiredBy(i, position);
    return sum;
  }

  /** The same, of one of them. */
  retiredBy(index: number, position: Position): number {
    if (index === this.selected) return this.hart.retired(position);
    return this.awaySince[index] - Number(this.banks[index][NOT_RETIRED]);
  }

  /** To look at a hart without moving anything; good until the next step. */
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

  /** Of all harts, in order; `current` is the one to be in place. */
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

  /** What `look` sees with a hart in place. It must only look: no translation is made or dropped. */
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
   * After a change of harts. Untranslated contexts depend on PMP alone. Paged ones are made with satp, MXR and
   * PBMTE, and a hart that translates nothing leaves them be: what it changes itself flushes by itself.
   */
  private forgetTranslations(before: BigUint64Array): void {
    const { live, hart } = this;
    if (translates(before)) this.translatedBy = translationKey(before);
    if (PMP_WORDS.some((word) => before[word] !== live[word])) hart.flushAll();
    else if (translates(live) && translationKey(live) !== this.translatedBy) hart.core.flushPaged();
  }
}

/** Where a slot is in a bank. */
const wordOf = (name: SlotName): number => (SLOT[name] - REGISTERS) >> 3;

// Looked up once: these are asked for at each boundary.
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

assert(wordOf('PC') > REGISTER_COUNT && wordOf('PMPADDR15') === BANK_WORDS - 1, 'a bank is one piece');
