import type { Position } from '../base/quantities.ts';
import type { Drive } from '../block/drive.ts';
import type { DeviceGeneration, DriveSlot } from './board.ts';
import type { MmuType } from './cpu/satp.ts';
import type { Inputs } from './inputs.ts';

/**
 * The configuration of a machine. Two machines with equal options, inputs and boot files have equal states at every
 * position.
 */
export interface MachineOptions {
  memoryBytes: number;
  /** The number of harts, 1 to 8; 1 by default. */
  harts?: number;
  /** The instruction set; by default, `ISA` (cpu/extensions.ts). */
  isa?: string;
  /** The supported page table format with the most levels; by default, `MMU` (cpu/satp.ts). */
  mmu?: MmuType;
  drives: readonly Drive[];
  /** One entry for each drive. By default, the drives are modern devices in the first slots. */
  driveSlots?: readonly DriveSlot[];
  /** Whether to add an entropy source (virtio-rng). */
  rng?: boolean;
  /** The devices' behavior; `current` by default. */
  devices?: DeviceGeneration;
  /** Whether a guest reset ends the run. */
  noReboot?: boolean;
  /** Whether the guest may make semihosting calls. */
  semihosting?: boolean;
  inputs: Inputs;
  /**
   * Called for each byte that the guest prints, with the position of the step that prints it and the byte's index
   * within that step.
   */
  onConsoleByte: (byte: number, position: Position, index: number) => void;
  /** The maximum number of code pages whose decoded form is kept. For tests; affects only speed. */
  decodePoolPages?: number;
  /**
   * The number of jumps to a target after which its code is translated; 0 if code is never translated. Affects only
   * speed.
   */
  translationThreshold?: number;
}
