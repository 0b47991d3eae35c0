import type { Qcow2Image } from '../block/qcow2/image.ts';
import { RamSnapshot } from './ramSnapshots.ts';
import { type EncodedSnapshot, type WrittenSnapshot, writeSnapshot } from './vmState.ts';

/**
 * The VM state in an image's active table. A recording updates it for each snapshot and writes only the changes since
 * the previous snapshot. If a write fails, the pages that it may have left unwritten are written again with the next
 * snapshot.
 */
export class ActiveVmState {
  private written: WrittenSnapshot = { ram: new RamSnapshot(0), lengthBytes: 0 };

  /** The RAM pages with which the next snapshot is compared. */
  get ram(): RamSnapshot {
    return this.written.ram;
  }

  update(image: Qcow2Image, snapshot: EncodedSnapshot): void {
    const before = this.written;
    this.written = {
      ram: snapshot.ram.withPages(differingPages(snapshot.ram, before.ram)),
      lengthBytes: Math.max(snapshot.lengthBytes, before.lengthBytes),
    };
    writeSnapshot(image, snapshot, before);
    this.written = snapshot;
  }
}

function* differingPages(ram: RamSnapshot, before: RamSnapshot): Generator<[page: number, bytes: Uint8Array]> {
  for (let page = 0; page < ram.length; page++) if (ram.page(page) !== before.page(page)) yield [page, UNKNOWN_PAGE];
}

/**
 * A placeholder for a page with unknown contents. It is not equal to any RAM page, so the page will be written again.
 */
const UNKNOWN_PAGE = new Uint8Array(0);
