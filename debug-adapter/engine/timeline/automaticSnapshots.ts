import type { Position } from '../base/quantities.ts';
import { snapshotFailed, snapshotSpaceUsedUp } from '../../messages/snapshots.ts';
import { UserError } from '../../messages/userError.ts';
import type { Notice } from '../../messages/userError.ts';

/**
 * Takes automatic snapshots. A recording can be replayed without them, so a snapshot is skipped if there is no space
 * for it. The user gets one notice, and the next snapshot is attempted as usual. All other failures end the recording.
 */
export class AutomaticSnapshots {
  private onNotice: (notice: Notice) => void;
  private hasNotified = false;
  private hasReportedSpace = false;

  constructor(onNotice: (notice: Notice) => void = () => {}) {
    this.onNotice = onNotice;
  }

  /** Returns false if the snapshot was skipped. If `work` throws, it must leave the images unchanged. */
  tryTake(position: Position, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      if (!this.hasNotified) this.onNotice(snapshotFailed(position, error));
      this.hasNotified = true;
      return false;
    }
  }

  /** Sends a notice, once, that snapshots are being deleted because they have used up their disk space. */
  reportSpaceUsedUp(spaceBytes: number): void {
    if (!this.hasReportedSpace) this.onNotice(snapshotSpaceUsedUp(spaceBytes));
    this.hasReportedSpace = true;
  }
}

/**
 * Whether the error means that an image or the host's disk has no space for a snapshot. It is safe to ignore a full
 * disk here, because the next write of log entries or guest data will report it.
 */
function isOutOfSpace(error: unknown): error is UserError {
  if (!(error instanceof UserError)) return false;
  return error.kind === 'badInput' ? error.code !== 'image-corrupt' : error.code === 'host-disk-full';
}
