import type { GuestAddress, Position } from '../base/quantities.ts';
import type { PauseSignal, Sliced } from '../base/sliced.ts';
import type { StepHit, StopPoints, Trap } from './stopPoints.ts';
import type { Inspector } from './inspector.ts';

/** The register number by which `writeRegister` identifies the program counter. */
export const PC_REGISTER = 32;

/**
 * A machine with a history, as a session sees it: its state, and movement in both directions. The machine is always
 * between two steps. Positions are counted in steps.
 *
 * Methods that may take a long time are `Sliced`. While one of them is suspended, the state can be read. If another
 * such method is called, the suspended one must not be continued; the exception is `backward`, which then starts again
 * from the current position.
 */
export interface Target {
  /** Tells the sliced methods when to pause. */
  readonly pause: PauseSignal;
  readonly position: Position;
  /** The part of the history that can be visited; undefined if the machine is not recorded. */
  readonly history: HistoryRange | undefined;

  // --- state ---------------------------------------------------------------------------------------------------------

  readonly harts: TargetHarts;
  /**
   * Returns an inspector that reads a hart's state. Without a number, each call to the inspector reads the hart that is
   * current at that time.
   */
  inspect(hart?: number): Inspector;
  readonly disks: readonly TargetDisk[];

  // --- movement ------------------------------------------------------------------------------------------------------

  /** Sets the stop points for `forward` and `backward`. Can also be called while one of these is suspended. */
  arm(points: StopPoints): void;
  /**
   * Runs forward to the next armed stop point or to `until`. A breakpoint at the starting position is skipped, unless
   * `stopsAtStart` is set.
   */
  forward(until: Position, options?: RunOptions): Sliced<TargetStop>;
  /**
   * Runs backward to the last armed stop point before the current position. At a breakpoint, the run stops before the
   * instruction executes; at a watchpoint, it stops before the step that accessed the address.
   */
  backward(): Sliced<TargetStop>;
  /** Goes to a position within the history. While `goTo` is suspended, the machine is at an intermediate position. */
  goTo(position: Position): Sliced<void>;
  /** Executes single steps in the history up to a position. Calls `visit` before each step. */
  trace(until: Position, visit: () => void): Sliced<void>;

  // --- changes by the debugger; these functions throw a UserError unless the machine is at the live end --------------

  /** Writes RAM as one recorded step. */
  writeMemory(address: GuestAddress, bytes: Uint8Array): void;
  /**
   * Writes an integer register of the current hart, or its program counter as register 32. The write is one recorded
   * step.
   */
  writeRegister(register: number, value: bigint): void;
}

/** The harts of a target, and which of them executes the next step. */
export interface TargetHarts {
  readonly count: number;
  /** The number of the hart that executes the next step. */
  readonly current: number;
  /** The start and latest possible end of the current hart's quantum. With a single hart, the quantum is unlimited. */
  readonly quantum: { readonly start: Position; readonly end: Position };
  /** Whether a hart is waiting for an interrupt. */
  isWaiting(hart: number): boolean;
  /** The number of instructions that a hart has retired since power-on. */
  instructionsOf(hart: number): number;
}

/** The recorded history of a target, from its first to its last position. */
export interface HistoryRange {
  readonly start: Position;
  /** The live end of a machine that is being recorded, or the end of a recording. */
  readonly end: Position;
  /** True if a live machine is at a position before its live end. */
  readonly isBeforeLiveEnd: boolean;
}

/** A drive's contents at the current position. */
export interface TargetDisk {
  readonly id: string;
  readonly lengthBytes: number;
  /**
   * Fills `into` with the bytes that start at `offset`; the range must lie within the disk. Throws the host's error if
   * the data cannot be read.
   */
  read(offset: number, into: Uint8Array): void;
}

/** The options of a forward run. */
export interface RunOptions {
  /** Whether a breakpoint at the starting position also stops the run. */
  stopsAtStart?: boolean;
}

/** Why a run has stopped. */
export type TargetStop =
  /** The requested position was reached. */
  | { kind: 'reached' }
  /** The next instruction is at a breakpoint. */
  | { kind: 'breakpoint'; pc: bigint }
  /** The last step (forward) or the next step (backward) reaches stop points other than breakpoints and traps. */
  | { kind: 'hit'; hits: StepHit[] }
  /** The next step is a trap. */
  | { kind: 'trap'; trap: Trap; ids: number[] }
  | { kind: 'startOfRecording' }
  | { kind: 'ended'; end: End };

/**
 * Why execution ended. The same values are used for `reason` in the command line's output and at the end of a
 * recording.
 */
export type EndReason =
  | 'powerOff'
  | 'guestFailed'
  /** The guest requested a reset, and the machine is configured to stop instead of restarting. */
  | 'reset'
  /** All harts are waiting, and no interrupt can occur. */
  | 'waitsForever'
  | 'stopAt'
  | 'endOfRecording'
  | 'interrupted';

/** How execution ended. */
export interface End {
  reason: EndReason;
  /** The guest's exit code, 0 for success; undefined if it reported none. */
  guestExit?: number;
}
