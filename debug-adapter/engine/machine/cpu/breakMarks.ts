import type { Predicate } from '../../target/predicate.ts';
import { BREAK_PAGES, BREAK_PAGES_BYTES } from './layout.ts';

/** A breakpoint check that generated code performs. */
export interface BreakCheck {
  /** The virtual address of the breakpoint. */
  address: bigint;
  /** If defined, the breakpoint is reached only while this predicate holds. */
  predicate: Predicate | undefined;
  /** Two checks have the same key only if their generated code is the same. */
  key: string;
}

const NO_CHECKS: readonly BreakCheck[] = [];

/**
 * The halfwords of RAM pages at which there are breakpoints. Breakpoints are set on virtual addresses. The RAM page
 * that contains a breakpoint's instruction is known only when the hart fetches from it, so pages are marked at that
 * time. After the breakpoints have changed, all fetch TLBs must be flushed, so that the next fetch from each page marks
 * it again.
 */
export class BreakMarks {
  /**
   * A bitmap for the core, indexed by the low bits of the virtual page number. A bit is set if any page whose number
   * has these low bits contains a breakpoint.
   */
  private filter: Uint8Array;
  /** The checks in each virtual page, indexed by virtual page number. */
  private wanted = new Map<bigint, BreakCheck[]>();
  /** Indexed by RAM page: the checks at each offset in the page. */
  private marked = new Map<number, Map<number, BreakCheck[]>>();
  /** A unique number for each predicate that has been set. */
  private predicateIds = new WeakMap<Predicate, number>();
  private predicates = 0;

  constructor(memory: WebAssembly.Memory) {
    this.filter = new Uint8Array(memory.buffer, BREAK_PAGES, BREAK_PAGES_BYTES);
  }

  /** Replaces the breakpoints. Returns the removed marks of each RAM page. */
  set(
    addresses: Iterable<bigint>,
    predicates: ReadonlyMap<bigint, Predicate> = new Map(),
  ): ReadonlyMap<number, ReadonlyMap<number, readonly BreakCheck[]>> {
    const before = this.marked;
    this.marked = new Map();
    this.wanted = new Map();
    this.filter.fill(0);
    for (const address of addresses) {
      // Instructions are at even addresses, so a breakpoint at an odd address is never reached.
      if ((address & 1n) === 1n) continue;
      const page = address >> 12n;
      const predicate = predicates.get(address);
      const check = { address, predicate, key: `${address.toString(16)}/${predicate ? this.idOf(predicate) : ''}` };
      const checks = this.wanted.get(page);
      if (checks) checks.push(check);
      else this.wanted.set(page, [check]);
      const bit = Number(page & BigInt(BREAK_PAGES_BYTES * 8 - 1));
      this.filter[bit >> 3] |= 1 << (bit & 7);
    }
    return before;
  }

  /** Marks the breakpoints of a virtual page in the RAM page that is mapped there. Returns the offsets of new marks. */
  fetched(va: bigint, ramPage: number): number[] {
    const checks = this.wanted.get(BigInt.asUintN(64, va) >> 12n);
    if (!checks) return [];
    let marks = this.marked.get(ramPage);
    if (!marks) this.marked.set(ramPage, (marks = new Map()));
    const added = new Set<number>();
    for (const check of checks) {
      const offset = Number(check.address & 0xfffn);
      const there = marks.get(offset) ?? [];
      if (there.includes(check)) continue;
      marks.set(offset, [...there, check]);
      added.add(offset);
    }
    return [...added];
  }

  /** The checks at an offset in a RAM page. */
  at(ramPage: number, offset: number): readonly BreakCheck[] {
    return this.marked.get(ramPage)?.get(offset) ?? NO_CHECKS;
  }

  /**
   * Describes the checks in a piece of code, which is given as halfwords of RAM pages. Code that was translated with
   * these checks remains valid as long as the description stays the same.
   */
  describe(code: ReadonlyMap<number, Uint8Array>): string {
    if (this.marked.size === 0) return '';
    const parts: string[] = [];
    for (const [page, halfwords] of code) {
      for (const [offset, checks] of this.marked.get(page) ?? []) {
        if (halfwords[offset >> 1]) parts.push(`${page}+${offset}:${checks.map(({ key }) => key).join()}`);
      }
    }
    return parts.sort().join(' ');
  }

  private idOf(predicate: Predicate): number {
    let id = this.predicateIds.get(predicate);
    if (id === undefined) this.predicateIds.set(predicate, (id = ++this.predicates));
    return id;
  }
}
