/** A map from offsets to nonnegative numbers that takes 8 bytes per slot. */
export class OffsetMap {
  private keys = new Uint32Array(1 << 12);
  /** For each slot: the number plus 1, or 0 if the slot is unused. */
  private values = new Uint32Array(1 << 12);
  private size = 0;

  /** The number for an offset; -1 if the offset is not in the map. */
  get(offset: number): number {
    const mask = this.keys.length - 1;
    let slot = hash(offset) & mask;
    while (this.values[slot] !== 0) {
      if (this.keys[slot] === offset) return this.values[slot] - 1;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  set(offset: number, value: number): void {
    if (++this.size * 2 > this.keys.length) this.grow();
    this.insert(offset, value + 1);
  }

  private insert(offset: number, stored: number): void {
    const mask = this.keys.length - 1;
    let slot = hash(offset) & mask;
    while (this.values[slot] !== 0) slot = (slot + 1) & mask;
    this.keys[slot] = offset;
    this.values[slot] = stored;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Uint32Array(keys.length * 2);
    this.values = new Uint32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) if (values[i] !== 0) this.insert(keys[i], values[i]);
  }
}

const hash = (offset: number): number => {
  const mixed = Math.imul(offset, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
};
