import type { NameHash } from './nameHash.ts';

/**
 * Assigns consecutive numbers to 64-bit hashes, in the order in which the hashes are first seen. The hashes are stored
 * in a hash table with open addressing.
 */
export class HashNumbers {
  /** The two halves of the hash in each slot. */
  high = new Uint32Array(1 << 12);
  low = new Uint32Array(1 << 12);
  /** For each slot: the number of the hash, plus 1; 0 in an unused slot. The size is a power of two. */
  slots = new Uint32Array(1 << 12);
  private count = 0;
  /** The two halves of each hash, indexed by the hash's number. */
  private highOf = new Uint32Array(1 << 11);
  private lowOf = new Uint32Array(1 << 11);

  numberOf(high: number, low: number): number {
    const mask = this.slots.length - 1;
    let slot = low & mask;
    while (this.slots[slot] !== 0) {
      if (this.high[slot] === high && this.low[slot] === low) return this.slots[slot] - 1;
      slot = (slot + 1) & mask;
    }
    const number = this.count++;
    this.high[slot] = high;
    this.low[slot] = low;
    this.slots[slot] = number + 1;
    if (number >= this.highOf.length) {
      this.highOf = grown(this.highOf);
      this.lowOf = grown(this.lowOf);
    }
    this.highOf[number] = high;
    this.lowOf[number] = low;
    if (this.count * 2 > this.slots.length) this.grow();
    return number;
  }

  hash(number: number): NameHash {
    return { high: this.highOf[number], low: this.lowOf[number] };
  }

  private grow(): void {
    const size = this.slots.length * 2;
    this.high = new Uint32Array(size);
    this.low = new Uint32Array(size);
    this.slots = new Uint32Array(size);
    for (let number = 0; number < this.count; number++) {
      let slot = this.lowOf[number] & (size - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.high[slot] = this.highOf[number];
      this.low[slot] = this.lowOf[number];
      this.slots[slot] = number + 1;
    }
  }
}

/** A copy of an array with twice its length. */
export function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
