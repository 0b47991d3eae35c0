import { assert } from '../base/assert.ts';
import { type RamSnapshot, STRETCH_PAGES } from './ramSnapshots.ts';

/**
 * The memory used by a set of cached RAM contents. Counts the owners of each page list, each stretch of a list, and
 * each page. A shared object is charged only once, until its last owner releases it.
 */
export class RamSnapshotBytes {
  private charged = 0;
  private owners = new Map<object, number>();

  get bytes(): number {
    return this.charged;
  }

  hold(image: RamSnapshot): void {
    if (!this.addOwner(image, listBytes(image))) return;
    for (const stretch of image.stretches) {
      if (!stretch || !this.addOwner(stretch, STRETCH_BYTES)) continue;
      for (const page of stretch) if (page) this.addOwner(page, page.length + PAGE_OVERHEAD_BYTES);
    }
  }

  release(image: RamSnapshot): void {
    if (!this.removeOwner(image, listBytes(image))) return;
    for (const stretch of image.stretches) {
      if (!stretch || !this.removeOwner(stretch, STRETCH_BYTES)) continue;
      for (const page of stretch) if (page) this.removeOwner(page, page.length + PAGE_OVERHEAD_BYTES);
    }
  }

  /** Returns whether this is the first owner. */
  private addOwner(thing: object, bytes: number): boolean {
    const owners = this.owners.get(thing) ?? 0;
    this.owners.set(thing, owners + 1);
    if (owners === 0) this.charged += bytes;
    return owners === 0;
  }

  /** Returns whether this was the last owner. */
  private removeOwner(thing: object, bytes: number): boolean {
    const owners = this.owners.get(thing);
    assert(owners !== undefined, 'what is released is held');
    if (owners > 1) this.owners.set(thing, owners - 1);
    else {
      this.owners.delete(thing);
      this.charged -= bytes;
    }
    return owners === 1;
  }
}

export const listBytes = (image: RamSnapshot): number => image.stretches.length * REFERENCE_BYTES + OBJECT_BYTES;

const REFERENCE_BYTES = 8;
const OBJECT_BYTES = 100;
export const STRETCH_BYTES = STRETCH_PAGES * REFERENCE_BYTES + OBJECT_BYTES;
/**
 * The overhead per page: that of a typed array with its own buffer in V8, and that of the page's entry in `owners`.
 * Measured with 100,000 pages.
 */
export const PAGE_OVERHEAD_BYTES = 512;
