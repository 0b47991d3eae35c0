/**
 * Numeric references to objects that a client requests later. Numbers are never reused, so a reference from an earlier
 * stop is recognized as stale. 0 means "nothing" in DAP.
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

  /** Whether the reference was valid at an earlier stop. */
  isStale(handle: number): boolean {
    return handle >= 1 && handle < this.next && !this.things.has(handle);
  }

  clear(): void {
    this.things.clear();
  }
}
