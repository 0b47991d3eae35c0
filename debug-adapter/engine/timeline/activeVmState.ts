import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { RamImage } from './ramImages.ts';
import { type EncodedMoment, type WrittenMoment, writeMoment } from './vmState.ts';

/**
 * The VM state in an image's active table, which a recording brings up to the machine for each snapshot. Only what
 * changed since the last time is written. When that fails on the way, what was to change is written again next time.
 */
export class ActiveVmState {
  private written: WrittenMoment = { ram: [], lengthBytes: 0 };

  update(image: Qcow2Image, moment: EncodedMoment): void {
    const before = this.written;
    this.written = {
      ram: moment.ram.map((page, i) => (page === before.ram[i] ? page : UNKNOWN)),
      lengthBytes: Math.max(moment.lengthBytes, before.lengthBytes),
    };
    writeMoment(image, moment, before);
    this.written = moment;
  }
}

/** No page of any picture of RAM. */
const UNKNOWN: RamImage[number] = new Uint8Array(0);
