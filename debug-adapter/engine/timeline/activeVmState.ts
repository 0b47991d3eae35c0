import type { Qcow2Image } from '../block/qcow2/image.ts';
import { RamImage } from './ramImages.ts';
import { type EncodedMoment, type WrittenMoment, writeMoment } from './vmState.ts';

/**
 * The VM state in an image's active table, which a recording updates for each snapshot by writing only the changes
 * since the previous one. Pages whose write may have failed are written again next time.
 */
export class ActiveVmState {
  private written: WrittenMoment = { ram: new RamImage(0), lengthBytes: 0 };

  /** The RAM pages that the next snapshot is compared with. */
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

/** Differs from every RAM page, so the page will be written. */
const UNKNOWN = new Uint8Array(0);
