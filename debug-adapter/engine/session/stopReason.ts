import type { Position } from '../base/quantities.ts';
import type { End } from '../target/target.ts';

/**
 * Why the machine is stopped, independent of any protocol. Every front end translates the reason into its own protocol.
 */
export type StopReason =
  /** The session has just started. */
  | { kind: 'entry' }
  | { kind: 'step' }
  | { kind: 'breakpoint'; ids: BreakpointId[]; pc: bigint }
  /**
   * If the machine ran forward, the last step accessed the memory. If it ran backward, the next step will access it.
   * The values before and after are in guest time order in both directions.
   */
  | { kind: 'dataBreakpoint'; hits: DataBreakpointHit[] }
  | { kind: 'pause' }
  /** The machine reached the position that the front end requested. */
  | { kind: 'goto' }
  | { kind: 'startOfRecording' }
  | { kind: 'endOfRecording' }
  /** The guest ended: it powered off, failed, or is halted forever. The machine can still go back. */
  | { kind: 'ended'; end: End };

/** The number of a breakpoint or data breakpoint, unique within its session. */
export type BreakpointId = number;

export interface DataBreakpointHit {
  id: BreakpointId;
  access: 'read' | 'write';
  /** The values before and after the access, in guest time order. */
  before: Uint8Array;
  after: Uint8Array;
  /** The position before the step that accessed the memory. */
  position: Position;
}
