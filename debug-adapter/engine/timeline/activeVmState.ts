import type { Qcow2Image } from '../block/qcow2/image.ts';
import { RamSnapshot } from './ramSnapshots.ts';
import { type EncodedSnapshot, type WrittenSnapshot, writeSnapshot } from './vmState.ts';

/**
 * The VM state to which an image's active L1 table refers. A recording updates it for each snapshot and writes only
 * what has changed since the previous snapshot. If a write fails, the next snapshot also writes all pages that the
 * failed write should have written.
 */
export class ActiveVmState {
  private written: WrittenSnapshot = { ram: new RamSnapshot(0), lengthBytes: 0 };

  /** The RAM pages that were written last. Only pages that differ from these are written for the next snapshot. */
  get ram(): RamSnapshot {
    return this.written.ram;
  }

  /** Returns the number of bytes written. */
  update(image: Qcow2Image, snapshot: EncodedSnapshot): number {
    const before = this.written;
    this.written = {
      ram: snapshot.ram.withPages(unknownPages(snapshot.ram.pagesUnlike(before.ram))),
      lengthBytes: Math.max(snapshot.lengthBytes, before.lengthBytes),
    };
    const writtenBytes = writeSnapshot(image, snapshot, before);
    this.written = snapshot;
    return writtenBytes;
  }
}

function* unknownPages(pages: Iterable<number>): Generator<[page: number, bytes: Uint8Array]> {
  for (const page of pages) yield [page, UNKNOWN_PAGE];
}

/**
 * A placeholder for a page whose contents in the image are unknown. It differs from every RAM page, so the page will be
 * written again.
 */
const UNKNOWN_PAGE = new Uint8Array(0);
