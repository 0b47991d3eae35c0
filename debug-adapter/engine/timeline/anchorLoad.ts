import type { KeptMoment } from './vmState.ts';

/**
 * A snapshot of the overlays on its way into memory: 10 ms for each 100 MiB that it maps, and more for what lies apart in
 * the file. It can be interrupted between pieces, and goes on when run again.
 */
export class AnchorLoad {
  readonly name: string;
  private reading: Iterator<void, KeptMoment>;

  constructor(name: string, reading: Iterator<void, KeptMoment>) {
    this.name = name;
    this.reading = reading;
  }

  /** A piece at least. */
  run(wantsPause: () => boolean): KeptMoment | 'paused' {
    let read = this.reading.next();
    while (!read.done && !wantsPause()) read = this.reading.next();
    return read.done ? read.value : 'paused';
  }
}
