import type { State } from '../base/state.ts';
import type { RamImage, RamImages } from './ramImages.ts';

/**
 * A snapshot of the overlays on its way into the machine's RAM: 10 ms for each 100 MiB, and more for what lies apart in
 * the file. It can be interrupted between pieces, and goes on when run again, whatever RAM was made to show meanwhile.
 */
export class AnchorLoad {
  readonly name: string;
  /** Puts pieces into RAM; returns the machine's state in the end. */
  private reading: Iterator<void, State>;
  private images: RamImages;
  /** RAM as it was when interrupted. */
  private partial: RamImage | undefined;
  private copiedBytes = 0;

  constructor(name: string, reading: Iterator<void, State>, images: RamImages) {
    this.name = name;
    this.reading = reading;
    this.images = images;
  }

  /** A piece at least. In the end RAM shows the snapshot; the state is for whoever loads it into the machine. */
  run(wantsPause: () => boolean): { state: State; image: RamImage; copiedBytes: number } | 'paused' {
    if (this.partial) this.images.restore(this.partial);
    let read = this.reading.next();
    while (!read.done && !wantsPause()) read = this.reading.next();
    const { image, copiedBytes } = this.images.capture();
    this.copiedBytes += copiedBytes;
    if (read.done) return { state: read.value, image, copiedBytes: this.copiedBytes };
    this.partial = image;
    return 'paused';
  }
}
