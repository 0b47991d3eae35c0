import { grown, HashNumbers } from './hashNumbers.ts';
import { combined, hashBytes, KIND_NUMBER, lookupHash, type NameHash, type NameKind } from './nameHash.ts';

/**
 * Maps names to the units that may define them (or use them, for source files), using only a few bytes per name. The
 * table contains hints: a lookup reads the units to check whether they define the name. For each name, the table must
 * list every unit that defines the name. Types and enumerators are an exception: units that include the same header
 * define the same types, so the first `UNITS_PER_TYPE_MAX` units are sufficient. Because types in different scopes can
 * have the same name, a type or enumerator in a named scope is also listed under its name with the innermost scope
 * (`Box::Inner`).
 */
export class NameTable {
  readonly arrays: NameTableArrays;

  constructor(arrays: NameTableArrays) {
    this.arrays = arrays;
  }

  /** The indexes of the units, in ascending order. The name may be qualified. */
  unitsOf(kind: NameKind, name: string): number[] {
    const { high, low, starts, ends, units, unreadable } = this.arrays;
    const hash = lookupHash(kind, name);
    const mask = high.length - 1;
    for (let slot = hash.low & mask, tries = 0; ends[slot] > 0 && tries <= mask; slot = (slot + 1) & mask, tries++) {
      if (high[slot] !== hash.high || low[slot] !== hash.low) continue;
      return merge(units.subarray(starts[slot], ends[slot]), unreadable);
    }
    return [...unreadable];
  }
}

/** The contents of a table: a hash table with open addressing, whose size is a power of two. */
export interface NameTableArrays {
  high: Uint32Array;
  low: Uint32Array;
  /**
   * For each slot, where the entries of the name in `units` start and end (exclusive). The end is 0 in an unused slot.
   */
  starts: Uint32Array;
  ends: Uint32Array;
  units: Uint32Array;
  /** Units whose names could not be read; they may define any name. */
  unreadable: Uint32Array;
}

export const UNITS_PER_TYPE_MAX = 16;

/** The hashes of a named scope: of its last component (`Box` in `ns::Box`), and of the qualified name. */
export interface NamedScope {
  innermost: NameHash;
  whole: NameHash;
}

/**
 * Builds a name table. A name's units are added in ascending order, unless the name is found only after all units have
 * been scanned.
 */
export class NameTableBuilder {
  private readonly names = new HashNumbers();
  /** For each name: its last entry in `units`, and the number of its entries. */
  private last = new Uint32Array(1 << 11);
  private counts = new Uint32Array(1 << 11);
  /** The qualified names of types and enumerators in named scopes, and how many entries each of them has. */
  private readonly qualified = new HashNumbers();
  private qualifiedCounts = new Uint32Array(1 << 11);
  /**
   * The entries of a name form a linked list. Each entry consists of a unit and a link to the previous entry. Entry 0
   * is unused.
   */
  private units = new Uint32Array(1 << 12);
  private previous = new Uint32Array(1 << 12);
  private entryCount = 1;
  private readonly unreadable: number[] = [];

  /** The number of a name. It stays the same until `finish` is called. */
  nameOf(bytes: Uint8Array, start: number, end: number, kind: number): number {
    const { high, low } = hashBytes(bytes, start, end, kind);
    return this.numberOf(high, low);
  }

  add(name: number, unit: number, kind: number): void {
    if (isCapped(kind) && this.counts[name] >= UNITS_PER_TYPE_MAX) return;
    this.addEntry(name, unit);
  }

  /**
   * Adds a type or enumerator under its name with the innermost scope. The limit on the number of units applies to the
   * qualified name, because `a::Box::Inner` and `b::Box::Inner` have the same key.
   */
  addScoped(name: number, unit: number, scope: NamedScope): void {
    const hash = this.names.hash(name);
    const pair = combined(scope.innermost, hash);
    const number = this.numberOf(pair.high, pair.low);
    if (this.last[number] !== 0 && this.units[this.last[number]] === unit) return;
    const whole = combined(scope.whole, hash);
    const qualified = this.qualified.numberOf(whole.high, whole.low);
    if (qualified >= this.qualifiedCounts.length) this.qualifiedCounts = grown(this.qualifiedCounts);
    if (this.qualifiedCounts[qualified] >= UNITS_PER_TYPE_MAX) return;
    this.qualifiedCounts[qualified]++;
    this.addEntry(number, unit);
  }

  /** A named scope inside another one, or at the top level of a unit. */
  scope(name: number, outer: NamedScope | undefined): NamedScope {
    const innermost = this.names.hash(name);
    return { innermost, whole: outer ? combined(outer.whole, innermost) : innermost };
  }

  addUnreadable(unit: number): void {
    if (this.unreadable[this.unreadable.length - 1] !== unit) this.unreadable.push(unit);
  }

  private numberOf(high: number, low: number): number {
    const name = this.names.numberOf(high, low);
    if (name >= this.last.length) {
      this.last = grown(this.last);
      this.counts = grown(this.counts);
    }
    return name;
  }

  private addEntry(name: number, unit: number): void {
    const last = this.last[name];
    if (last !== 0 && this.units[last] === unit) return;
    const entry = this.entryCount++;
    if (entry >= this.units.length) {
      this.units = grown(this.units);
      this.previous = grown(this.previous);
    }
    this.units[entry] = unit;
    this.previous[entry] = last;
    this.last[name] = entry;
    this.counts[name]++;
  }

  finish(): NameTable {
    const { high, low, slots } = this.names;
    const size = slots.length;
    const starts = new Uint32Array(size);
    const ends = new Uint32Array(size);
    const units = new Uint32Array(this.entryCount);
    // Entry 0 stays unused, so the end of a name's entries is never 0.
    let next = 1;
    for (let slot = 0; slot < size; slot++) {
      if (slots[slot] === 0) continue;
      const name = slots[slot] - 1;
      starts[slot] = next;
      next += this.counts[name];
      ends[slot] = next;
      for (let entry = this.last[name], at = next - 1; entry !== 0; entry = this.previous[entry]) {
        units[at--] = this.units[entry];
      }
    }
    return new NameTable({ high, low, starts, ends, units, unreadable: Uint32Array.from(this.unreadable) });
  }
}

const isCapped = (kind: number) => kind === KIND_NUMBER.type || kind === KIND_NUMBER.enumerator;

/**
 * Combines two lists of units and sorts them. `units` may be unsorted, because the names of definitions that complete
 * an entry of another unit are added last.
 */
function merge(units: Uint32Array, unreadable: Uint32Array): number[] {
  return [...new Set([...units, ...unreadable])].sort((a, b) => a - b);
}
