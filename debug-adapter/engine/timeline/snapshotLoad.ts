import type { LoadedSnapshot } from './vmState.ts';

/**
 * Loads a snapshot from the overlays into memory. This takes 10 ms per 100 MiB of mapped VM state, and longer if it is
 * fragmented. The load can be paused between pieces; calling `run` again continues it.
 */
export class SnapshotLoad {
  readonly name: string;
  private reading: Iterator<void, LoadedSnapshot>;

  constructor(name: string, reading: Iterator<void, LoadedSnapshot>) {
    this.name = name;
    this.reading = reading;
  }

  /** Loads at least one piece. */
  run(wantsPause: () => boolean): LoadedSnapshot | 'paused' {
    let read = this.reading.next();
    while (!read.done && !wantsPause()) read = this.reading.next();
    return read.done ? read.value : 'paused';
  }
}
