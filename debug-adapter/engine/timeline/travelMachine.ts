import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { Inputs } from '../machine/inputs.ts';
import type { MachineStop } from '../machine/machine.ts';
import type { RunOptions } from '../target/target.ts';
import type { StopPoints } from '../target/stopPoints.ts';
import type { DigestPart } from '../recording/logEntry.ts';

/**
 * The parts of a machine that time travel uses. The machine runs deterministically, and its state can be saved and
 * restored.
 */
export interface TravelMachine {
  readonly position: Position;
  /** The number of times that a breakpoint's condition was evaluated outside generated code. */
  readonly evaluations: number;
  /** Replaced when the machine leaves its live end for its history, and when it returns. */
  inputs: Inputs;
  readonly ram: { digest(): bigint };
  setStopPoints(points: StopPoints): void;
  /** After a pause, another call continues the same run. */
  run(until: Position, wantsPause?: () => boolean, options?: RunOptions): MachineStop;
  /** The state without the contents of RAM or disks. */
  saveState(): State;
  loadState(state: State): void;
  digestParts(): DigestPart[];
}
