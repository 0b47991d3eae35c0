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
 * A machine with its history: live, being recorded, or replaying. Positions are in steps. Callers advance it in
 * slices short enough to stay responsive, and must close or abandon it at the end. A divergence, damaged files and
 * host failures throw a UserError.
 */
export interface Timeline {
  readonly machine: Machine;
  readonly position: Position;
  /**
   * Runs to `until` at most, or until `wantsPause` (called between steps, some thousand times a second) returns true.
   * Returns why it ended, or undefined if it can continue.
   */
  advance(until: Position, wantsPause?: () => boolean): End | undefined;
  /** Movement through the history; undefined for a machine that is not recorded. */
  readonly travel: TimeTravel | undefined;
  /**
   * Runs like `advance`, but to the next stop point; a recorded machine in its history continues into its live end. A
   * breakpoint at the starting position is skipped, unless `stopsAtStart`.
   */
  forward(until: Position, points: StopPoints, wantsPause?: () => boolean, options?: RunOptions): TimelineStop;
  /** Applies a debugger's change to the machine as a recorded step. Throws a UserError except at the live end. */
  inject(event: OutsideEvent): void;
  /** Makes all progress so far survive a kill of the process. The host calls this about twice a second. */
  writeBack(): void;
  /** Detects files that were deleted or replaced while the session has them open; each causes one notice. Cheap. */
  checkFiles(): void;
  /** The digest of the whole state. The first call reads all of every drive. */
  digest(): bigint;
  /** All snapshots in order of position; the same array until one changes. */
  snapshots(): readonly SnapshotInfo[];
  /**
   * Takes a snapshot of the current state, at the live end or in the history. Durable when it returns. Throws a
   * UserError for an invalid name (see `checkNewName`), and if nothing is recorded.
   */
  takeSnapshot(name: string): SnapshotInfo;
  /**
   * Renames a snapshot; a renamed automatic snapshot is kept. Throws a UserError for the first one, which cannot be
   * renamed.
   */
  renameSnapshot(name: string, newName: string): void;
  /** Deletes a snapshot. Throws a UserError for the first one, from which replays start. */
  deleteSnapshot(name: string): void;
  /** The files of the session. Opens each base image to read its backing chain. */
  files(): TimelineFiles;
  /** Ends the session at the current position: recording and overlays are complete and closed. */
  close(end: End): void;
  /**
   * Ends the session after an error: written data stays, and files are closed. Never throws, so that the caller can
   * report the error.
   */
  abandon(): void;
}

/** Why a run through a timeline stopped. */
export type TimelineStop =
  | Extract<TravelStop, { kind: 'reached' | 'paused' | 'breakpoint' | 'watchpoint' | 'startOfRecording' }>
  | { kind: 'ended'; end: End };

/** Why a timeline ended; the values are those of the command line's `reason` and of a recording's end. */
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
 * The reason for ending a timeline that is closed now: that of the guest if it has ended by itself, otherwise
 * `interrupted`. A live machine first returns to its live end.
 */
export function endAtLiveEnd(timeline: Timeline): End {
  const { travel } = timeline;
  if (travel?.isInHistory) travel.seekTo(travel.end);
  return timeline.advance(timeline.position) ?? { reason: 'interrupted' };
}

export const digestOf = (machine: Machine): bigint => combinedDigest(machine.digestParts());
