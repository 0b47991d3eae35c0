import type { Notice } from '../messages/userError.ts';

/** Whether the session records, replays, or runs without a recording. */
export type RecordReplay = 'record' | 'replay' | 'off';

/**
 * Event `blkreplay/place`: the machine's position. The event is sent at every stop, and a few times a second while the
 * machine runs.
 *
 * This file defines the adapter's additions to the Debug Adapter Protocol, which the extension uses: requests and
 * events named `blkreplay/...`. Positions are numbers of steps since power-on, sizes are in bytes and dates are in ISO
 * 8601 format.
 */
export interface PositionEvent {
  rr: RecordReplay;
  position: number;
  /** The first and last positions that `blkreplay/goTo` accepts; both equal `position` if nothing is recorded. */
  start: number;
  end: number;
  isRunning: boolean;
  /**
   * True if the machine is before the live end. Disk writes by the guest are then temporary, and console input is
   * rejected.
   */
  isPast: boolean;
  /** The guest's `mtime` in seconds; absent if no machine is open. */
  seconds?: number;
  /** The size of the console input that the guest has not read yet; absent if it is less than 1 KiB. */
  waitingInputBytes?: number;
}

/**
 * Event `blkreplay/console`: bytes that the guest printed. The event is sent only if `console` is `terminal` in the
 * launch configuration.
 */
export interface ConsoleEvent {
  base64: string;
  /**
   * When the guest printed each byte: for the first byte, the position of the step that printed it; for each further
   * byte, the number of steps since the preceding byte.
   */
  steps: number[];
}

/**
 * Request `blkreplay/consoleInput`: types bytes into the guest's console. The request is rejected while the machine is
 * before the live end, and in a replay.
 */
export interface ConsoleInputArguments {
  base64: string;
}

/**
 * Request `blkreplay/overview`, without arguments: returns the session's files and snapshots. The event
 * `blkreplay/overviewChanged`, without a body, reports that they have changed.
 */
export interface Overview {
  place: PositionEvent;
  /** The absolute path of the recording; null if nothing is recorded. */
  rrfile: string | null;
  drives: DriveOverview[];
  /** The qcow2 file that contains the machine state, if it is not in a drive's overlay. */
  stateFile: string | null;
  /** The snapshots, in ascending order of position. */
  snapshots: SnapshotOverview[];
  /** The number of automatic snapshots that were taken but have since been deleted. */
  deletedSnapshots: number;
}

export interface DriveOverview {
  id: string;
  isReadOnly: boolean;
  /** True for an overlay that is deleted when the session ends. */
  isTemporary: boolean;
  /** The files of the disk: the overlay (if there is one), followed by each base image in the backing chain. */
  chain: {
    file: string;
    format: 'raw' | 'qcow2';
    fileBytes: number;
    virtualBytes: number;
    /**
     * The reason why the file could not be opened: for example, the file is missing. If set, the file's backing files
     * are unknown.
     */
    problem?: Notice;
  }[];
}

export interface SnapshotOverview {
  /** An ID that does not change when the snapshot is renamed. */
  id: string;
  name: string;
  position: number;
  date: string;
  /** True for automatic snapshots; blkreplay may remove some of these. */
  isAutomatic: boolean;
  /**
   * The size of the saved machine state, including RAM. Data that the snapshot shares with others is counted in full.
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

/**
 * Requests `blkreplay/reverseStepIn` and `blkreplay/reverseStepOut`, which DAP does not define; they work like
 * `stepBack`.
 */
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
  /** If set, each hit prints this message instead of stopping the guest. */
  logMessage?: string;
};

/** A breakpoint on disk requests that the guest makes. */
export interface DiskBreakpoint {
  kind: 'disk';
  /** The ID of the drive; if absent, the breakpoint applies to all drives. */
  drive?: string;
  /**
   * The first sector and the number of sectors, of 512 bytes each; if absent, the breakpoint applies to the whole disk.
   */
  sectors?: { first: number; count: number };
  /** The kinds of requests; if absent, all three. */
  requests?: ('read' | 'write' | 'flush')[];
}

/** A breakpoint on text that the guest prints on its console. */
export interface ConsoleBreakpoint {
  kind: 'console';
  /** The text: 1 to 256 bytes in UTF-8. */
  text: string;
}
