import type { SnapshotPace } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import type { DeviceGeneration } from '../machine/board.ts';
import type { Inputs } from '../machine/inputs.ts';
// Cycle: session options extend the boot options, and bootFiles.ts uses a constant from here.
import type { BootOptions } from './bootFiles.ts';
import type { DriveOptions } from './driveStack.ts';
import type { SnapshotBudget } from './snapshotSchedule.ts';
import type { TravelBudget } from './travelBudget.ts';
import { type Notice } from '../../messages/userError.ts';

/** A session's options, independent of the front end: shared by run, record and replay. */
export interface MachineSetup extends BootOptions {
  /** The drives in slot order. */
  drives: readonly DriveOptions[];
  /** Adds an entropy source (virtio-rng) in the last free slot. A replay uses the recorded setting. */
  rng?: boolean;
  /** The version of the devices to emulate. Only for tests, which use it to make recordings in older formats. */
  devices?: DeviceGeneration;
  /**
   * The device tree's `/chosen/rng-seed`: 64 hexadecimal digits, or `none` for a tree without it. If null or omitted, a
   * live machine gets a random seed from the host, and a replay gets the recorded one.
   */
  rngSeed?: string | null;
  /** If set, a guest reset ends the run. A replay uses the recorded setting. */
  noReboot?: boolean;
  /** If set, the guest can make semihosting calls. A replay uses the recorded setting. */
  semihosting?: boolean;
  /**
   * The number of jumps to an address before the code there is translated, or 0 to never translate it. Only for tests;
   * it does not change results.
   */
  translationThreshold?: number;
  /** The limits on cached snapshots, TRAVEL_BUDGET by default. They affect only speed. */
  travelBudget?: TravelBudget;
  /**
   * Limits the time that forward runs spend on leaving cached snapshots, which make it fast to go back from the
   * position where the run stops. If omitted, forward runs leave none.
   */
  cachePace?: SnapshotPace;
  /**
   * Receives each byte of the guest's console output with its position; bytes are output again when the history is
   * replayed.
   */
  onConsoleByte: (byte: number, position: Position, index: number) => void;
  /** Receives notices for the user during the session. Each notice is sent only once. */
  onNotice?: (notice: Notice) => void;
}

/** The options for a live session, recorded or not. */
export interface LiveSetup extends MachineSetup {
  append: string;
  memoryBytes: number;
  /** The number of harts, 1 to 8; 1 by default. */
  harts?: number;
  idle: 'warp' | 'realtime';
  /** The source of console input and idle time. A recorder wraps it. */
  live: Inputs;
  /** Files that `live` reads; the session refuses to write to them. */
  otherInputs: readonly string[];
  /** Whether to replace existing overlays. */
  overwrite: boolean;
}

/** The options for a recorded session. */
export interface RecordSetup extends LiveSetup {
  rrfile: string;
  /**
   * The name of the first snapshot; null if not given. If given, a qcow2 image without an overlay stores its own
   * snapshots.
   */
  rrsnapshot: string | null;
  /** The version of blkreplay, for the recording's header. */
  version: string;
  /** Skips automatic snapshots that would take too much time. If omitted, all automatic snapshots are taken. */
  pace?: SnapshotPace;
  /** The limits on automatic snapshots; see snapshotSchedule.ts for the defaults. */
  snapshotBudget?: Partial<SnapshotBudget>;
}

/** The value of `rngSeed` for a device tree without a seed. */
export const NO_RNG_SEED = 'none';

/** The options for a replay. Null means that the option was not given; the recorded value then applies. */
export interface ReplaySetup extends MachineSetup {
  rrfile: string;
  // A replay uses the boot files in the recording. If a given file differs from the recorded one, the user gets a
  // notice.
  rrsnapshot: string | null;
  append: string | null;
  memoryBytes: number | null;
  harts?: number | null;
}

/** The path of the state-only image of a recording without a writable drive. */
export const stateFileOf = (rrfile: string): string => `${rrfile}.qcow2`;
