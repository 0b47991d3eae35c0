import type { GuestRam } from '../machine/guestRam.ts';

/**
 * Pictures of RAM in memory. A picture is a list of pages, each an immutable copy or undefined for zeroes; pictures
 * share the pages in which they do not differ. Taking one costs the pages written since the last; putting one back
 * costs the pages in which it differs from now.
 */
export type RamImage = readonly (Uint8Array | undefined)[];

export class RamImages {
  private ram: GuestRam;
  /** RAM as it was when the dirty marks were last cleared. */
  private current: (Uint8Array | undefined)[];

  /** Of a machine that was just made: all zeroes, all later writes marked. */
  constructor(ram: GuestRam) {
    this.ram = ram;
    this.current = new Array<Uint8Array | undefined>(ram.pageCount).fill(undefined);
  }

  /** The picture, and how many bytes of pages were copied for it. */
  capture(): { image: RamImage; copiedBytes: number } {
    const image = this.current.slice();
    let copiedBytes = 0;
    this.ram.forEachDirtyPage((page, bytes) => {
      image[page] = isZero(bytes) ? undefined : bytes.slice();
      copiedBytes += image[page]?.length ?? 0;
    });
    this.ram.clearSnapshotMarks();
    this.current = image;
    return { image, copiedBytes };
  }

  /** Pages that are as they were when `image` was last the current one are not even looked at. */
  restore(image: RamImage): void {
    const dirty = new Set<number>();
    this.ram.forEachDirtyPage((page) => dirty.add(page));
    for (let page = 0; page < image.length; page++) {
      if (image[page] === this.current[page] && !dirty.has(page)) continue;
      this.ram.restorePage(page, image[page] ?? ZERO_PAGE);
    }
    this.ram.clearSnapshotMarks();
    this.current = image.slice();
  }
}

/** What the pages of a picture take that shares none. */
export const bytesOf = (image: RamImage): number => image.reduce((sum, page) => sum + (page?.length ?? 0), 0);

const ZERO_PAGE = new Uint8Array(4096);

function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (const word of words) if (word !== 0) return false;
  return true;
}
