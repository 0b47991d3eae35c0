import type { Position } from '../base/quantities.ts';
import { combinedDigest } from '../machine/machineDigest.ts';
import type { FinisherRequest } from '../machine/devices/finisher.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import type { Machine, MachineStop, RunOptions } from '../machine/machine.ts';
import type { StopPoints } from '../machine/stopPoints.ts';
import type { SnapshotInfo } from './snapshotInfo.ts';
import type { TimelineFiles } from './timelineFiles.ts';
import type { TimeTravel, TravelStop } from './timeTravel.ts';

/**
 * A machine with its history, whichever way it runs: live, being recorded, or replaying. Callers advance it in slices
 * small enough to stay responsive between them, and close it in the end, whatever happened.
 */
export interface Timeline {
  readonly machine: Machine;
  readonly position: Position;
  /**
   * Runs to `until` at most, or until `wantsPause` (asked between steps, some thousand times a second) says so. Returns
   * why it can go no further, or undefined when it can.
   */
  advance(until: Position, wantsPause?: () => boolean): End | undefined;
  /** Moving through what is recorded; undefined for a machine that is not recorded. */
  readonly travel: TimeTravel | undefined;
  /**
   * `advance` to the next stop point; a recorded machine in its past goes on into its present. A breakpoint right where it
   * begins is passed, unless `stopsAtStart`.
   */
  forward(until: Position, points: StopPoints, wantsPause?: () => boolean, options?: RunOptions): TimelineStop;
  /** The debugger changes the machine, as a step that is recorded. Refused anywhere but in a live present. */
  inject(event: OutsideEvent): void;
  /** What the host calls about twice a second: what happened so far survives a kill of the process. */
  writeBack(): void;
  /** Has files noticed that were deleted or replaced while the session has them open: it is said once. Cheap. */
  lookAfterFiles(): void;
  /** The state's digest, all parts in one. The first call reads the whole of every drive. */
  digest(): bigint;
  /** In order of position. */
  snapshots(): readonly SnapshotInfo[];
  /**
   * Keeps the state here, wherever here is: in a live present or in the past, which a replay is all of. Durable when it
   * returns. Throws a UserError for a name that cannot be (see `checkNewName`) and when nothing is recorded.
   */
  takeSnapshot(name: string): SnapshotInfo;
  /** An automatic one that gets a name of the user's is kept from then on. The first one keeps its name. */
  renameSnapshot(name: string, newName: string): void;
  /** Not the first one: replays start from it. */
  deleteSnapshot(name: string): void;
  /** Costs an open of each base. */
  files(): TimelineFiles;
  /** Ends it at the current position: recording and overlays are complete and closed. */
  close(end: End): void;
  /** Ends it after an error, which is the one to tell of: what is written stays, files are closed. Never throws. */
  abandon(): void;
}

/** Where a run through a timeline stopped. */
export type TimelineStop =
  | Extract<TravelStop, { kind: 'reached' | 'paused' | 'breakpoint' | 'watchpoint' | 'startOfRecording' }>
  | { kind: 'ended'; end: End };

/** Why a timeline ended: the words of the command line's `reason` and of a recording's end. */
export type EndReason =
  | 'powerOff'
  | 'guestFailed'
  /** The guest asked for a reset, and the machine is not to start again. */
  | 'reset'
  /** The guest waits for an interrupt that cannot come. */
  | 'waitsForever'
  | 'stopAt'
  | 'endOfRecording'
  | 'interrupted';

export interface End {
  reason: EndReason;
  /** What the guest reported: 0 for success; undefined when it reported nothing. */
  guestExit?: number;
}

/** Undefined while the machine can go on. */
export function endOf(stop: MachineStop): End | undefined {
  switch (stop.kind) {
    case 'reached':
    case 'paused':
    case 'breakpoint':
    case 'watchpoint':
      return undefined;
    case 'stuck':
      return { reason: 'waitsForever' };
    case 'finished':
      return endOfFinish(stop.finish);
  }
}

function endOfFinish({ kind, code }: FinisherRequest): End {
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
 * How a timeline ends that is closed now: a guest that has ended by itself is not interrupted, and a live one is what it
 * is in its present, to which it goes.
 */
export function endOfPresent(timeline: Timeline): End {
  const { travel } = timeline;
  if (travel?.isLookingBack) travel.seekTo(travel.end);
  return timeline.advance(timeline.position) ?? { reason: 'interrupted' };
}

export const digestOf = (machine: Machine): bigint => combinedDigest(machine.digestParts());
