import type { CheckpointPace } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import type { DeviceGeneration } from '../machine/board.ts';
import type { Inputs } from '../machine/inputs.ts';
import type { BootSetup } from './bootFiles.ts';
import type { DriveOptions } from './driveStack.ts';
import type { TravelBudget } from './travelBudget.ts';

/** What a user asks for, in our words: the same for run, record and replay but for what each has no use for. */
export interface MachineSetup extends BootSetup {
  /** In the order of their slots. */
  drives: readonly DriveOptions[];
  /** With a source of entropy (virtio-rng) in the last free slot. A replay has one when the recording has. */
  rng?: boolean;
  /** How the devices behave: for tests, which make recordings of older formats so. */
  devices?: DeviceGeneration;
  /**
   * What the device tree's `/chosen/rng-seed` is: 64 hexadecimal digits, or `none` for a tree without it. Null or left
   * out, a live machine draws one from the host's entropy, and a replay has the recorded one.
   */
  rngSeed?: string | null;
  /** A reset by the guest ends the run. A replay does what the recording did. */
  noReboot?: boolean;
  /** The guest may make semihosting calls. A replay allows what the recording allowed. */
  semihosting?: boolean;
  /** How often a jump comes to a place before its code is translated, 0 for never: for tests, as it changes nothing. */
  translationThreshold?: number;
  /** What looking back may take, TRAVEL_BUDGET by default: for tests, as it changes nothing but how long it takes. */
  travelBudget?: TravelBudget;
  /** Receives each byte of the guest's console as the machine outputs it; going back outputs bytes of the past again. */
  onConsoleByte: (byte: number, position: Position, index: number) => void;
  /** What the user must learn while the session continues; each is said once. */
  onNotice?: (notice: Notice) => void;
}

/** Something that went wrong without ending the session: what, where, and what was kept or can be done. */
export interface Notice {
  /** A stable name, such as `snapshot-failed`. */
  code: string;
  message: string;
}

export interface LiveSetup extends MachineSetup {
  append: string;
  memoryBytes: number;
  /** 1 to 8; 1 when it is not said. */
  harts?: number;
  idle: 'warp' | 'realtime';
  /** Console input and idle time: what a recorder wraps. */
  live: Inputs;
  /** Files that `live` reads: what the session writes is not to be one of them. */
  otherInputs: readonly string[];
  /** Replace overlays that exist. */
  overwrite: boolean;
}

export interface RecordSetup extends LiveSetup {
  rrfile: string;
  /** Null when it was not written out. When it was, a qcow2 without an overlay takes its own snapshots. */
  rrsnapshot: string | null;
  /** Of blkreplay, for the recording's header. */
  version: string;
  /** Leaves out automatic snapshots where they would cost too much; without it there are all. */
  pace?: CheckpointPace;
}

/** In place of a seed's digits. */
export const NO_RNG_SEED = 'none';

export const FIRST_SNAPSHOT_DEFAULT = 'replay_init';

/** What is null was not said and is taken from the recording. */
export interface ReplaySetup extends MachineSetup {
  rrfile: string;
  // Boot files are taken from the recording; one that is given and differs is said.
  rrsnapshot: string | null;
  append: string | null;
  memoryBytes: number | null;
  harts?: number | null;
}

/** The state-only image of a recording without a writable drive. */
export const stateFileOf = (rrfile: string): string => `${rrfile}.qcow2`;
