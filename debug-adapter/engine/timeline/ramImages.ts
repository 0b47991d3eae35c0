import type { GuestRam } from '../machine/guestRam.ts';

/**
 * Pictures of RAM in memory. A picture is a list of pages, each an immutable copy or undefined for zeroes. Pictures
 * share what they do not differ in: pages, and stretches of the list. Taking one costs the pages written since the
 * last; putting one back costs the pages in which it differs from now.
 */
export class RamImage {
  /** In pages. */
  readonly length: number;
  /** Undefined where there are zeroes only. */
  readonly stretches: readonly (RamStretch | undefined)[];

  constructor(length: number, stretches: readonly (RamStretch | undefined)[] = []) {
    this.length = length;
    this.stretches = stretches;
  }

  static of(pages: readonly (Uint8Array | undefined)[]): RamImage {
    const stretches: (RamStretch | undefined)[] = [];
    for (let first = 0; first < pages.length; first += STRETCH_PAGES) {
      const stretch = pages.slice(first, first + STRETCH_PAGES);
      stretches.push(stretch.some((bytes) => bytes !== undefined) ? stretch : undefined);
    }
    return new RamImage(pages.length, stretches);
  }

  page(page: number): Uint8Array | undefined {
    return this.stretches[Math.floor(page / STRETCH_PAGES)]?.[page % STRETCH_PAGES];
  }

  /** Another picture, with some other pages. */
  changed(changes: Iterable<[page: number, bytes: Uint8Array | undefined]>): RamImage {
    const stretches = this.stretches.slice();
    let index = -1;
    let stretch: (Uint8Array | undefined)[] = [];
    for (const [page, bytes] of changes) {
      if (index !== Math.floor(page / STRETCH_PAGES)) {
        index = Math.floor(page / STRETCH_PAGES);
        // Pages in order come by each stretch once; in another order it is copied more often than it need be.
        stretch = stretches[index]?.slice() ?? new Array<Uint8Array | undefined>(STRETCH_PAGES).fill(undefined);
        stretches[index] = stretch;
      }
      stretch[page % STRETCH_PAGES] = bytes;
    }
    return new RamImage(this.length, stretches);
  }
}

export type RamStretch = readonly (Uint8Array | undefined)[];

// Of 256 MiB of RAM a picture's list has 512 entries then, and one page that differs takes 128 more.
export const STRETCH_PAGES = 128;

export class RamImages {
  private ram: GuestRam;
  /** RAM as it was when the dirty marks were last cleared. */
  private last: RamImage;

  /** Of a machine that was just made: all zeroes, all later writes marked. */
  constructor(ram: GuestRam) {
    this.ram = ram;
    this.last = new RamImage(ram.pageCount);
  }

  /** The picture that was taken or put back last. */
  get current(): RamImage {
    return this.last;
  }

  capture(): RamImage {
    const changes: [number, Uint8Array | undefined][] = [];
    this.ram.forEachDirtyPage((page, bytes) => changes.push([page, isZero(bytes) ? undefined : bytes.slice()]));
    if (changes.length > 0) this.last = this.last.changed(changes);
    this.ram.clearSnapshotMarks();
    return this.last;
  }

  /** Pages that are as they were when `image` was last the current one are not even looked at. */
  restore(image: RamImage): void {
    this.putBack(image);
    this.last = image;
  }

  /** The same for a picture that was read from a file; returns it sharing the pages that are in memory already. */
  restoreRead(image: RamImage): RamImage {
    this.last = image.changed(this.putBack(image));
    return this.last;
  }

  /** Returns the pages that are in RAM and in its last picture as they are in `image`, though in another copy. */
  private putBack(image: RamImage): [number, Uint8Array | undefined][] {
    const dirty = new Set<number>();
    const dirtyStretches = new Set<number>();
    this.ram.forEachDirtyPage((page) => {
      dirty.add(page);
      dirtyStretches.add(Math.floor(page / STRETCH_PAGES));
    });
    const copies: [number, Uint8Array | undefined][] = [];
    for (let index = 0; index * STRETCH_PAGES < image.length; index++) {
      if (image.stretches[index] === this.last.stretches[index] && !dirtyStretches.has(index)) continue;
      const end = Math.min(image.length, (index + 1) * STRETCH_PAGES);
      for (let page = index * STRETCH_PAGES; page < end; page++) {
        const [wanted, last] = [image.page(page), this.last.page(page)];
        if (wanted === last && !dirty.has(page)) continue;
        const isChange = this.ram.restorePage(page, wanted ?? ZERO_PAGE);
        if (!isChange && !dirty.has(page)) copies.push([page, last]);
      }
    }
    this.ram.clearSnapshotMarks();
    return copies;
  }
}

const ZERO_PAGE = new Uint8Array(4096);

function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (const word of words) if (word !== 0) return false;
  return true;
}
