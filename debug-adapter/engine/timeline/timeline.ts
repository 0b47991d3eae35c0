import type { Position } from '../base/quantities.ts';
import { combinedDigest } from '../machine/machineDigest.ts';
import type { TestDeviceRequest } from '../machine/devices/testDevice.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import type { Machine, MachineStop, RunOptions } from '../machine/machine.ts';
import type { StopPoints } from '../machine/stopPoints.ts';
import type { SnapshotInfo } from './snapshotInfo.ts';
import type { TimelineFiles } from './timelineFiles.ts';
import type { TimeTravel, TravelStop } from './timeTravel.ts';

/**
 * A machine with its history. The machine either runs live, recorded or not, or replays a recording. Positions are in
 * steps. Callers advance the machine in slices that are short enough to stay responsive. At the end, they must close or
 * abandon the timeline. Divergences, damaged files and host failures cause a UserError.
 */
export interface Timeline {
  readonly machine: Machine;
  readonly position: Position;
  /**
   * Runs to `until`, or until `wantsPause` returns true. `wantsPause` is called between steps, several thousand times a
   * second. Returns how the machine ended, or undefined if it can continue.
   */
  advance(until: Position, wantsPause?: () => boolean): End | undefined;
  /** Movement through the history; undefined for a machine that is not recorded. */
  readonly travel: TimeTravel | undefined;
  /**
   * Runs like `advance`, but to the next stop point. If a recorded machine is in its history and reaches its live end,
   * it continues to run live. A breakpoint at the starting position is skipped, unless `stopsAtStart` is set.
   */
  forward(until: Position, points: StopPoints, wantsPause?: () => boolean, options?: RunOptions): TimelineStop;
  /** Applies a debugger's change to the machine as a recorded step. Throws a UserError except at the live end. */
  inject(event: OutsideEvent): void;
  /**
   * Saves all progress so far, so that it survives if the process is killed. The host calls this about twice a second.
   */
  writeBack(): void;
  /**
   * Detects files that were deleted or replaced while the session has them open, and sends one notice for each. The
   * check is cheap.
   */
  checkFiles(): void;
  /** The digest of the whole state. The first call reads the whole contents of every drive. */
  digest(): bigint;
  /** All snapshots in order of position. Returns the same array until a snapshot changes. */
  snapshots(): readonly SnapshotInfo[];
  /**
   * Takes a snapshot of the current state, at the live end or in the history. The snapshot is durable when this
   * returns. Throws a UserError for an invalid name (see `checkNewName`), and if nothing is recorded.
   */
  takeSnapshot(name: string): SnapshotInfo;
  /**
   * Renames a snapshot. An automatic snapshot that is renamed is kept. Throws a UserError for the first snapshot, which
   * cannot be renamed.
   */
  renameSnapshot(name: string, newName: string): void;
  /** Deletes a snapshot. Throws a UserError for the first snapshot, from which replays start. */
  deleteSnapshot(name: string): void;
  /** The session's files. Opens each base image to read its backing chain. */
  files(): TimelineFiles;
  /** Ends the session at the current position. The recording and the overlays are then complete and closed. */
  close(end: End): void;
  /**
   * Ends the session after an error. Closes all files; data that was already written is kept. Never throws, so that the
   * caller can report the error.
   */
  abandon(): void;
}

/** Why a run through a timeline stopped. */
export type TimelineStop =
  | Extract<TravelStop, { kind: 'reached' | 'paused' | 'breakpoint' | 'watchpoint' | 'startOfRecording' }>
  | { kind: 'ended'; end: End };

/**
 * Why a timeline ended. The same values are used for `reason` in the command line's output and at the end of a
 * recording.
 */
export type EndReason =
  | 'powerOff'
  | 'guestFailed'
  /** The guest requested a reset, and the machine must not restart. */
  | 'reset'
  /** All harts are waiting, and no interrupt can occur. */
  | 'waitsForever'
  | 'stopAt'
  | 'endOfRecording'
  | 'interrupted';

/** How a timeline ended. */
export interface End {
  reason: EndReason;
  /** The guest's exit code, 0 for success; undefined if it reported none. */
  guestExit?: number;
}

/** Undefined if the machine can continue. */
export function endOf(stop: MachineStop): End | undefined {
  switch (stop.kind) {
    case 'reached':
    case 'paused':
    case 'breakpoint':
    case 'watchpoint':
      return undefined;
    case 'haltedForever':
      return { reason: 'waitsForever' };
    case 'finished':
      return endOfTestDevice(stop.finish);
  }
}

function endOfTestDevice({ kind, code }: TestDeviceRequest): End {
  switch (kind) {
    case 'pass':
      return { reason: 'powerOff', guestExit: 0 };
    case 'fail':
      return { reason: 'guestFailed', guestExit: code };
    case 'reset':
      return { reason: 'reset' };
  }
}

/**
 * The reason to report for a timeline that is being closed: the guest's own reason if it has ended, otherwise
 * `interrupted`. A live machine first returns to its live end.
 */
export function endAtLiveEnd(timeline: Timeline): End {
  const { travel } = timeline;
  if (travel?.isInHistory) travel.seekTo(travel.end);
  return timeline.advance(timeline.position) ?? { reason: 'interrupted' };
}

export const digestOf = (machine: Machine): bigint => combinedDigest(machine.digestParts());
