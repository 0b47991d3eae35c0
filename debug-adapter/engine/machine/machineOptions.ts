import type { Position } from '../base/quantities.ts';
import type { Drive } from '../block/drive.ts';
import type { DeviceGeneration, DriveWiring } from './board.ts';
import type { MmuType } from './cpu/satp.ts';
import type { Inputs } from './inputs.ts';

/** What a machine is built of. Two machines with the same options, inputs and boot files have the same states. */
export interface MachineOptions {
  memoryBytes: number;
  /** 1 to 8; 1 when it is not said. */
  harts?: number;
  /** Its instruction set (cpu/extensions.ts); that of new machines when it is not said. */
  isa?: string;
  /** The deepest page tables; those of new machines when it is not said. */
  mmu?: MmuType;
  drives: readonly Drive[];
  /** One for each drive; without it they are modern ones in the first slots. */
  wiring?: readonly DriveWiring[];
  /** With a source of entropy (virtio-rng). */
  rng?: boolean;
  /** How the devices behave; as they do now when it is not said. */
  devices?: DeviceGeneration;
  /** A reset by the guest ends the run. */
  noReboot?: boolean;
  /** The guest may make semihosting calls. */
  semihosting?: boolean;
  inputs: Inputs;
  /** Each byte of the console, how many steps were before the one that sends it, and how many bytes of that step. */
  onConsoleByte: (byte: number, position: Position, index: number) => void;
  /** How many pages of code are kept decoded; for tests, as it changes nothing but speed. */
  decodePoolPages?: number;
  /** How often a jump comes to a place before its code is translated, 0 for never; changes nothing but speed. */
  translationThreshold?: number;
}
