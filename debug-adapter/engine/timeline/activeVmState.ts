import type { Qcow2Image } from '../block/qcow2/image.ts';
import { RamImage } from './ramImages.ts';
import { type EncodedMoment, type WrittenMoment, writeMoment } from './vmState.ts';

/**
 * The VM state in an image's active table, which a recording brings up to the machine for each snapshot. Only what
 * changed since the last time is written. When that fails on the way, what was to change is written again next time.
 */
export class ActiveVmState {
  private written: WrittenMoment = { ram: new RamImage(0), lengthBytes: 0 };

  /** What the next snapshot's pages are compared with. */
  get ram(): RamImage {
    return this.written.ram;
  }

  update(image: Qcow2Image, moment: EncodedMoment): void {
    const before = this.written;
    this.written = {
      ram: moment.ram.changed(differingPages(moment.ram, before.ram)),
      lengthBytes: Math.max(moment.lengthBytes, before.lengthBytes),
    };
    writeMoment(image, moment, before);
    this.written = moment;
  }
}

function* differingPages(ram: RamImage, before: RamImage): Generator<[page: number, bytes: Uint8Array]> {
  for (let page = 0; page < ram.length; page++) if (ram.page(page) !== before.page(page)) yield [page, UNKNOWN];
}

/** No page of any picture of RAM. */
const UNKNOWN = new Uint8Array(0);
