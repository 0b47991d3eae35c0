/**
 * What the adapter says and takes beyond the Debug Adapter Protocol: its public interface to the extension, types only.
 * Requests and events are named `blkreplay/...`; positions are steps since power-on, sizes bytes, dates ISO 8601.
 */
export type RecordReplay = 'record' | 'replay' | 'off';

/** Event `blkreplay/place`: where the machine stands; at every stop, and a few times a second while it runs. */
export interface PlaceEvent {
  rr: RecordReplay;
  position: number;
  /** First and last position that can be gone to; both are `position` when nothing is recorded. */
  start: number;
  end: number;
  isRunning: boolean;
  /** True before the end of what is recorded: the guest's writes are scratch and typed input is refused. */
  isPast: boolean;
}

/** Event `blkreplay/console`: bytes the guest printed, when `console` in the launch configuration is `terminal`. */
export interface ConsoleEvent {
  base64: string;
}

/** Event `blkreplay/overviewChanged`, no body: snapshots or files are others than before. */

/** Request `blkreplay/consoleInput`: typed to the guest. Refused in the past and in a replay. */
export interface ConsoleInputArguments {
  /** Of the bytes. */
  base64: string;
}

/** Request `blkreplay/overview`: no arguments. */
export interface Overview {
  place: PlaceEvent;
  /** Absolute path; null when nothing is recorded. */
  rrfile: string | null;
  drives: DriveOverview[];
  /** The qcow2 that keeps the machine's state when no drive's overlay does. */
  stateFile: string | null;
  /** In order of position. */
  snapshots: SnapshotOverview[];
}

export interface DriveOverview {
  id: string;
  isReadOnly: boolean;
  /** True for an overlay that goes when the session ends. */
  isTemporary: boolean;
  /** The overlay first (when there is one), the last base at the end. */
  chain: {
    file: string;
    format: 'raw' | 'qcow2';
    fileBytes: number;
    virtualBytes: number;
    /** Why it is not opened, such as a backing file that is not there; nothing is known of what is below it. */
    problem?: { code: string; message: string };
  }[];
}

export interface SnapshotOverview {
  name: string;
  position: number;
  date: string;
  /** True for those that recording takes by itself, and may thin out. */
  isAutomatic: boolean;
  /** What is kept of the machine for it, RAM included, before sharing. */
  stateBytes: number;
}

/** Request `blkreplay/goTo`: answers at once; a `stopped` event with reason `goto` follows. */
export interface GoToArguments {
  position: number;
}

/** Requests `blkreplay/takeSnapshot` (here and now) and `blkreplay/deleteSnapshot`. */
export interface SnapshotArguments {
  name: string;
}

/** Request `blkreplay/renameSnapshot`. */
export interface RenameSnapshotArguments {
  name: string;
  newName: string;
}

/** Requests `blkreplay/reverseStepIn` and `blkreplay/reverseStepOut`, which the protocol lacks: as `stepBack`. */
export interface ReverseStepArguments {
  threadId: number;
  granularity?: 'statement' | 'line' | 'instruction';
}
