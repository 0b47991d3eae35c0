import { fileKey, hashBytes, KIND_NUMBER, nameKey, type NameKind } from './nameHash.ts';

/**
 * Maps names to the units that may define them (or use them, for source files), in a few bytes per name. The table
 * contains hints: a lookup reads the units to check whether they define the name. For each name, the table must list
 * every unit that defines the name. Types and enumerators are an exception: units that include the same header define
 * the same types, so the first `UNITS_PER_TYPE_MAX` units are sufficient.
 */
export class NameTable {
  readonly arrays: NameTableArrays;

  constructor(arrays: NameTableArrays) {
    this.arrays = arrays;
  }

  /** The indexes of the units, in ascending order. */
  unitsOf(kind: NameKind, name: string): number[] {
    const { high, low, starts, ends, units, unreadable } = this.arrays;
    const key = encoder.encode(kind === 'file' ? fileKey(name) : nameKey(name));
    const hash = hashBytes(key, 0, key.length, KIND_NUMBER[kind]);
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

/**
 * Builds a name table. The units are added in ascending order, except for the units of names that are found only after
 * all units have been scanned.
 */
export class NameTableBuilder {
  private high = new Uint32Array(1 << 12);
  private low = new Uint32Array(1 << 12);
  /** For each slot: the number of the name, plus 1; 0 in an unused slot. */
  private slots = new Uint32Array(1 << 12);
  private nameCount = 0;
  /** For each name: its last entry in `units`, and the number of its entries. */
  private last = new Uint32Array(1 << 11);
  private counts = new Uint32Array(1 << 11);
  /** The entries of a name form a linked list: the unit, and the previous entry. Entry 0 is unused. */
  private units = new Uint32Array(1 << 12);
  private previous = new Uint32Array(1 << 12);
  private entryCount = 1;
  private readonly unreadable: number[] = [];

  /** The number of a name. It stays the same until `finish` is called. */
  nameOf(bytes: Uint8Array, start: number, end: number, kind: number): number {
    const { high, low } = hashBytes(bytes, start, end, kind);
    const mask = this.slots.length - 1;
    let slot = low & mask;
    while (this.slots[slot] !== 0) {
      if (this.high[slot] === high && this.low[slot] === low) return this.slots[slot] - 1;
      slot = (slot + 1) & mask;
    }
    this.high[slot] = high;
    this.low[slot] = low;
    const name = this.nameCount++;
    this.slots[slot] = name + 1;
    if (name >= this.last.length - 1) {
      this.last = grown(this.last);
      this.counts = grown(this.counts);
    }
    if (this.nameCount * 2 > this.slots.length) this.growSlots();
    return name;
  }

  add(name: number, unit: number, kind: number): void {
    const last = this.last[name];
    if (last !== 0 && this.units[last] === unit) return;
    if (isCapped(kind) && this.counts[name] >= UNITS_PER_TYPE_MAX) return;
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

  addUnreadable(unit: number): void {
    if (this.unreadable[this.unreadable.length - 1] !== unit) this.unreadable.push(unit);
  }

  finish(): NameTable {
    const size = this.slots.length;
    const starts = new Uint32Array(size);
    const ends = new Uint32Array(size);
    const units = new Uint32Array(this.entryCount);
    // Entry 0 stays unused, so the end of a name's entries is never 0.
    let next = 1;
    for (let slot = 0; slot < size; slot++) {
      if (this.slots[slot] === 0) continue;
      const name = this.slots[slot] - 1;
      starts[slot] = next;
      next += this.counts[name];
      ends[slot] = next;
      for (let entry = this.last[name], at = next - 1; entry !== 0; entry = this.previous[entry]) {
        units[at--] = this.units[entry];
      }
    }
    const { high, low } = this;
    return new NameTable({ high, low, starts, ends, units, unreadable: Uint32Array.from(this.unreadable) });
  }

  private growSlots(): void {
    const { high, low, slots } = this;
    const size = slots.length * 2;
    this.high = new Uint32Array(size);
    this.low = new Uint32Array(size);
    this.slots = new Uint32Array(size);
    for (let old = 0; old < slots.length; old++) {
      if (slots[old] === 0) continue;
      let slot = low[old] & (size - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.high[slot] = high[old];
      this.low[slot] = low[old];
      this.slots[slot] = slots[old];
    }
  }
}

const isCapped = (kind: number) => kind === KIND_NUMBER.type || kind === KIND_NUMBER.enumerator;

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/**
 * Combines two lists of units and sorts them. `units` may be unsorted, because the names of definitions that complete
 * an entry of another unit are added last.
 */
function merge(units: Uint32Array, unreadable: Uint32Array): number[] {
  return [...new Set([...units, ...unreadable])].sort((a, b) => a - b);
}

const encoder = new TextEncoder();
