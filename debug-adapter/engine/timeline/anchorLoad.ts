import type { KeptMoment } from './vmState.ts';

/**
 * Loads a snapshot from the overlays into memory: 10 ms per 100 MiB of mapped VM state, and more if it is fragmented.
 * Can be paused between pieces; calling `run` again continues.
 */
export class AnchorLoad {
  readonly name: string;
  private reading: Iterator<void, KeptMoment>;

  constructor(name: string, reading: Iterator<void, KeptMoment>) {
    this.name = name;
    this.reading = reading;
  }

  /** Loads at least one piece. */
  run(wantsPause: () => boolean): KeptMoment | 'paused' {
    let read = this.reading.next();
    while (!read.done && !wantsPause()) read = this.reading.next();
    return read.done ? read.value : 'paused';
  }
}
