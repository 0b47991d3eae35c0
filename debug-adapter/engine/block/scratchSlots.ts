import { assert } from '../base/assert.ts';

/**
 * Allocates the slots of a scratch file and counts the owners of each slot. A slot without owners is free, and free
 * slots are reused, starting with the lowest. The clusters of one write get contiguous slots in the lowest free run
 * that is long enough. The write is split across several shorter runs only if much of the file is free.
 */
export class ScratchSlots {
  /** The memory used by all maps that use these slots, in bytes. */
  mapBytes = 0;
  private owners = new Uint32Array(256);
  private usedSlots = 0;
  private endSlot = 0;
  /** Element `n` is the slot at which a search for 2^n contiguous free slots starts: no such run starts before it. */
  private readonly searchFrom = new Array<number>(LEVELS).fill(0);

  /** The number of slots that have an owner. */
  get used(): number {
    return this.usedSlots;
  }

  /** The number of the slot after the last one in use: this slot and all later slots are free. */
  get end(): number {
    return this.endSlot;
  }

  referencesTo(slot: number): number {
    return slot < this.endSlot ? this.owners[slot] : 0;
  }

  addOwner(slot: number): void {
    if (slot >= this.owners.length) this.grow(slot + 1);
    if (this.owners[slot]++ > 0) return;
    this.usedSlots++;
    this.endSlot = Math.max(this.endSlot, slot + 1);
  }

  removeOwner(slot: number): void {
    assert(this.referencesTo(slot) > 0, `slot ${slot} has an owner`);
    if (--this.owners[slot] > 0) return;
    this.usedSlots--;
    for (let level = 0; level < LEVELS; level++) {
      const first = Math.max(0, slot + 1 - 2 ** level);
      if (first < this.searchFrom[level]) this.searchFrom[level] = first;
    }
    while (this.endSlot > 0 && this.owners[this.endSlot - 1] === 0) this.endSlot--;
  }

  /** Finds up to `wanted` contiguous free slots. The slots stay free until they get an owner. */
  findFree(wanted: number): { first: number; count: number } {
    const count = Math.min(wanted, RUN_MAX);
    const free = this.endSlot - this.usedSlots;
    if (free >= count) {
      const first = this.firstWindow(count);
      if (first !== undefined) return { first, count };
    }
    if (free <= this.endSlot / FREE_DIVISOR) return { first: this.endSlot, count };
    const first = this.firstWindow(1)!;
    let end = first + 1;
    while (end - first < count && this.owners[end] === 0) end++;
    return { first, count: end - first };
  }

  private firstWindow(count: number): number | undefined {
    const references = this.owners;
    let first = this.searchFrom[31 - Math.clz32(count)];
    let end = first;
    while (end < this.endSlot && end - first < count) {
      if (references[end++] !== 0) first = end;
    }
    const found = end - first === count;
    for (let level = 32 - Math.clz32(count - 1); level < LEVELS; level++) {
      this.searchFrom[level] = Math.max(this.searchFrom[level], found ? first : this.endSlot);
    }
    return found ? first : undefined;
  }

  private grow(length: number): void {
    const grown = new Uint32Array(Math.max(length, this.owners.length * 2));
    grown.set(this.owners);
    this.owners = grown;
  }
}

/**
 * Limits a search to 2^11 slots of 4 KiB (8 MiB in total), which is more than a guest writes in one request.
 */
const LEVELS = 12;
const RUN_MAX = 2 ** (LEVELS - 1);
/**
 * A write is split across several runs only if more than a sixteenth of the file is free. The file is therefore only
 * slightly larger than its contents.
 */
const FREE_DIVISOR = 16;
