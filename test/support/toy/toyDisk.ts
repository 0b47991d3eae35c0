import type { TravelDisk } from '../../../debug-adapter/engine/timeline/travelDisk.ts';

/** A disk that only records which state it was told to show. */
export class ToyDisk {
  readonly driveId = 'toy';
  shown: 'live end' | 'history' = 'live end';
  isClosed = false;
  readonly mapBytes = 0;
  readonly scratchBytes = 0;

  get asTravelDisk(): TravelDisk {
    return this as unknown as TravelDisk;
  }

  leaveLiveEnd(): void {}

  show(): void {
    this.shown = 'history';
  }

  returnToLiveEnd(): void {
    this.shown = 'live end';
  }

  capture(): object {
    return { snapshot: undefined };
  }

  release(): void {}

  close(): void {
    this.isClosed = true;
  }
}
