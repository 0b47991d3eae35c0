import type { Position } from '../base/quantities.ts';
import { snapshotFailed } from '../errors/snapshots.ts';
import { UserError } from '../errors/userError.ts';
import type { Notice } from './sessionOptions.ts';

/**
 * Taking the snapshots that nobody asked for. A recording is whole without them, so one that an image has no room for is
 * left out: the user is told once, and the next one is tried again. Whatever else fails ends the recording.
 */
export class AutomaticSnapshots {
  private onNotice: (notice: Notice) => void;
  private wasTold = false;

  constructor(onNotice: (notice: Notice) => void = () => {}) {
    this.onNotice = onNotice;
  }

  /** Returns false when it was left out. `work` leaves the images as they were when it throws. */
  attempt(position: Position, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      if (!this.wasTold) this.onNotice(snapshotFailed(position, error));
      this.wasTold = true;
      return false;
    }
  }
}

/** A full disk is none for the log, which is written before, nor for what the guest writes: both fail by themselves. */
function isNoRoom(error: unknown): error is UserError {
  if (!(error instanceof UserError)) return false;
  return error.kind === 'badInput' ? error.code !== 'image-corrupt' : error.code === 'host-disk-full';
}
