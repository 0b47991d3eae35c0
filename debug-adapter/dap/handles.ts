/**
 * Numbers for things that a client asks about later. They are never used twice, so that one from an earlier stop is
 * known to be stale. 0 means "nothing" in the protocol.
 */
export class Handles<T> {
  private next = 1;
  private things = new Map<number, T>();

  add(thing: T): number {
    this.things.set(this.next, thing);
    return this.next++;
  }

  get(handle: number): T | undefined {
    return this.things.get(handle);
  }

  clear(): void {
    this.things.clear();
  }
}
