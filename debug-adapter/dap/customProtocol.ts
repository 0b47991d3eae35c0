import type { Notice } from '../messages/userError.ts';

/** Whether the session records, replays, or runs without a recording. */
export type RecordReplay = 'record' | 'replay' | 'off';

/**
 * Event `blkreplay/place`: the machine's position. Sent at every stop and a few times a second while the machine runs.
 *
 * This file defines the adapter's additions to the Debug Adapter Protocol, which the extension uses: requests and
 * events named `blkreplay/...`. Positions are numbers of steps since power-on, sizes are in bytes and dates are in ISO
 * 8601 format.
 */
export interface PositionEvent {
  rr: RecordReplay;
  position: number;
  /** The first and last position that `blkreplay/goTo` accepts; both equal `position` if nothing is recorded. */
  start: number;
  end: number;
  isRunning: boolean;
  /**
   * True if the machine is before the live end. Disk writes by the guest are then temporary, and console input is
   * refused.
   */
  isPast: boolean;
}

/**
 * Event `blkreplay/console`: bytes that the guest printed. Sent only if `console` is `terminal` in the launch
 * configuration.
 */
export interface ConsoleEvent {
  base64: string;
}

/**
 * Request `blkreplay/consoleInput`: types bytes into the guest's console. Refused before the live end and in a replay.
 */
export interface ConsoleInputArguments {
  /** The bytes. */
  base64: string;
}

/**
 * Request `blkreplay/overview`, without arguments: returns the session's files and snapshots. The event
 * `blkreplay/overviewChanged`, without a body, reports that they have changed.
 */
export interface Overview {
  place: PositionEvent;
  /** Absolute path; null if nothing is recorded. */
  rrfile: string | null;
  drives: DriveOverview[];
  /** The qcow2 file that contains the machine state, if it is not in a drive's overlay. */
  stateFile: string | null;
  /** In ascending order of position. */
  snapshots: SnapshotOverview[];
}

export interface DriveOverview {
  id: string;
  isReadOnly: boolean;
  /** True for an overlay that is deleted when the session ends. */
  isTemporary: boolean;
  /** The disk's files: the overlay (if there is one), then each base image in the chain. */
  chain: {
    file: string;
    format: 'raw' | 'qcow2';
    fileBytes: number;
    virtualBytes: number;
    /**
     * Why the file could not be opened, for example because it is missing. In this case, its backing files are unknown.
     */
    problem?: Notice;
  }[];
}

export interface SnapshotOverview {
  /** Stays the same when the snapshot is renamed. */
  id: string;
  name: string;
  position: number;
  date: string;
  /** True for automatic snapshots, which may be thinned out. */
  isAutomatic: boolean;
  /**
   * The size of the saved machine state, including RAM. Data that is shared with other snapshots is counted in full.
   */
  stateBytes: number;
}

/** Request `blkreplay/goTo`: the response is sent immediately, and a `stopped` event with the reason `goto` follows. */
export interface GoToArguments {
  position: number;
}

/** Request `blkreplay/takeSnapshot`: takes a snapshot at the current position. */
export interface TakeSnapshotArguments {
  name: string;
}

export interface TakeSnapshotResponse {
  id: string;
}

/** Request `blkreplay/deleteSnapshot`. The snapshot is identified by its id or by its current name. */
export type SnapshotArguments = { id: string } | { name: string };

/** Request `blkreplay/renameSnapshot`. */
export type RenameSnapshotArguments = SnapshotArguments & { newName: string };

/** Requests `blkreplay/reverseStepIn` and `blkreplay/reverseStepOut`, which DAP lacks; they work like `stepBack`. */
export interface ReverseStepArguments {
  threadId: number;
  granularity?: 'statement' | 'line' | 'instruction';
}

/**
 * Request `blkreplay/setEventBreakpoints`: breakpoints on events for which DAP has no request. Like DAP's requests for
 * breakpoints, it replaces the list from the previous request, and its response describes each breakpoint.
 */
export interface SetEventBreakpointsArguments {
  breakpoints: EventBreakpoint[];
}

export type EventBreakpoint = (DiskBreakpoint | ConsoleBreakpoint) & {
  /** A C expression. */
  condition?: string;
  hitCondition?: string;
  /** The guest does not stop, but this message is printed. */
  logMessage?: string;
};

/** Requests of the guest to a disk. */
export interface DiskBreakpoint {
  kind: 'disk';
  /** The ID of the drive; absent for every drive. */
  drive?: string;
  /** The first sector of 512 bytes and the number of sectors; absent for the whole disk. */
  sectors?: { first: number; count: number };
  /** All three kinds if absent. */
  requests?: ('read' | 'write' | 'flush')[];
}

/** Text that the guest prints on its console. */
export interface ConsoleBreakpoint {
  kind: 'console';
  /** 1 to 256 bytes in UTF-8. */
  text: string;
}
