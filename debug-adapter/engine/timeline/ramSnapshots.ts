import { PAGE_SIZE_BYTES } from '../base/quantities.ts';
import type { GuestRam } from '../machine/guestRam.ts';

/**
 * The parts of guest RAM that snapshots use: pages, and dirty marks on the pages written since the last call to
 * `clearSnapshotMarks`.
 */
export type SnapshotRam = Pick<GuestRam, 'pageCount' | 'forEachDirtyPage' | 'clearSnapshotMarks' | 'restorePage'>;

/**
 * The RAM contents of a cached snapshot: a list of pages, each an immutable copy, or undefined for an all-zero page.
 * Snapshots share equal pages, and equal stretches of the list. A capture copies only the pages written since the last
 * capture. A restore writes only the pages that differ from the current RAM.
 */
export class RamSnapshot {
  /** The size of RAM in pages. */
  readonly length: number;
  /** The consecutive stretches of the page list; undefined for a stretch in which all pages are zero. */
  readonly stretches: readonly (RamPageList | undefined)[];

  constructor(length: number, stretches: readonly (RamPageList | undefined)[] = []) {
    this.length = length;
    this.stretches = stretches;
  }

  static of(pages: readonly (Uint8Array | undefined)[]): RamSnapshot {
    const stretches: (RamPageList | undefined)[] = [];
    for (let first = 0; first < pages.length; first += STRETCH_PAGES) {
      const stretch = pages.slice(first, first + STRETCH_PAGES);
      stretches.push(stretch.some((bytes) => bytes !== undefined) ? stretch : undefined);
    }
    return new RamSnapshot(pages.length, stretches);
  }

  page(page: number): Uint8Array | undefined {
    return this.stretches[Math.floor(page / STRETCH_PAGES)]?.[page % STRETCH_PAGES];
  }

  /** The numbers of the pages for which this snapshot and another do not share a copy, in ascending order. */
  *pagesUnlike(other: RamSnapshot): Generator<number> {
    for (let index = 0; index * STRETCH_PAGES < this.length; index++) {
      const [ours, theirs] = [this.stretches[index], other.stretches[index]];
      if (ours === theirs) continue;
      const pages = Math.min(STRETCH_PAGES, this.length - index * STRETCH_PAGES);
      for (let i = 0; i < pages; i++) if (ours?.[i] !== theirs?.[i]) yield index * STRETCH_PAGES + i;
    }
  }

  /** Returns a copy with some pages changed. */
  withPages(changes: Iterable<[page: number, bytes: Uint8Array | undefined]>): RamSnapshot {
    const stretches = this.stretches.slice();
    let index = -1;
    let stretch: (Uint8Array | undefined)[] = [];
    for (const [page, bytes] of changes) {
      if (index !== Math.floor(page / STRETCH_PAGES)) {
        index = Math.floor(page / STRETCH_PAGES);
        // If the changes are in page order, each stretch is copied only once; otherwise a stretch may be copied
        // repeatedly.
        stretch = stretches[index]?.slice() ?? new Array<Uint8Array | undefined>(STRETCH_PAGES).fill(undefined);
        stretches[index] = stretch;
      }
      stretch[page % STRETCH_PAGES] = bytes;
    }
    return new RamSnapshot(this.length, stretches);
  }
}

export type RamPageList = readonly (Uint8Array | undefined)[];

// With this value, the list for 256 MiB of RAM has 512 stretches, and 128 entries are copied if a page changes.
export const STRETCH_PAGES = 128;

export class RamSnapshots {
  private ram: SnapshotRam;
  /** The RAM contents when the dirty marks were last cleared. */
  private last: RamSnapshot;

  /** `ram` must belong to a newly created machine, so that it is all zero and all later writes are marked as dirty. */
  constructor(ram: SnapshotRam) {
    this.ram = ram;
    this.last = new RamSnapshot(ram.pageCount);
  }

  /** The RAM contents last captured or restored. */
  get current(): RamSnapshot {
    return this.last;
  }

  capture(): RamSnapshot {
    const copies = new PageCopies();
    this.ram.forEachDirtyPage((page, bytes) => copies.add(page, isZero(bytes) ? undefined : bytes));
    if (copies.pages.length > 0) this.last = this.last.withPages(copies.finish());
    this.ram.clearSnapshotMarks();
    return this.last;
  }

  /** Restores RAM. Skips pages that have not changed since the contents of RAM last matched `image`. */
  restore(image: RamSnapshot): void {
    this.restorePages(image);
    this.last = image;
  }

  /**
   * Restores RAM contents that were read from a file. Returns the same contents, but uses the existing copy of each
   * page that is already in memory.
   */
  restoreLoaded(image: RamSnapshot): RamSnapshot {
    this.last = image.withPages(this.restorePages(image));
    return this.last;
  }

  /**
   * Restores the pages that differ. Returns the pages that have equal contents in RAM and in `image` but are stored as
   * separate copies.
   */
  private restorePages(image: RamSnapshot): [number, Uint8Array | undefined][] {
    const dirty = new Set<number>();
    const dirtyStretches = new Set<number>();
    this.ram.forEachDirtyPage((page) => {
      dirty.add(page);
      dirtyStretches.add(Math.floor(page / STRETCH_PAGES));
    });
    const duplicates: [number, Uint8Array | undefined][] = [];
    for (let index = 0; index * STRETCH_PAGES < image.length; index++) {
      if (image.stretches[index] === this.last.stretches[index] && !dirtyStretches.has(index)) continue;
      const end = Math.min(image.length, (index + 1) * STRETCH_PAGES);
      for (let page = index * STRETCH_PAGES; page < end; page++) {
        const [wanted, last] = [image.page(page), this.last.page(page)];
        if (wanted === last && !dirty.has(page)) continue;
        const isChange = this.ram.restorePage(page, wanted ?? ZERO_PAGE);
        if (!isChange && !dirty.has(page)) duplicates.push([page, last]);
      }
    }
    this.ram.clearSnapshotMarks();
    return duplicates;
  }
}

/**
 * Copies pages. Pages that are close together share a buffer, because allocating a buffer takes three times as long as
 * copying a page. The groups are small and fixed, because a buffer stays in memory as long as any of its pages is in
 * use.
 */
class PageCopies {
  readonly pages: [number, Uint8Array | undefined][] = [];
  /** The pages of the current group that have not been copied yet, as indexes in `pages`. */
  private waiting: number[] = [];

  /** Pages must be added in ascending order. `bytes` may change only after the next group has begun. */
  add(page: number, bytes: Uint8Array | undefined): void {
    const last = this.pages.at(-1)?.[0] ?? page;
    if (Math.floor(page / GROUP_PAGES) !== Math.floor(last / GROUP_PAGES)) this.copyWaiting();
    if (bytes) this.waiting.push(this.pages.length);
    this.pages.push([page, bytes]);
  }

  finish(): [number, Uint8Array | undefined][] {
    this.copyWaiting();
    return this.pages;
  }

  private copyWaiting(): void {
    if (this.waiting.length === 0) return;
    const buffer = new ArrayBuffer(this.waiting.length * PAGE_SIZE_BYTES);
    this.waiting.forEach((index, i) => {
      const copy = new Uint8Array(buffer, i * PAGE_SIZE_BYTES, PAGE_SIZE_BYTES);
      copy.set(this.pages[index][1]!);
      this.pages[index][1] = copy;
    });
    this.waiting = [];
  }
}

const GROUP_PAGES = 8;
const ZERO_PAGE = new Uint8Array(PAGE_SIZE_BYTES);

function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}
